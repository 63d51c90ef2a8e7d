import type { RepairRecord, Store, Touched } from '@flotilla/core';

/** Some ten MB at most. */
const keptMax = 100_000;

/** Which of the kept answers a change makes old. */
type Outdated = { readonly id: string } | 'all' | undefined;

/**
 * Small answers that lists need for every row and that seldom change, kept in memory until a commit touches what they were
 * read from: a page of 500 is then one query, not 500.
 */
export class KeptReads<T> {
  readonly #known = new Map<string, T>();
  /** Rises with each commit that outdates something: what was read across one may be old. */
  #writes = 0;

  constructor(
    store: Pick<Store, 'onCommit'>,
    private readonly load: (id: string) => Promise<T>,
    outdated: (touched: Touched) => Outdated,
  ) {
    store.onCommit((notice) => {
      for (const touched of notice.touched) {
        const old = outdated(touched);
        if (old === undefined) continue;
        this.#writes += 1;
        if (old === 'all') this.#known.clear();
        else this.#known.delete(old.id);
      }
    });
  }

  async of(id: string): Promise<T> {
    const known = this.#known.get(id);
    if (known !== undefined || this.#known.has(id)) return known as T; // put there as a T
    const before = this.#writes;
    const value = await this.load(id);
    if (this.#writes === before && this.#known.size < keptMax) this.#known.set(id, value);
    return value;
  }
}

/** Generation of each machine's target; 0 = it has none. The document itself is large. */
export function targetGenerations(store: Pick<Store, 'read' | 'onCommit'>): KeptReads<number> {
  return new KeptReads(
    store,
    async (id) => (await store.read.target(id))?.generation ?? 0,
    ({ kind, id }) => (kind === 'target' ? { id } : undefined),
  );
}

/** The run of the ladder that is under way on each node, or the last one. */
export function latestRepairs(store: Pick<Store, 'read' | 'onCommit'>): KeptReads<RepairRecord | undefined> {
  return new KeptReads(
    store,
    async (id) => (await store.read.repairsOf(id, 1))[0],
    // Whose it is, the notice does not say; runs are rare.
    ({ kind }) => (kind === 'repair' ? 'all' : undefined),
  );
}
