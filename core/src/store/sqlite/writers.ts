import type { Change, ChangeKind } from '../change.js';
import { accessWriters } from './write-access.js';
import { clusterWriters } from './write-clusters.js';
import { healthWriters } from './write-health.js';
import { projectWriters } from './write-projects.js';
import type { WriteContext, WritersOf } from './write-context.js';
import { machineWriters } from './write-machines.js';
import { nodeWriters } from './write-nodes.js';

/** Total: a kind without a writer does not compile. */
const writers: WritersOf<ChangeKind> = {
  ...accessWriters,
  ...clusterWriters,
  ...machineWriters,
  ...nodeWriters,
  ...healthWriters,
  ...projectWriters,
  'event.append': ({ event }, ctx) => ctx.appendEvent(event),
  'audit.append': ({ entry }, ctx) => ctx.appendAudit(entry),
};

/** Writes one change; the transaction around it is the caller's. */
export function applyChange(change: Change, ctx: WriteContext): void {
  // The table is total and keyed by kind, which the compiler cannot follow through an index.
  const write = writers[change.kind] as (change: Change, ctx: WriteContext) => void;
  write(change, ctx);
}
