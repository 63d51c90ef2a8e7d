import { reasonOf, type Clock, type Instant } from './clock.js';

interface Sleeper {
  readonly dueMs: number;
  readonly order: number;
  wake(): void;
}

/**
 * A clock that moves only when told. Sleepers wake in order of due time, then of arrival, so that a run is the same
 * every time.
 */
export class SimClock implements Clock {
  #monotonicMs = 0;
  #wallOffsetMs: number;
  #order = 0;
  #sleepers: Sleeper[] = [];
  #watchers: { count: number; resolve: () => void }[] = [];

  constructor(startWallMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startWallMs;
  }

  now(): Instant {
    return { wallMs: this.#wallOffsetMs + this.#monotonicMs, monotonicMs: this.#monotonicMs };
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(reasonOf(signal));
        return;
      }
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
        reject(reasonOf(signal));
      };
      const sleeper: Sleeper = {
        dueMs: this.#monotonicMs + Math.max(0, durationMs),
        order: this.#order++,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      this.#sleepers.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#watchers = this.#watchers.filter((w) => {
        if (this.#sleepers.length < w.count) return true;
        w.resolve();
        return false;
      });
    });
  }

  /** Number of sleeps that wait. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** When the next sleeper is due, in monotonic ms; undefined when nobody sleeps. */
  get nextDueMs(): number | undefined {
    return this.#sleepers[0]?.dueMs;
  }

  /** Resolves once at least `count` sleeps wait: a test never advances before the code is waiting. */
  waitForSleepers(count: number): Promise<void> {
    if (this.#sleepers.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ count, resolve }));
  }

  /** Moves time on, waking sleepers in order and letting each settle before the next. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#monotonicMs + durationMs;
    for (;;) {
      await settle();
      const next = this.#sleepers[0];
      if (next === undefined || next.dueMs > untilMs) break;
      this.#sleepers.shift();
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs);
      next.wake();
    }
    this.#monotonicMs = untilMs;
    await settle();
  }

  /** Steps the wall clock only, as NTP or an operator would. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }
}

/** Lets every promise that can run, run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
