import { sign, type KeyObject } from 'node:crypto';
import { FlotillaError, type Clock, type Instant, type Logger, type Random } from '@flotilla/kit';
import {
  ChallengeAnswer,
  Heartbeat,
  Hello,
  RefusalReason,
  SessionRequest,
  type MachineFacts,
  type Probe,
  type Refusal,
  type SessionResponse,
  type Welcome,
} from '@flotilla/proto';
import type { WorkPort } from '../work/port.js';
import type { SessionStream } from './transport.js';

export const protocolVersion = 1;
const welcomeTimeoutMs = 20_000;
const missedMax = 3;
const progressEveryMs = 1_000;
const intervalMsMin = 500;
const intervalMsMax = 300_000;

/** The cheap part of a heartbeat, read from /proc. */
export interface Vitals {
  readonly load1m: number;
  readonly cpuBusyRatio: number;
  readonly memoryAvailableBytes: number;
  readonly diskFreeBytes: number;
  readonly uptimeSeconds: number;
}

export interface SessionPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly work: WorkPort;
  readonly identityKey: KeyObject;
  readonly agentVersion: string;
  readonly processId: string;
  readonly bootId: string;
  readonly highestEpoch: () => bigint;
  /** Persisted before the session goes on. */
  readonly raiseEpoch: (epoch: bigint) => Promise<void>;
  readonly vitals: () => Promise<Vitals>;
  /** What every probe said last, at once; the session sends what changed. */
  readonly probes: () => readonly Probe[];
  readonly inventory: () => Promise<MachineFacts>;
  readonly onWelcome: (welcome: Welcome, at: Instant) => void;
  readonly onAck: (at: Instant) => void;
  /** Resolves when the session should end for a reason of ours (a renewed certificate). */
  readonly onOpen?: (stream: SessionStream, signal: AbortSignal) => Promise<string | undefined>;
}

/** Why a session ended, and what the server said about coming back. */
export interface SessionEnd {
  readonly reason: string;
  readonly welcomed: boolean;
  readonly retryAfterMs: number | undefined;
  readonly refusal: Refusal | undefined;
}

/** One session from Hello to its end. Ends by itself when the server is silent for three intervals. */
export class Session {
  #sequence = 0n;
  #intervalMs = 5_000;
  #heardMs: number;
  #welcomed = false;
  #sentProbes = new Map<string, string>();
  #reportDue = false;
  /** The link takes less than we have to say: heartbeats and transitions go first. */
  #congested = false;
  #reporting = false;
  #lastReportMs = Number.NEGATIVE_INFINITY;
  readonly #ended = new AbortController();
  #end: SessionEnd | undefined;

  constructor(
    private readonly stream: SessionStream,
    private readonly ports: SessionPorts,
  ) {
    this.#heardMs = ports.clock.now().monotonicMs;
  }

  async run(signal: AbortSignal): Promise<SessionEnd> {
    const { work } = this.ports;
    const onAbort = (): void => {
      this.#goodbye('stopping');
      this.#finish({ reason: 'stopping' });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const unsubscribe = work.onChange((transition) => this.#scheduleReport(transition));
    try {
      await this.#hello();
      const reading = this.#read();
      await Promise.race([reading, this.#watch(), this.#beat(), this.#whenOurs(), this.#ending()]);
      this.#finish({ reason: 'the server ended the session' });
    } catch (error) {
      this.#finish({ reason: error instanceof Error ? error.message : String(error) });
    } finally {
      signal.removeEventListener('abort', onAbort);
      unsubscribe();
      this.stream.destroy();
    }
    return this.#end ?? { reason: 'ended', welcomed: this.#welcomed, retryAfterMs: undefined, refusal: undefined };
  }

  #finish(end: { reason: string; retryAfterMs?: number; refusal?: Refusal }): void {
    this.#end ??= {
      reason: end.reason,
      welcomed: this.#welcomed,
      retryAfterMs: end.retryAfterMs,
      refusal: end.refusal,
    };
    this.#ended.abort();
  }

  #ending(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ended.signal.aborted) resolve();
      else this.#ended.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #send(message: NonNullable<SessionRequest['message']>): void {
    this.#congested = !this.stream.send(SessionRequest.create({ message }));
  }

