import type { Store } from '@flotilla/core';

/** About 10 MB. */
const keptMax = 100_000;

/**
 * Generation of each machine's target, for lists: the document itself is large and read for nothing there. Kept in memory
 * and forgotten when it is written anew.
 */
export class TargetGenerations {
  readonly #known = new Map<string, number>();
  /** Rises with each write of a target: what was read before it may be old. */
  #writes = 0;

  constructor(private readonly store: Pick<Store, 'read' | 'onCommit'>) {
    store.onCommit(({ touched }) => {
      for (const { kind, id } of touched) {
        if (kind !== 'target') continue;
        this.#writes += 1;
        this.#known.delete(id);
      }
    });
  }

  /** 0 = the machine has no target. */
  async of(machineId: string): Promise<number> {
    const known = this.#known.get(machineId);
    if (known !== undefined) return known;
    const before = this.#writes;
    const generation = (await this.store.read.target(machineId))?.generation ?? 0;
    if (this.#writes === before && this.#known.size < keptMax) this.#known.set(machineId, generation);
    return generation;
  }
}
