import type { Instant } from '@flotilla/kit';
import type { MachineView } from '../domain/views.js';
import type { Change, ChangeKind, Owner } from '../store/change.js';
import type { Expectation } from '../store/store.js';
import type { Effect } from './effect.js';

export type KeyKind = 'cluster' | 'pool' | 'machine' | 'csr';
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
