/**
 * Keys that want work. A key is held while it runs, runs at most once at a time, and is coalesced: asked for ten times
 * while it waits or runs, it runs once more.
 */
export class KeyedQueue {
  readonly #limit: number;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  readonly #again = new Set<string>();
  #wake: (() => void) | undefined;

  /** At most `limit` distinct keys wait; a queue that is full is a bug of the caller and throws. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(key: string): void {
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.size >= this.#limit && !this.#waiting.has(key)) {
      throw new Error(`keyed queue is full (${this.#limit} keys)`);
    }
    this.#waiting.add(key);
    this.#wake?.();
    this.#wake = undefined;
  }

  /** The next key, now held; undefined when none waits. */
  take(): string | undefined {
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#running.add(key);
      return key;
    }
    return undefined;
  }

  /** Gives a held key back; it waits again if it was asked for meanwhile. */
  done(key: string): void {
    this.#running.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Resolves when a key waits or the signal is aborted. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const woken = (): void => {
        signal.removeEventListener('abort', woken);
        resolve();
      };
      this.#wake = woken;
      signal.addEventListener('abort', woken, { once: true });
    });
  }

  get size(): number {
    return this.#waiting.size + this.#running.size;
  }
}
