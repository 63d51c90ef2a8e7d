import type { Clock } from '@flotilla/kit';

/** Keys that are to be looked at again at a time; the earliest of each counts. */
export class Timers {
  readonly #clock: Clock;
  readonly #due: (key: string) => void;
  readonly #dueAtMs = new Map<string, number>();
  #poke: () => void = () => undefined;

  constructor(clock: Clock, due: (key: string) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  schedule(key: string, delayMs: number): void {
    const atMs = this.#clock.now().monotonicMs + Math.max(0, delayMs);
    const before = this.#dueAtMs.get(key);
    if (before !== undefined && before <= atMs) return;
    this.#dueAtMs.set(key, atMs);
    this.#poke();
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#poke();
    signal.addEventListener('abort', stop, { once: true });
    while (!signal.aborted) {
      const nextMs = this.#fire();
      const controller = new AbortController();
      this.#poke = () => controller.abort(new Error('poked'));
      const delayMs = nextMs === undefined ? 3_600_000 : nextMs - this.#clock.now().monotonicMs;
      // Rejects only when it was poked or stopped.
      await this.#clock.sleep(Math.max(1, delayMs), controller.signal).catch(() => undefined);
    }
    signal.removeEventListener('abort', stop);
  }

  /** Hands over what is due; the time of the next. */
  #fire(): number | undefined {
    const nowMs = this.#clock.now().monotonicMs;
    let nextMs: number | undefined;
    for (const [key, atMs] of this.#dueAtMs) {
      if (atMs <= nowMs) {
        this.#dueAtMs.delete(key);
        this.#due(key);
      } else if (nextMs === undefined || atMs < nextMs) nextMs = atMs;
    }
    return nextMs;
  }
}
