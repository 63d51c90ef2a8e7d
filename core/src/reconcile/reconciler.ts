import type { Instant } from '@flotilla/kit';
import type { MachineView } from '../domain/views.js';
import type { Change, ChangeKind, Owner } from '../store/change.js';
import type { Expectation } from '../store/store.js';
import type { Effect } from './effect.js';
import type { EnginePorts } from './ports.js';

/** `health:<cluster id>`: the ladder and its breakers, one decision at a time for a whole cluster. */
export type KeyKind = 'project' | 'cluster' | 'pool' | 'machine' | 'csr' | 'health';
export type Key = `${KeyKind}:${string}`;

/** What one look at one key led to. */
export interface Outcome {
  readonly changes: readonly Change[];
  readonly expect: readonly Expectation[];
  readonly effects: readonly Effect[];
  /** Look again after this. */
  readonly recheckMs: number | undefined;
  /** Others that have to look. */
  readonly wakes: readonly Key[];
}

export const nothing: Outcome = { changes: [], expect: [], effects: [], recheckMs: undefined, wakes: [] };

/** Looks at a key, asks a plan, says what to write and do. Remembers nothing. */
export interface Reconciler {
  readonly name: string;
  /** As which owner it writes. */
  readonly owner: Owner;
  readonly key: KeyKind;
  /** What it looks at, for `flotilla debug graph`. */
  readonly reads: readonly string[];
  /** Every kind of change it may write. */
  readonly writes: readonly ChangeKind[];
  /** `seen`: what another reconciler of the same machine has just read, nothing having been written since. */
  look(id: string, now: Instant, seen?: MachineView): Promise<Outcome>;
}

/** What the cluster itself says of one node: the second witness. */
export interface KubernetesWitness {
  /** The API server answers and its watches are live; otherwise the rest means nothing. */
  readonly known: boolean;
  /** Monotonic time since which `known` holds without a break. */
  readonly knownSinceMs: number | undefined;
  /** There is a Node object that is ours. */
  readonly registered: boolean;
  /** Status of the Ready condition: True, False, Unknown; empty = no condition. */
  readonly ready: string;
  readonly readyReason: string;
  readonly readyMessage: string;
  /** Monotonic time at which we last saw its Lease renewed; undefined = not since our watch began. */
  readonly leaseSeenMs: number | undefined;
  /** Volumes of storage that only one node may have at a time are attached. */
  readonly hasAttachedVolumes: boolean;
}

/** What reconcilers that are not part of this package are made with. */
export interface EngineContext {
  readonly ports: EnginePorts;
  witness(clusterId: string, nodeName: string, machineId: string): KubernetesWitness;
}

/** Adds reconcilers to the engine; given to `createEngine` by `compose.ts`. */
export type EngineExtension = (context: EngineContext) => readonly Reconciler[];
