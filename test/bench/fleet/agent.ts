import { createPrivateKey, sign } from 'node:crypto';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { AgentServiceService, SessionRequest, type SessionResponse } from '@flotilla/proto';
import type { Identity } from './enroll.js';
import { challengeMessage } from '../../../control-plane/src/enroll/proof.js';
import { dial, frame, openStream, Unframer, type Target } from './wire.js';

type Said = NonNullable<SessionRequest['message']>;

export interface AgentOptions {
  readonly target: Target;
  readonly tlsKey: string;
  readonly identity: Identity;
  /** Called on each change between being welcomed and being gone. */
  readonly onState: (connected: boolean) => void;
}

const missedMax = 3;
const retryMsMin = 1000;
const retryMsMax = 10_000;

/** A machine's agent that answers everything and does nothing. Dials again by itself. */
export class SimulatedAgent {
  #session: ClientHttp2Session | undefined;
  #tcp: Socket | undefined;
  #stream: ClientHttp2Stream | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sequence = 0n;
  #held = { epoch: 0n, generation: 0n };
  #heardMs = 0;
  #failures = 0;
  #closed = false;
  #connected = false;

  constructor(private readonly options: AgentOptions) {}

  get connected(): boolean {
    return this.#connected;
  }

  /** Port at this end, for a rule that drops its packets. */
  get localPort(): number {
    return this.#tcp?.localPort ?? 0;
  }

  async start(): Promise<void> {
    if (this.#closed) return;
    const { target, tlsKey, identity } = this.options;
    try {
      const session = await dial({ ...target, key: tlsKey, cert: identity.chain }, (tcp) => (this.#tcp = tcp));
      this.#session = session;
      session.on('close', () => this.#gone(session));
      const stream = openStream(session, AgentServiceService.session.path);
      this.#stream = stream;
      const unframer = new Unframer();
      stream.on('data', (chunk: Buffer) => {
        this.#heardMs = performance.now();
        for (const message of unframer.push(chunk))
          this.#heard(AgentServiceService.session.responseDeserialize(message));
      });
      stream.on('close', () => session.destroy());
      this.#hello();
    } catch {
      this.#again();
    }
  }

  /** Ends the connection with a reset, as the kernel of a machine does whose agent was killed. */
  reset(): void {
    this.#tcp?.resetAndDestroy();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#session?.destroy();
  }

  #send(message: Said): void {
    if (this.#stream?.writable === true)
      this.#stream.write(frame(SessionRequest.encode(SessionRequest.create({ message })).finish()));
  }

  #hello(): void {
    const { identity } = this.options;
    this.#send({
      $case: 'hello',
      value: {
        protocolMin: 1,
        protocolMax: 1,
        agentVersion: '0.1.0',
        bootId: `boot-${identity.machineId}`,
        processId: `process-${identity.machineId}`,
        highestEpoch: this.#held.epoch,
        observed: undefined,
      },
    });
  }

  #heard({ message }: SessionResponse): void {
    if (message?.$case === 'welcome') {
      const { heartbeatInterval } = message.value;
      const intervalMs = Number(heartbeatInterval?.seconds ?? 5n) * 1000 + (heartbeatInterval?.nanos ?? 0) / 1e6;
      this.#failures = 0;
      this.#sequence = 0n;
      this.#connected = true;
      this.options.onState(true);
      // Spread over the interval: real agents do not start in the same second.
      this.#timer = setTimeout(() => this.#beat(intervalMs), Math.random() * intervalMs);
    } else if (message?.$case === 'target') {
      const { epoch = 0n, generation = 0n } = message.value.target ?? {};
      this.#held = { epoch, generation };
    } else if (message?.$case === 'challenge') {
      const nonce = Buffer.from(message.value.nonce);
      const signature = sign('sha256', challengeMessage(nonce), createPrivateKey(this.options.identity.identityKey));
      this.#send({ $case: 'challengeAnswer', value: { nonce, signature } });
    }
  }

  #beat(intervalMs: number): void {
    if (performance.now() - this.#heardMs > missedMax * intervalMs + 1000) {
      this.#session?.destroy();
      return;
    }
    this.#sequence += 1n;
    this.#send({
      $case: 'heartbeat',
      value: {
        sequence: this.#sequence,
        acknowledgedEpoch: this.#held.epoch,
        acknowledgedGeneration: this.#held.generation,
        load1m: 0.2,
        memoryAvailableBytes: 8n << 30n,
        diskFreeBytes: 60n << 30n,
        probes: [],
        cpuBusyRatio: 0.1,
        uptimeSeconds: 1000n,
      },
    });
    this.#timer = setTimeout(() => this.#beat(intervalMs), intervalMs);
  }

  #gone(session: ClientHttp2Session): void {
    if (this.#session !== session) return;
    clearTimeout(this.#timer);
    this.#stream = undefined;
    this.#session = undefined;
    if (this.#connected) {
      this.#connected = false;
      this.options.onState(false);
    }
    this.#again();
  }

  #again(): void {
    if (this.#closed) return;
    const delayMs = Math.min(retryMsMax, retryMsMin * 1.6 ** this.#failures) * (0.8 + 0.4 * Math.random());
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.start(), delayMs);
  }
}
