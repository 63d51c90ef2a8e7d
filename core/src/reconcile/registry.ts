import { assert } from '@flotilla/kit';
import { changeOwners, type ChangeKind } from '../store/change.js';
import type { Reconciler } from './reconciler.js';

/** The reconcilers, refused when two of them would write the same kind of change or one writes what is not its owner's. */
export function registry(reconcilers: readonly Reconciler[]): readonly Reconciler[] {
  const writers = new Map<ChangeKind, string>();
  for (const { name, owner, writes } of reconcilers) {
    for (const kind of writes) {
      const kindOwner = changeOwners[kind];
      if (kindOwner === 'everyone') continue;
      assert(kindOwner === owner, `${name} writes ${kind}, which is owned by ${kindOwner}`);
      const other = writers.get(kind);
      assert(other === undefined, `${name} and ${other ?? ''} both write ${kind}`);
      writers.set(kind, name);
    }
  }
  return reconcilers;
}

/** The house as text: who is woken by what, reads what and writes what. */
export function describeRegistry(reconcilers: readonly Reconciler[]): string {
  return reconcilers
    .map(
      ({ name, key, reads, writes }) =>
        `${name} (by ${key})\n  reads  ${reads.join(', ')}\n  writes ${writes.join(', ')}`,
    )
    .join('\n');
}
