/** How often "last seen" of a connected machine is stored (decision 6). */
const roundMs = 60_000;
/** Most rows at once. */
const portionMax = 500;

/** Everybody once a minute, in small portions spread over it. */
export class Rounds {
  #left: string[] = [];
  #portion = 0;
  #beganMs = Number.NEGATIVE_INFINITY;

  /** Asked about every second: who is next. `everyone` is looked at when a round begins. */
  next(nowMs: number, everyone: () => Iterable<string>): readonly string[] {
    if (this.#left.length === 0 && nowMs - this.#beganMs >= roundMs) {
      this.#left = [...everyone()];
      this.#beganMs = nowMs;
      // A second more than needed each round would be a round that never ends.
      this.#portion = Math.min(portionMax, Math.ceil(this.#left.length / (roundMs / 1000)));
    }
    return this.#left.splice(0, this.#portion);
  }
}
