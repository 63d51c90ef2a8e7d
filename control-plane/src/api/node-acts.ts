import type { Change, Expectation, NodeRecord, Store } from '@flotilla/core';
import { FlotillaError, formatDuration, invalidArgument } from '@flotilla/kit';
import { EventSeverity, NodePoolRole, Role, type DrainOptions } from '@flotilla/proto';
import type { ProjectCall } from './call.js';
import { refuseQuorumLoss } from './quorum.js';
import { parseDrain } from './terms.js';
import type { Planned } from './verb.js';
import type { Act } from './write.js';

/** What each verb on a node writes; undefined = it is so already. */

type Plan = Planned<NodeRecord> | undefined;

export function planCordon(call: ProjectCall, record: NodeRecord): Plan {
  refuseLeaving(record);
  if (record.cordon !== undefined) return undefined;
  const cordon = { atMs: call.nowMs, by: call.actor };
  const text = `${call.actor} cordoned the node: new pods stay away, those on it stay.`;
  const change: Change = { kind: 'node.cordon', nodeId: record.id, cordon };
  return { act: act(record, [change], 'cordon', 'Cordoned', text), preview: { ...record, cordon } };
}

export function planUncordon(call: ProjectCall, record: NodeRecord): Plan {
  refuseLeaving(record);
  if (record.cordon === undefined && record.drain === undefined) return undefined;
  const changes: Change[] = [{ kind: 'node.cordon', nodeId: record.id, cordon: undefined }];
  if (record.drain !== undefined) changes.push({ kind: 'node.drain', nodeId: record.id, drain: undefined });
  const text = `${call.actor} uncordoned the node: it takes pods again.`;
  return {
    act: act(record, changes, 'uncordon', 'Uncordoned', text),
    preview: { ...record, cordon: undefined, drain: undefined },
  };
}

export function planDrain(call: ProjectCall, record: NodeRecord, options: DrainOptions | undefined): Plan {
  const wanted = forcedByAdmin(call, parseDrain(options));
  refuseLeaving(record);
  const { drain: before } = record;
  const same = before?.timeoutMs === wanted.timeoutMs && before?.force === wanted.force;
  // A parked drain is begun anew; one that is under way goes on.
  if (before !== undefined && same && record.status.drain?.parked !== true) return undefined;
  const drain = { atMs: call.nowMs, by: call.actor, ...wanted };
  const text = `${call.actor} asked to drain the node${terms(wanted)}; it stays a node and stays cordoned.`;
  const change: Change = { kind: 'node.drain', nodeId: record.id, drain };
  const details = { force: String(wanted.force) };
  return { act: act(record, [change], 'drain', 'DrainRequested', text, details), preview: { ...record, drain } };
}

export async function planReplacement(
  store: Store,
  call: ProjectCall,
  record: NodeRecord,
  options: DrainOptions | undefined,
): Promise<Plan> {
  const wanted = forcedByAdmin(call, parseDrain(options));
  refuseLeaving(record);
  if (record.replace !== undefined && record.replace.force === wanted.force) return undefined;
  await refuseQuorumLoss(store.read, record);
  const replace = { atMs: call.nowMs, by: call.actor, reason: 'OperatorReplaced', ...wanted } as const;
  const text = `${call.actor} asked to replace the node: another machine takes its place, then it is drained${terms(wanted)} and leaves.`;
  const change: Change = { kind: 'node.replace', nodeId: record.id, replace };
  const details = { force: String(wanted.force) };
  return {
    act: act(record, [change], 'replace', 'ReplacementRequested', text, details),
    preview: { ...record, replace },
  };
}

