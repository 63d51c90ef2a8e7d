import type { DrainFacts } from '../plan/node-facts.js';
import type { ExternalFacts } from '../plan/external.js';
import { BootstrapTokens } from './bootstrap-tokens.js';

/** A pod network that does not come up. */
export interface NetworkLook {
  readonly sinceMs: number;
  readonly askedMs: number | undefined;
  readonly summary: string;
  /** By node name; '' = of the whole cluster. */
  readonly problems: ReadonlyMap<string, string>;
}

/**
 * What the engine knows only until it restarts: results of effects. Nothing here is needed to be right; losing it means
 * doing an idempotent thing once more.
 */
export class EngineMemory {
  readonly tokens = new BootstrapTokens();
  /** By node id. */
  readonly drains = new Map<string, DrainFacts>();
  /** By cluster id: digest of what was applied over the present link. */
  readonly addons = new Map<string, string>();
  /** Clusters whose forgotten bootstrap tokens were deleted since we started. */
  readonly swept = new Set<string>();
  /** Machines that a look at a pool goes through, by pool id. */
  readonly poolSizes = new Map<string, number>();
  /** Pools that lack machines, with their cluster. */
  readonly hungryPools = new Map<string, string>();
  /** What imported clusters said of themselves, by cluster id. */
  readonly external = new Map<string, { readonly facts: ExternalFacts; readonly atMs: number }>();
  /** Clusters whose nodes wait for the pod network: since when, and what was found, monotonic. */
  readonly networks = new Map<string, NetworkLook>();
  readonly #problems = new Map<string, Map<string, string>>();
  readonly #signals = new Map<string, string>();

  /** What failed last for this key; empty when nothing does. */
  problemOf(key: string): string {
    return [...(this.#problems.get(key)?.values() ?? [])].join(' ');
  }

  /** Remembers or forgets the failure of one kind of effect; true when that changed what is to be said. */
  setProblem(key: string, kind: string, message: string | undefined): boolean {
    const problems = this.#problems.get(key) ?? new Map<string, string>();
    if (problems.get(kind) === message) return false;
    if (message === undefined) problems.delete(kind);
    else problems.set(kind, message);
    if (problems.size === 0) this.#problems.delete(key);
    else this.#problems.set(key, problems);
    return true;
  }

  /** Why the pod network does not come up on the node; empty when nothing is known to be wrong. */
  networkProblemOf(clusterId: string, nodeName: string): string {
    const problems = this.networks.get(clusterId)?.problems;
    return problems?.get(nodeName) ?? problems?.get('') ?? '';
  }

  /** Whether this text differs from the one of the last time: others have to look then. */
  signalChanged(key: string, text: string): boolean {
    if (this.#signals.get(key) === text) return false;
    this.#signals.set(key, text);
    return true;
  }

  forget(key: string): void {
    this.#signals.delete(key);
    this.#problems.delete(key);
  }
}
