import { EventServiceService, WatchEventsRequest } from '@flotilla/proto';
import { type Clock, FlotillaError, jitteredDelayMs, type Random, reasonOf } from '@flotilla/kit';
import type { Session } from './call.js';

export interface WatchOptions {
  readonly session: Session;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Looks again after this long even when no event came. */
  readonly resyncMs: number;
  /** Gives up after this long; undefined = never. */
  readonly timeoutMs?: number | undefined;
  /** The server stopped answering; it is tried again. Said once for each absence. */
  readonly onLost: (error: FlotillaError) => void;
}

const coalesceMs = 200;
const backoff = { delayMsMin: 250, delayMsMax: 10_000 };

/**
 * Level-triggered: `look` asks for the whole truth, at once and again whenever an event says that something moved, until
 * it answers true. Events only wake; none of them is interpreted, so a lost one costs at most `resyncMs`. A server that
 * goes away is waited for; any other error of `look` ends the watch, and so does any error of the first.
 */
export async function watchUntil(options: WatchOptions, look: () => Promise<boolean>): Promise<'done' | 'timeout'> {
  const { clock, timeoutMs } = options;
  const startMs = clock.now().monotonicMs;
  const leftMs = (): number => (timeoutMs === undefined ? Infinity : timeoutMs - (clock.now().monotonicMs - startMs));
  const bell = new Bell();
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(reasonOf(options.signal));
  options.signal.addEventListener('abort', onAbort, { once: true });
  if (options.signal.aborted) onAbort();
  const listening = listen(options, bell, stop.signal);
  try {
    if (await look()) return 'done';
    for (let failures = 0; ;) {
      const delayMs = failures > 0 ? jitteredDelayMs(failures - 1, backoff, options.random) : options.resyncMs;
      // Many events at once are one reason to look.
      await clock.sleep(Math.max(0, Math.min(coalesceMs, leftMs())), stop.signal);
      if (leftMs() <= 0) return 'timeout';
      await bell.wait(clock, Math.min(delayMs, leftMs()), stop.signal, failures > 0);
      const outcome = await tryLook(look, failures === 0 ? options.onLost : () => undefined);
      if (outcome === 'done') return 'done';
      failures = outcome === 'lost' ? failures + 1 : 0;
    }
  } finally {
    options.signal.removeEventListener('abort', onAbort);
    stop.abort(new Error('the watch has ended'));
    await listening;
  }
}

async function tryLook(
  look: () => Promise<boolean>,
  onLost: WatchOptions['onLost'],
): Promise<'done' | 'again' | 'lost'> {
  try {
    return (await look()) ? 'done' : 'again';
  } catch (error) {
    if (!(error instanceof FlotillaError) || (error.kind !== 'unavailable' && error.kind !== 'timeout')) throw error;
    onLost(error);
    return 'lost';
  }
}

/** Rings for every event; comes back by itself, slower and slower while the server does not answer. */
async function listen(options: WatchOptions, bell: Bell, signal: AbortSignal): Promise<void> {
  const { session, clock, random } = options;
  const request = WatchEventsRequest.create({ project: session.project });
  for (let failures = 0; !signal.aborted;) {
    try {
      for await (const _event of session.connection.stream(EventServiceService.watchEvents, request, signal)) {
        failures = 0;
        bell.ring();
      }
    } catch {
      // Whatever it was: asking is what counts, and `look` reports what asking says.
    }
    failures++;
    try {
      await clock.sleep(jitteredDelayMs(failures - 1, backoff, random), signal);
    } catch {
      return;
    }
    // Something may have happened in between.
    bell.ring();
  }
}

/** Remembers one ring until somebody waits for it. */
class Bell {
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Until a ring or `durationMs`; with `deaf`, always `durationMs`. */
  async wait(clock: Clock, durationMs: number, signal: AbortSignal, deaf: boolean): Promise<void> {
    if (this.rung && !deaf) {
      this.rung = false;
      return;
    }
    const ringing = new AbortController();
    const onAbort = (): void => ringing.abort(reasonOf(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    if (!deaf) this.wake = () => ringing.abort(new Error('rung'));
    try {
      await clock.sleep(durationMs, ringing.signal);
    } catch {
      if (signal.aborted) throw reasonOf(signal);
    } finally {
      this.wake = undefined;
      this.rung = false;
      signal.removeEventListener('abort', onAbort);
    }
  }
}