  #goodbye(reason: string): void {
    try {
      this.#send({ $case: 'goodbye', value: { reason } });
    } catch {
      // The stream is gone already; a goodbye is a courtesy.
    }
  }

  async #hello(): Promise<void> {
    const { agentVersion, bootId, processId, highestEpoch, work } = this.ports;
    const hello = Hello.create({
      protocolMin: protocolVersion,
      protocolMax: protocolVersion,
      agentVersion,
      bootId,
      processId,
      highestEpoch: highestEpoch(),
      observed: await work.observe(),
    });
    this.#send({ $case: 'hello', value: hello });
  }

  async #read(): Promise<void> {
    for await (const response of this.stream.messages) {
      if (this.#ended.signal.aborted) return;
      this.#heardMs = this.ports.clock.now().monotonicMs;
      await this.#take(response);
    }
  }

  async #take({ message }: SessionResponse): Promise<void> {
    switch (message?.$case) {
      case 'welcome':
        return this.#welcome(message.value);
      case 'ack':
        return this.ports.onAck(this.ports.clock.now());
      case 'target':
        return this.#target(message.value);
      case 'reconnect':
        this.#goodbye('as asked');
        return this.#finish({
          reason: message.value.reason || 'asked to reconnect',
          retryAfterMs: durationMs(message.value.after) ?? 1_000,
        });
      case 'refusal':
        return this.#refused(message.value);
      case 'challenge': {
        const nonce = Buffer.from(message.value.nonce);
        const signature = sign(
          'sha256',
          Buffer.concat([Buffer.from('flotilla-challenge-v1\0'), nonce]),
          this.ports.identityKey,
        );
        this.#send({ $case: 'challengeAnswer', value: ChallengeAnswer.create({ nonce, signature }) });
        return;
      }
      case undefined:
        // A message of a newer server: nothing this agent knows to do.
        return;
    }
  }

  async #welcome(welcome: Welcome): Promise<void> {
    const { highestEpoch, raiseEpoch, inventory, log } = this.ports;
    if (welcome.serverEpoch < highestEpoch()) {
      const reason = `the server's epoch ${welcome.serverEpoch} is older than ${highestEpoch()}, which this machine has obeyed`;
      this.#goodbye('EPOCH_TOO_OLD');
      this.#finish({ reason, retryAfterMs: 60_000 });
      return;
    }
    // On a disk that cannot be written the session goes on from memory: what is wrong must be heard. Targets wait.
    await raiseEpoch(welcome.serverEpoch).catch((error: unknown) => {
      if (!(error instanceof FlotillaError)) throw error;
      log.error({ code: error.code, err: error }, 'the epoch could not be saved');
    });
    const asked = durationMs(welcome.heartbeatInterval) ?? 5_000;
    this.#intervalMs = Math.min(intervalMsMax, Math.max(intervalMsMin, asked));
    this.#welcomed = true;
    this.ports.onWelcome(welcome, this.ports.clock.now());
    this.#welcomeArrived();
    inventory().then(
      (facts) => {
        if (!this.#ended.signal.aborted) this.#send({ $case: 'inventory', value: facts });
      },
      (error: unknown) => log.warn({ err: error }, 'the inventory could not be read'),
    );
  }

  #welcomeArrived: () => void = () => undefined;
  readonly #afterWelcome = new Promise<void>((resolve) => (this.#welcomeArrived = resolve));

  async #target({
    target,
    secrets,
  }: {
    target: Parameters<WorkPort['accept']>[0] | undefined;
    secrets: Parameters<WorkPort['accept']>[1];
  }): Promise<void> {
    if (target === undefined) return;
    const { work, highestEpoch, raiseEpoch, log } = this.ports;
    if (target.epoch < highestEpoch()) {
      log.warn(
        { epoch: String(target.epoch), highest: String(highestEpoch()) },
        'a target of an older epoch was refused',
      );
      return;
    }
    try {
      // The epoch first: a target that is obeyed must outrank older ones after a crash too.
      await raiseEpoch(target.epoch);
      const acceptance = await work.accept(target, secrets);
      log.info({ epoch: String(target.epoch), generation: String(target.generation), acceptance }, 'target');
      // The report is the acknowledgement, and goes at once.
      this.#scheduleReport(true);
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
      log.error({ code: error.code, err: error }, 'the target was not accepted');
      if (error.code === 'FILESYSTEM_READ_ONLY') await work.acceptUnsaved(target);
    }
  }

  async #refused(refusal: Refusal): Promise<void> {
    if (refusal.reason === RefusalReason.RETIRED && refusal.mayLeave) await this.ports.work.retire();
    const retryAfterMs = durationMs(refusal.retryAfter) ?? 60_000;
    this.#finish({ reason: refusal.message || 'refused', retryAfterMs, refusal });
  }

  /** Ends a session whose server is silent: the application deadline is the detector, not TCP. */
  async #watch(): Promise<void> {
    const { clock } = this.ports;
    while (!this.#ended.signal.aborted) {
      const limitMs = this.#welcomed ? this.#intervalMs * missedMax : welcomeTimeoutMs;
      const silentMs = clock.now().monotonicMs - this.#heardMs;
      if (silentMs >= limitMs) {
        this.#finish({ reason: `the server has been silent for ${Math.round(silentMs / 1000)} s` });
        return;
      }
      await this.#sleep(limitMs - silentMs);
    }
  }

  async #beat(): Promise<void> {
    await Promise.race([this.#afterWelcome, this.#ending()]);
    while (!this.#ended.signal.aborted) {
      await this.#heartbeat();
      // A tenth of jitter keeps a fleet that started together from beating together.
      await this.#sleep(this.#intervalMs * (0.9 + this.ports.random.fraction() * 0.2));
    }
  }

  async #heartbeat(): Promise<void> {
    const { work, vitals, probes } = this.ports;
    const held = work.acknowledged();
    const now = await vitals();
    if (this.#ended.signal.aborted) return;
    const changed = probes().filter((probe) => this.#sentProbes.get(probe.type) !== `${probe.status}/${probe.reason}`);
    this.#sequence += 1n;
    const heartbeat = Heartbeat.create({
      sequence: this.#sequence,
      acknowledgedEpoch: held.epoch,
      acknowledgedGeneration: held.generation,
      load1m: now.load1m,
      memoryAvailableBytes: BigInt(now.memoryAvailableBytes),
      diskFreeBytes: BigInt(now.diskFreeBytes),
      probes: changed,
      cpuBusyRatio: now.cpuBusyRatio,
      uptimeSeconds: BigInt(now.uptimeSeconds),
    });
    this.#send({ $case: 'heartbeat', value: heartbeat });
    for (const probe of changed) this.#sentProbes.set(probe.type, `${probe.status}/${probe.reason}`);
  }

  /** Transitions go at once, progress at most once a second; several that wait become one, the newest. */
  #scheduleReport(transition: boolean): void {
    if (!this.#welcomed) return;
    const nowMs = this.ports.clock.now().monotonicMs;
    if (!transition && (this.#congested || nowMs - this.#lastReportMs < progressEveryMs)) return;
    this.#reportDue = true;
    if (!this.#reporting)
      this.#reportLoop().catch((error: unknown) =>
        this.#finish({ reason: error instanceof Error ? error.message : String(error) }),
      );
  }

  async #reportLoop(): Promise<void> {
    this.#reporting = true;
    try {
      while (this.#reportDue && !this.#ended.signal.aborted) {
        this.#reportDue = false;
        const value = await this.ports.work.observe();
        if (this.#ended.signal.aborted) return;
        this.#lastReportMs = this.ports.clock.now().monotonicMs;
        this.#send({ $case: 'report', value });
      }
    } finally {
      this.#reporting = false;
    }
  }

  async #whenOurs(): Promise<void> {
    await Promise.race([this.#afterWelcome, this.#ending()]);
    const reason = await this.ports.onOpen?.(this.stream, this.#ended.signal);
    if (reason === undefined) return this.#ending();
    this.#goodbye(reason);
    this.#finish({ reason, retryAfterMs: 0 });
  }

  async #sleep(durationMs: number): Promise<void> {
    await this.ports.clock.sleep(durationMs, this.#ended.signal).catch(() => undefined);
  }
}

function durationMs(duration: { seconds: bigint; nanos: number } | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1000 + duration.nanos / 1_000_000;
}