export async function planRemoval(
  store: Store,
  call: ProjectCall,
  record: NodeRecord,
  request: { readonly shrink: boolean; readonly drain: DrainOptions | undefined },
): Promise<Plan> {
  const { timeoutMs, force } = forcedByAdmin(call, parseDrain(request.drain));
  // One that leaves already may still be hurried by an Admin.
  const harder = force && record.removal?.force !== true;
  if (record.endedAtMs !== undefined || (record.removal !== undefined && !harder)) return undefined;
  await refuseQuorumLoss(store.read, record);
  const removal = {
    atMs: call.nowMs,
    reason: 'OperatorRemoved',
    by: call.actor,
    drain: true,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(force ? { force } : {}),
  } as const;
  const changes: Change[] = [{ kind: 'node.remove', nodeId: record.id, removal }];
  const shrinks = request.shrink && record.removal === undefined ? await shrink(store, record) : undefined;
  const place = shrinks === undefined ? '' : ` The pool shrinks to ${shrinks.size}.`;
  const text = `${call.actor} asked to remove the node: it is drained${terms({ timeoutMs, force })}, leaves and is cleaned.${place}`;
  const details = { shrink: String(request.shrink), force: String(force) };
  const planned = act(
    record,
    shrinks === undefined ? changes : [...changes, shrinks.change],
    'remove',
    'RemovalRequested',
    text,
    details,
  );
  const expect = [...(planned.expect ?? []), ...(shrinks === undefined ? [] : [shrinks.expect])];
  return { act: { ...planned, expect }, preview: { ...record, removal: record.removal ?? removal } };
}

export function planRetry(call: ProjectCall, record: NodeRecord): Plan {
  if (record.endedAtMs !== undefined) throw ended(record);
  const text = `${call.actor} asked to try what is parked again.`;
  const planned = act(record, [{ kind: 'node.retry', nodeId: record.id }], 'retry', 'RetryRequested', text);
  return { act: planned };
}

/** One fewer in a sized pool, in the same transaction. */
async function shrink(
  store: Store,
  record: NodeRecord,
): Promise<{ readonly size: number; readonly change: Change; readonly expect: Expectation } | undefined> {
  const pool = await store.read.pool(record.poolId);
  if (pool?.spec.size === undefined) return undefined;
  if (pool.spec.role === NodePoolRole.CONTROL_PLANE) {
    const description = 'must be false for a control plane: it keeps 1, 3 or 5 members';
    throw invalidArgument([{ field: 'shrink', description }], 'Leave it out: another machine takes the place.');
  }
  const { id, projectId, clusterId, clusterName, name, labels, templateRevision } = pool;
  const size = Math.max(0, pool.spec.size - 1);
  return {
    size,
    change: {
      kind: 'pool.spec',
      pool: { id, projectId, clusterId, clusterName, name, labels, templateRevision, spec: { ...pool.spec, size } },
    },
    expect: { kind: 'pool', id, version: pool.version },
  };
}

function act(
  record: NodeRecord,
  changes: readonly Change[],
  verb: string,
  reason: string,
  message: string,
  details: Readonly<Record<string, string>> = {},
): Act {
  return {
    changes,
    expect: [{ kind: 'node', id: record.id, version: record.version }],
    event: {
      resourceKind: 'node',
      resourceId: record.id,
      severity: EventSeverity.NORMAL,
      category: 'Lifecycle',
      reason,
      message,
    },
    audit: {
      action: `node.${verb}`,
      resourceKind: 'node',
      resourceId: record.id,
      details: { name: record.name, ...details },
    },
    response: record.id,
  };
}

interface DrainTerms {
  readonly timeoutMs: number | undefined;
  readonly force: boolean;
}

/** Deleting pods that a budget protects takes an Admin (product rule: forced drain). */
function forcedByAdmin(call: ProjectCall, wanted: DrainTerms): DrainTerms {
  if (!wanted.force || call.role === Role.ADMIN) return wanted;
  throw new FlotillaError('FORCE_NEEDS_ADMIN', 'A forced drain needs the role ADMIN in the project.', {
    kind: 'permission',
    remedy: 'Drain without force: what blocks is named, and waits for a person. Or ask an admin of the project.',
    violations: [{ field: 'drain.force', description: 'needs the role ADMIN' }],
  });
}

function terms({ timeoutMs, force }: DrainTerms): string {
  const within = timeoutMs === undefined ? '' : ` within ${formatDuration(timeoutMs)}`;
  return force ? `${within}, by force once the time is over` : within;
}

function refuseLeaving(record: NodeRecord): void {
  if (record.endedAtMs !== undefined) throw ended(record);
  if (record.removal === undefined) return;
  throw new FlotillaError('NODE_LEAVING', `The node ${record.name} leaves its cluster (${record.removal.reason}).`, {
    kind: 'precondition',
    remedy: `See how far it is: flotilla describe node ${record.name}`,
  });
}

function ended(record: NodeRecord): FlotillaError {
  return new FlotillaError('NODE_ENDED', `The node ${record.name} has left its cluster.`, {
    kind: 'precondition',
    remedy: 'See the nodes there are: flotilla get nodes',
  });
}
