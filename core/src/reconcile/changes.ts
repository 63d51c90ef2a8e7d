import type { ResourceKind } from '../domain/records.js';
import type { Note } from '../plan/decision.js';
import type { Change } from '../store/change.js';

/** The events of a decision about one resource. */
export function eventsOf(kind: ResourceKind, id: string, notes: readonly Note[]): Change[] {
  return notes.map((note) => ({ kind: 'event.append', event: { resourceKind: kind, resourceId: id, ...note } }));
}

/** The audit entry of something that a rule decided. */
export function ruled(
  projectId: string,
  action: string,
  kind: ResourceKind,
  id: string,
  details: Record<string, string>,
): Change {
  return {
    kind: 'audit.append',
    entry: { projectId, action, resourceKind: kind, resourceId: id, result: 'OK', details },
  };
}
