import { FlotillaError } from '@flotilla/kit';
import type { NodeRemoval } from '../../domain/records.js';
import { nodeTransitions } from '../../domain/states.js';
import { firstStatus, nodeStatusText, plainText, removalFrom } from '../json.js';
import { builder } from './database.js';
import { endRepair } from './end-repair.js';
import { notFound, type WriteContext, type WritersOf } from './write-context.js';

const pending = 1;
/** Reason of a node whose host could not take the new settings. */
const updateParked = 'UpdateParked';

/** Nodes: the membership of a machine in a pool. */
export const nodeWriters: WritersOf<
  | 'node.claim'
  | 'node.release'
  | 'node.remove'
  | 'node.retry'
  | 'node.status'
  | 'node.rollout'
  | 'node.cordon'
  | 'node.drain'
  | 'node.replace'
  | 'node.yield'
> = {
  'node.claim': ({ node }, ctx) => {
    const taken = ctx.db.run(
      builder
        .updateTable('machine')
        .set({ node_id: node.id })
        .where('id', '=', node.machineId)
        .where('node_id', '=', ''),
    );
    if (taken === 0) {
      throw new FlotillaError('MACHINE_TAKEN', `machine ${node.machineName} already is a node`, {
        kind: 'conflict',
        retry: 'now',
      });
    }
    ctx.bump('machine', node.machineId);
    ctx.db.run(
      builder.insertInto('node').values({
        id: node.id,
        project_id: node.projectId,
        cluster_id: node.clusterId,
        cluster_name: node.clusterName,
        pool_id: node.poolId,
        pool_name: node.poolName,
        machine_id: node.machineId,
        machine_name: node.machineName,
        name: node.machineName,
        role: node.role,
        template_revision: node.templateRevision,
        kubernetes_version: node.kubernetesVersion,
        removal: null,
        retry_count: 0,
        cordon: null,
        drain: null,
        replace: null,
        health: null,
        was_ready: 0,
        observed_revision: 0,
        update_parked: 0,
        state: pending,
        ready: 0,
        schedulable: 0,
        warning: '',
        status: firstStatus.node,
        ended_at: null,
        version: 1,
        created_at: ctx.nowMs,
        updated_at: ctx.nowMs,
      }),
    );
    ctx.created('node', node.id);
    touchAround(node.id, ctx);
  },

  'node.release': ({ nodeId, removal }, ctx) => remove(nodeId, removal, ctx),
  'node.remove': ({ nodeId, removal }, ctx) => remove(nodeId, removal, ctx),

  'node.retry': ({ nodeId }, ctx) => {
    ctx.db.run(
      builder
        .updateTable('node')
        .set((eb) => ({ retry_count: eb('retry_count', '+', 1) }))
        .where('id', '=', nodeId),
    );
    ctx.bump('node', nodeId);
    touchAround(nodeId, ctx);
  },

  'node.rollout': ({ nodeId, templateRevision }, ctx) => wish(nodeId, { template_revision: templateRevision }, ctx),
  'node.cordon': ({ nodeId, cordon }, ctx) => wish(nodeId, { cordon: plainText(cordon) }, ctx),
  'node.drain': ({ nodeId, drain }, ctx) => wish(nodeId, { drain: plainText(drain) }, ctx),
  'node.replace': ({ nodeId, replace }, ctx) => wish(nodeId, { replace: plainText(replace) }, ctx),
  'node.yield': ({ nodeId, wish: which }, ctx) =>
    wish(nodeId, which === 'cordon' ? { cordon: null } : { drain: null }, ctx),

  'node.status': ({ nodeId, status, ended }, ctx) => {
    ctx.checkMove('node', nodeId, nodeTransitions, status.state);
    const set = {
      state: status.state,
      status: nodeStatusText(status),
      ready: status.kubernetesReady ? 1 : 0,
      schedulable: status.schedulable ? 1 : 0,
      warning: status.warning,
      was_ready: status.readyAtMs === undefined ? 0 : 1,
      observed_revision: status.observedTemplateRevision,
      update_parked: status.reason === updateParked ? 1 : 0,
      ...(ended ? { ended_at: ctx.nowMs } : {}),
    };
    ctx.db.run(builder.updateTable('node').set(set).where('id', '=', nodeId));
    ctx.bump('node', nodeId);
    touchAround(nodeId, ctx);
    if (!ended) return;
    endRepair(nodeId, ctx);
    const free = builder.updateTable('machine').set({ node_id: '' }).where('node_id', '=', nodeId).returning('id');
    for (const { id } of ctx.db.all(free)) ctx.bump('machine', id);
  },
};

type Wish = Partial<Record<'cordon' | 'drain' | 'replace', string | null>> & { readonly template_revision?: number };

function wish(nodeId: string, set: Wish, ctx: WriteContext): void {
  ctx.db.run(builder.updateTable('node').set(set).where('id', '=', nodeId));
  ctx.bump('node', nodeId);
  touchAround(nodeId, ctx);
}

/**
 * The first wish to remove stands; a later one of another reason changes nothing, but may set a new deadline and force
 * what the first one left to the pods' budgets.
 */
function remove(nodeId: string, removal: NodeRemoval, ctx: WriteContext): void {
  const stored = ctx.db.first(builder.selectFrom('node').select('removal').where('id', '=', nodeId));
  const first = removalFrom(stored?.removal ?? null);
  const timeout = removal.timeoutMs === undefined ? {} : { timeoutMs: removal.timeoutMs };
  const harder = removal.force === true ? { ...timeout, force: true } : {};
  const text = plainText(first === undefined ? removal : { ...first, ...harder });
  ctx.db.run(builder.updateTable('node').set({ removal: text }).where('id', '=', nodeId));
  ctx.bump('node', nodeId);
  const { machineId } = touchAround(nodeId, ctx);
  const keeps = first === undefined && removal.preserve === true;
  const kept = {
    quarantined: 1,
    preserved: 1,
    quarantine_reason: `${removal.reason}: no repair helped`,
  };
  // Unbound, or an open pool would take the machine back at once.
  const set = { wanted_pool_id: '', ...(keeps ? kept : {}) };
  ctx.db.run(builder.updateTable('machine').set(set).where('id', '=', machineId));
  ctx.bump('machine', machineId);
}

/** Whoever decides about the pool, the cluster and the machine has something to look at. */
export function touchAround(nodeId: string, ctx: WriteContext): { readonly machineId: string } {
  const row = ctx.db.first(
    builder.selectFrom('node').select(['pool_id', 'cluster_id', 'machine_id']).where('id', '=', nodeId),
  );
  if (row === undefined) throw notFound('node', nodeId);
  ctx.touch('pool', row.pool_id);
  ctx.touch('cluster', row.cluster_id);
  ctx.touch('machine', row.machine_id);
  ctx.touch('health', row.cluster_id);
  return { machineId: row.machine_id };
}
