import { FlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import type {
  Heartbeat,
  Hello,
  MachineFacts,
  ObservedState,
  Refusal,
  SessionRequest,
  SessionResponse,
} from '@flotilla/proto';
import { checkHeartbeat, checkHello, checkObserved, readProbe } from './check.js';
import type { AgentStream } from './contract.js';
import type { Dispatcher } from './dispatch.js';
import type { TableEntry } from './table.js';

const helloWithinMs = 10_000;
const answerWithinMs = 5_000;
/** Messages of one agent: one heartbeat in 5 s and reports while steps run. */
const bucket = { perSecond: 20, burst: 200 };

/** What a session tells the rest when its agent says something; implemented by {@link Sessions}. */
export interface SessionEvents {
  heartbeat(session: AgentSession, beat: Heartbeat, first: boolean): void;
  report(session: AgentSession, observed: ObservedState): void;
  inventory(session: AgentSession, facts: MachineFacts): void;
  goodbye(session: AgentSession, reason: string): void;
}

/** One stream of one agent, from its Hello on. Knows the protocol; decides nothing about machines. */
export class AgentSession {
  readonly closed: Promise<void>;
  /** Set once the session owns its machine. */
  entry: TableEntry | undefined;
  dispatcher: Dispatcher | undefined;
  /** Two hold the identity: heartbeats only, until an operator has decided. */
  limited = false;
  goodbyeReason = '';
  hello: Hello | undefined;
  #open = true;
  #beats = 0;
  #tokens = bucket.burst;
  #filledAtMs: number;
  #onHello: ((hello: Hello) => void) | undefined;
  #onAnswer: ((answer: { nonce: Uint8Array; signature: Uint8Array } | undefined) => void) | undefined;

  constructor(
    readonly machineId: string,
    readonly remoteAddress: string,
    private readonly stream: AgentStream,
    private readonly parts: { readonly clock: Clock; readonly random: Random; readonly log: Logger },
    private readonly events: SessionEvents,
  ) {
    this.#filledAtMs = parts.clock.now().monotonicMs;
    this.closed = new Promise((resolve) => {
      stream.onClose(() => {
        this.#open = false;
        this.#onAnswer?.(undefined);
        resolve();
      });
    });
    stream.onMessage((message) => this.#take(message));
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** The first message. Undefined when the stream ended before; throws HELLO_MISSING after 10 s. */
  async awaitHello(): Promise<Hello | undefined> {
    const waited = new AbortController();
    const hello = new Promise<Hello>((resolve) => (this.#onHello = resolve));
    const late = this.parts.clock.sleep(helloWithinMs, waited.signal).then(() => 'late' as const);
    try {
      const first = await Promise.race([hello, late, this.closed]);
      if (first === 'late') {
        throw new FlotillaError('HELLO_MISSING', 'No Hello came within 10 s.', { kind: 'invalid-argument' });
      }
      return first ?? undefined;
    } finally {
      // The sleep ends with a rejection that nobody waits for any more.
      late.catch(() => undefined);
      waited.abort();
    }
  }

  /** Challenges the other side for its identity key; undefined when no answer came within 5 s. */
  async challenge(nonce: Buffer): Promise<{ nonce: Uint8Array; signature: Uint8Array } | undefined> {
    if (!this.#open) return undefined;
    const waited = new AbortController();
    const late = this.parts.clock.sleep(answerWithinMs, waited.signal).then(() => undefined);
    const answer = new Promise<{ nonce: Uint8Array; signature: Uint8Array } | undefined>(
      (resolve) => (this.#onAnswer = resolve),
    );
    this.send({ $case: 'challenge', value: { nonce } });
    try {
      return await Promise.race([answer, late]);
    } finally {
      late.catch(() => undefined);
      waited.abort();
      this.#onAnswer = undefined;
    }
  }

  send(message: NonNullable<SessionResponse['message']>): boolean {
    return this.#open && this.stream.send({ message });
  }

  /** Says why there is no session, and ends the stream well: the agent reads it before the end. */
  refuse(refusal: Refusal): void {
    this.send({ $case: 'refusal', value: refusal });
    this.stream.end();
  }

  end(): void {
    this.stream.end();
  }

  fail(error: unknown): void {
    this.stream.fail(error);
  }

  #take({ message }: SessionRequest): void {
    if (!this.#withinRate())
      throw new FlotillaError('RATE_LIMITED', 'The agent sends too many messages.', {
        kind: 'exhausted',
        retry: 'later',
      });
    if (this.hello === undefined) {
      if (message?.$case !== 'hello') throw helloFirst();
      checkHello(message.value);
      this.hello = message.value;
      this.#onHello?.(message.value);
      return;
    }
    if (message?.$case === 'challengeAnswer') {
      this.#onAnswer?.(message.value);
      return;
    }
    // Before Welcome nothing else counts; an unknown message of a newer agent never does.
    if (this.entry === undefined || message === undefined) return;
    switch (message.$case) {
      case 'heartbeat':
        this.#heartbeat(message.value);
        return;
      case 'report':
        checkObserved(message.value);
        this.events.report(this, message.value);
        return;
      case 'inventory':
        this.events.inventory(this, message.value);
        return;
      case 'goodbye':
        this.goodbyeReason = message.value.reason.slice(0, 200);
        this.events.goodbye(this, this.goodbyeReason);
        return;
      case 'hello':
        throw new FlotillaError('HELLO_TWICE', 'A stream begins with one Hello.', { kind: 'invalid-argument' });
    }
  }

  #heartbeat(beat: Heartbeat): void {
    checkHeartbeat(beat);
    this.#beats += 1;
    this.events.heartbeat(this, { ...beat, probes: beat.probes.map(readProbe) }, this.#beats === 1);
    // When the agent does not read, the newest acknowledgement says as much as all of them.
    this.send({ $case: 'ack', value: { sequence: beat.sequence } });
  }

  #withinRate(): boolean {
    const nowMs = this.parts.clock.now().monotonicMs;
    this.#tokens = Math.min(bucket.burst, this.#tokens + ((nowMs - this.#filledAtMs) / 1000) * bucket.perSecond);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

function helloFirst(): FlotillaError {
  return new FlotillaError('HELLO_MISSING', 'The first message of a stream is Hello.', { kind: 'invalid-argument' });
}
