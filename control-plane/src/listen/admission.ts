import type { Clock } from '@flotilla/kit';

export interface AdmissionOptions {
  readonly clock: Clock;
  /** Connections let in per second, in the long run. A handshake costs 1.7 ms of one core. */
  readonly perSecond: number;
  /** Let in at once after a quiet time. */
  readonly burst: number;
  /** Most connections that wait for their turn; beyond it they are refused. */
  readonly waitingMax: number;
}

/** A token bucket with a bounded queue: a storm of returning agents waits in line instead of timing out in handshakes. */
export class Admission<Item> {
  readonly #options: AdmissionOptions;
  readonly #waiting: Item[] = [];
  #tokens: number;
  #filledAtMs: number;
  #draining = false;

  constructor(
    options: AdmissionOptions,
    private readonly admit: (item: Item) => void,
  ) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAtMs = options.clock.now().monotonicMs;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets the item in now or in its turn. False when the line is full: the caller refuses it. */
  offer(item: Item, signal: AbortSignal): boolean {
    this.#fill();
    if (this.#waiting.length === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      this.admit(item);
      return true;
    }
    if (this.#waiting.length >= this.#options.waitingMax) return false;
    this.#waiting.push(item);
    if (!this.#draining) void this.#drain(signal);
    return true;
  }

  async #drain(signal: AbortSignal): Promise<void> {
    this.#draining = true;
    try {
      while (this.#waiting.length > 0) {
        this.#fill();
        while (this.#tokens >= 1) {
          const item = this.#waiting.shift();
          if (item === undefined) return;
          this.#tokens -= 1;
          this.admit(item);
        }
        await this.#options.clock.sleep(Math.max(1, ((1 - this.#tokens) / this.#options.perSecond) * 1000), signal);
      }
    } catch {
      // Aborted: the listener closes every socket it holds.
    } finally {
      this.#draining = false;
    }
  }

  #fill(): void {
    const nowMs = this.#options.clock.now().monotonicMs;
    const grown = ((nowMs - this.#filledAtMs) / 1000) * this.#options.perSecond;
    this.#tokens = Math.min(this.#options.burst, this.#tokens + grown);
    this.#filledAtMs = nowMs;
  }
}
