import { jitteredDelayMs, KeyedQueue, toFlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import { Timers } from './timers.js';
import type { Key } from './reconciler.js';

export interface LoopOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Looks at one key; the time after which to look again, if any. */
  readonly work: (key: Key) => Promise<number | undefined>;
  /** Every key there is, page by page. */
  readonly allKeys: () => AsyncIterable<readonly Key[]>;
  /** How long a key rests between two looks; 0 for one that is cheap to look at. */
  readonly restMs: (key: Key) => number;
  readonly resyncMs: number;
  readonly workers: number;
}

const keysMax = 500_000;
const retry = { delayMsMin: 200, delayMsMax: 60_000 } as const;

/** Level-triggered: a key that is woken ten times is looked at once more; one that fails comes back after a growing while. */
export class Loop {
  readonly #options: LoopOptions;
  readonly #queue = new KeyedQueue(keysMax);
  readonly #timers: Timers;
  readonly #failures = new Map<Key, number>();
  readonly #lookedAtMs = new Map<Key, number>();
  #idleWaiters: (() => void)[] = [];
  #syncing = 0;
  #signal: AbortSignal | undefined;
  readonly #running = new Set<Promise<void>>();

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#timers = new Timers(options.clock, (key) => this.wake(key as Key)); // only keys are scheduled
  }

  wake(key: Key): void {
    const restMs = this.#restLeftMs(key);
    if (restMs > 0) {
      this.#timers.schedule(key, restMs);
      return;
    }
    this.#queue.add(key);
    this.#pump();
  }

  /** Nothing waits and nothing runs; what is scheduled for later does not count. */
  async idle(): Promise<void> {
    while (this.#queue.size > 0 || this.#syncing > 0) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#pump();
    await Promise.all([this.#timers.run(signal), this.#resync(signal)]);
    await Promise.all(this.#running);
  }

  /** Starts as many looks as there are workers free for. */
  #pump(): void {
    const { workers } = this.#options;
    while (this.#signal !== undefined && !this.#signal.aborted && this.#running.size < workers) {
      const key = this.#queue.take() as Key | undefined; // only keys are added
      if (key === undefined) return;
      const running = this.#workOn(key).finally(() => {
        this.#running.delete(running);
        this.#queue.done(key);
        this.#tellIdle();
        this.#pump();
      });
      this.#running.add(running);
    }
  }

  /** What changes a hundred times a second is looked at a few times a second: one look sees all of it. */
  #restLeftMs(key: Key): number {
    const restMs = this.#options.restMs(key);
    if (restMs === 0) {
      this.#lookedAtMs.delete(key);
      return 0;
    }
    const nowMs = this.#options.clock.now().monotonicMs;
    const leftMs = (this.#lookedAtMs.get(key) ?? -restMs) + restMs - nowMs;
    if (leftMs <= 0) this.#lookedAtMs.set(key, nowMs);
    return leftMs;
  }

  async #workOn(key: Key): Promise<void> {
    // Reads answer at once, so without this a full queue would keep the event loop from heartbeats.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.#signal?.aborted !== true) await this.#look(key);
  }

  async #look(key: Key): Promise<void> {
    const { work, log, random } = this.#options;
    try {
      const recheckMs = await work(key);
      this.#failures.delete(key);
      if (recheckMs === 0) this.wake(key);
      else if (recheckMs !== undefined) this.#timers.schedule(key, recheckMs);
    } catch (error) {
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      const { code, kind } = toFlotillaError(error);
      // A conflict only means that somebody else was faster: look again.
      if (kind === 'conflict' && failures < 3) {
        this.wake(key);
        return;
      }
      const delayMs = jitteredDelayMs(failures, retry, random);
      log.warn({ key, code, failures: failures + 1, delayMs, err: error }, 'a look failed and will be repeated');
      this.#timers.schedule(key, delayMs);
    }
  }

  async #resync(signal: AbortSignal): Promise<void> {
    const { clock, allKeys, resyncMs, log } = this.#options;
    while (!signal.aborted) {
      this.#syncing += 1;
      try {
        for await (const keys of allKeys()) {
          for (const key of keys) this.wake(key);
        }
      } catch (error) {
        log.warn({ err: error }, 'the full look could not be made and will be repeated');
      } finally {
        this.#syncing -= 1;
        this.#tellIdle();
      }
      await clock.sleep(resyncMs, signal).catch(() => undefined);
    }
  }

  #tellIdle(): void {
    if (this.#queue.size > 0 || this.#syncing > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const waiter of waiters) waiter();
  }
}
