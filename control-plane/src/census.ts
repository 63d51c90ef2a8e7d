import type { Page, Store } from '@flotilla/core';
import type { Clock } from '@flotilla/kit';
import { MachineState, NodeState } from '@flotilla/proto';

/** Counts are read at most this often, however often somebody scrapes. */
const keptMs = 30_000;

export interface Counts {
  readonly nodes: ReadonlyMap<string, number>;
  readonly machines: ReadonlyMap<string, number>;
}

/** How many nodes and machines are in which state, over all projects; for metrics only. */
export class Census {
  #known: { readonly counts: Promise<Counts>; readonly atMs: number } | undefined;

  constructor(
    private readonly read: Pick<Store['read'], 'nodes' | 'machines'>,
    private readonly clock: Clock,
  ) {}

  counts(): Promise<Counts> {
    const nowMs = this.clock.now().monotonicMs;
    if (this.#known === undefined || nowMs - this.#known.atMs >= keptMs) {
      this.#known = { counts: this.#count(), atMs: nowMs };
    }
    return this.#known.counts;
  }

  async #count(): Promise<Counts> {
    const nodes = await tally(
      (page) => this.read.nodes(page),
      ({ status }) => NodeState[status.state],
    );
    const machines = await tally(
      (page) => this.read.machines(page),
      ({ status }) => MachineState[status.state],
    );
    return { nodes, machines };
  }
}

async function tally<T>(
  read: (page: { pageSize: number; pageToken?: string }) => Promise<Page<T>>,
  stateOf: (record: T) => string | undefined,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let pageToken = ''; ;) {
    const page = await read({ pageSize: 500, ...(pageToken === '' ? {} : { pageToken }) });
    for (const record of page.items) {
      const state = stateOf(record) ?? 'UNSPECIFIED';
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    pageToken = page.nextPageToken;
    if (pageToken === '') return counts;
  }
}
