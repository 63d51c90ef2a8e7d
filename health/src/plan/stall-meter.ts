/** A tick this much late is the ordinary unpunctuality of a busy process. */
const toleratedMs = 500;
/** Stalls remembered; older ones are forgotten. */
const stallsMax = 64;

interface Stall {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * How long our own process stood still: a pause, a long collection, a machine suspended under us. Told of regular ticks,
 * it counts what is missing between them. Reads no clock. Nobody is blamed for silence while we could not have listened.
 */
export class StallMeter {
  readonly #tickMs: number;
  #lastTickMs: number;
  #stalls: Stall[] = [];

  /** `tickMs`: the time between ticks that is asked for; `startMs`: monotonic time of the beginning. */
  constructor(tickMs: number, startMs: number) {
    this.#tickMs = tickMs;
    this.#lastTickMs = startMs;
  }

  /** To be called every `tickMs`. */
  tick(nowMs: number): void {
    const stall = this.#openStall(nowMs);
    if (stall !== undefined) this.#stalls = [...this.#stalls, stall].slice(-stallsMax);
    this.#lastTickMs = Math.max(this.#lastTickMs, nowMs);
  }

  /** Milliseconds between `sinceMs` and `nowMs` in which we stood still; counts a stall that no tick has told of yet. */
  stalledMs(sinceMs: number, nowMs: number): number {
    const open = this.#openStall(nowMs);
    const stalls = open === undefined ? this.#stalls : [...this.#stalls, open];
    return stalls.reduce((total, stall) => total + overlapMs(stall, sinceMs, nowMs), 0);
  }

  #openStall(nowMs: number): Stall | undefined {
    const fromMs = this.#lastTickMs + this.#tickMs;
    return nowMs - fromMs > toleratedMs ? { fromMs, untilMs: nowMs } : undefined;
  }
}

function overlapMs(stall: Stall, sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.min(stall.untilMs, nowMs) - Math.max(stall.fromMs, sinceMs));
}
