import { jitteredDelayMs, toFlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import type { Refusal } from '@flotilla/proto';
import { Session, type SessionPorts } from './session.js';
import type { Transport } from './transport.js';

const backoff = { delayMsMin: 500, delayMsMax: 60_000 };
/** A session that held this long was sound: the next failure starts from the shortest delay again. */
const soundAfterMs = 30_000;

export interface LinkView {
  readonly state: 'connecting' | 'connected' | 'waiting';
  readonly reason: string;
  readonly refusal: Refusal | undefined;
  readonly retryMs: number | undefined;
}

export interface DialPorts {
  readonly transport: Transport;
  readonly session: SessionPorts;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly onLink: (view: LinkView) => void;
  /** Looks for a better reason than the one TLS gives (a wrong clock); undefined when there is none. */
  readonly diagnose?: () => Promise<string | undefined>;
}

/** Keeps one session, for ever: full-jitter backoff, or the time the server gave. */
export async function keepDialling(ports: DialPorts, signal: AbortSignal): Promise<void> {
  const { clock, random, log, onLink } = ports;
  let failures = 0;
  while (!signal.aborted) {
    onLink({ state: 'connecting', reason: '', refusal: undefined, retryMs: undefined });
    const startedMs = clock.now().monotonicMs;
    const end = await oneSession(ports, signal);
    if (signal.aborted) return;
    const sound = end.welcomed && clock.now().monotonicMs - startedMs >= soundAfterMs;
    failures = sound ? 0 : failures + 1;
    const jittered = jitteredDelayMs(Math.max(0, failures - 1), backoff, random);
    // What the server asks for is spread a little, or a fleet would come back in the same second.
    const delayMs = end.retryAfterMs === undefined ? jittered : end.retryAfterMs * (1 + random.fraction() * 0.2);
    const reason = (end.welcomed ? undefined : await ports.diagnose?.()) ?? end.reason;
    onLink({ state: 'waiting', reason, refusal: end.refusal, retryMs: clock.now().wallMs + delayMs });
    log.warn({ reason, delayMs: Math.round(delayMs), failures }, 'session ended');
    await clock.sleep(delayMs, signal).catch(() => undefined);
  }
}

async function oneSession(ports: DialPorts, signal: AbortSignal): ReturnType<Session['run']> {
  try {
    const stream = await ports.transport.open();
    return await new Session(stream, ports.session).run(signal);
  } catch (error) {
    const { code, message } = toFlotillaError(error);
    return { reason: `${code}: ${message}`, welcomed: false, retryAfterMs: undefined, refusal: undefined };
  }
}
