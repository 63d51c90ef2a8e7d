import type { Held } from '../plan/node-health.js';

interface NodeMemory {
  readonly clusterId: string;
  readonly held: Held | undefined;
  readonly dueAtMs: number | undefined;
}

interface RungMemory {
  readonly nonce: string;
  readonly seenMs: number;
}

/**
 * What this process itself has seen of sick nodes, in monotonic time. A restart loses it, and every wait begins anew:
 * nobody is repaired for what happened while we were away, and a step of the wall clock makes nothing due.
 */
export class HealthMemory {
  readonly #nodes = new Map<string, NodeMemory>();
  readonly #rungs = new Map<string, RungMemory>();
  readonly #apiUnknownSinceMs = new Map<string, number>();

  heldOf(nodeId: string): Held | undefined {
    return this.#nodes.get(nodeId)?.held;
  }

  /** Monotonic time from which the ladder may act on the node; undefined = not as things are. */
  dueOf(nodeId: string): number | undefined {
    return this.#nodes.get(nodeId)?.dueAtMs;
  }

  /** True when that changed when the ladder may act. */
  remember(nodeId: string, memory: NodeMemory): boolean {
    const before = this.#nodes.get(nodeId)?.dueAtMs;
    if (memory.held === undefined) this.#nodes.delete(nodeId);
    else this.#nodes.set(nodeId, memory);
    return before !== memory.dueAtMs;
  }

  /** Since when this process sees the node at this rung. */
  rungSeenMs(nodeId: string, nonce: string, nowMs: number): number {
    const known = this.#rungs.get(nodeId);
    if (known?.nonce === nonce) return known.seenMs;
    this.#rungs.set(nodeId, { nonce, seenMs: nowMs });
    return nowMs;
  }

  /** For how long the API server of a cluster is not known to answer; 0 = it is known. */
  apiUnknownMs(clusterId: string, known: boolean, nowMs: number): number {
    const sinceMs = this.#apiUnknownSinceMs.get(clusterId) ?? nowMs;
    if (known) this.#apiUnknownSinceMs.delete(clusterId);
    else this.#apiUnknownSinceMs.set(clusterId, sinceMs);
    return known ? 0 : Math.max(1, nowMs - sinceMs);
  }

  /** Forgets the cluster's nodes that are gone. */
  keepOnly(clusterId: string, nodeIds: ReadonlySet<string>): void {
    for (const [nodeId, memory] of this.#nodes) {
      if (memory.clusterId !== clusterId || nodeIds.has(nodeId)) continue;
      this.#nodes.delete(nodeId);
      this.#rungs.delete(nodeId);
    }
  }
}
