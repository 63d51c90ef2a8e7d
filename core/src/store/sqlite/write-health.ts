import type { RepairRecord } from '../../domain/health-records.js';
import { plainText } from '../json.js';
import { builder } from './database.js';
import { conflict, notFound, type WriteContext, type WritersOf } from './write-context.js';
import { touchAround } from './write-nodes.js';

/** What is known of health, what is done about it, and who asked for peace. None but a pause moves a version. */
export const healthWriters: WritersOf<'node.health' | 'scope.health' | 'repair.open' | 'repair.update' | 'pause.set'> =
  {
    'node.health': ({ nodeId, health }, ctx) => {
      ctx.db.run(
        builder
          .updateTable('node')
          .set({ health: plainText(health) })
          .where('id', '=', nodeId),
      );
      touchAround(nodeId, ctx);
      ctx.touch('node', nodeId);
    },

    'scope.health': ({ of, id, health }, ctx) => {
      const changed = ctx.db.run(
        builder
          .updateTable(of)
          .set({ health: plainText(health) })
          .where('id', '=', id),
      );
      if (changed === 0) throw notFound(of, id);
      ctx.touch(of, id);
    },

    'repair.open': ({ repair }, ctx) => {
      const live = builder.selectFrom('repair').select('id').where('node_id', '=', repair.nodeId);
      const open = ctx.db.first(live.where('ended_at', 'is', null));
      if (open !== undefined) throw conflict(`node ${repair.nodeId} is under repair already (${open.id})`);
      ctx.db.run(builder.insertInto('repair').values({ id: repair.id, version: 1, ...columnsOf(repair) }));
      written(repair, 1, ctx);
    },

    'repair.update': ({ repair }, ctx) => {
      const query = builder
        .updateTable('repair')
        .set((eb) => ({ version: eb('version', '+', 1), ...columnsOf(repair) }))
        .where('id', '=', repair.id)
        .returning('version');
      const row = ctx.db.first(query);
      if (row === undefined) throw notFound('repair', repair.id);
      written(repair, row.version, ctx);
    },

    'pause.set': ({ of, id, pause }, ctx) => {
      ctx.db.run(
        builder
          .updateTable(of)
          .set({ pause: plainText(pause) })
          .where('id', '=', id),
      );
      ctx.bump(of, id);
      if (of === 'machine') ctx.touchHealthOf(id);
      else ctx.touch('health', of === 'cluster' ? id : clusterOfPool(id, ctx));
    },
  };

function columnsOf(repair: Omit<RepairRecord, 'version' | 'id'>) {
  return {
    project_id: repair.projectId,
    cluster_id: repair.clusterId,
    pool_id: repair.poolId,
    node_id: repair.nodeId,
    machine_id: repair.machineId,
    cause: repair.cause,
    rung: repair.rung,
    attempt: repair.attempt,
    state: repair.state,
    message: repair.message,
    started_at: repair.startedAtMs,
    rung_started_at: repair.rungStartedAtMs,
    rung_deadline_at: repair.rungDeadlineAtMs,
    boot_id: repair.bootId,
    ended_at: repair.endedAtMs ?? null,
    history: JSON.stringify(repair.history),
  };
}

function written(repair: Pick<RepairRecord, 'id' | 'nodeId'>, version: number, ctx: WriteContext): void {
  ctx.versions[`repair:${repair.id}`] = version;
  ctx.touch('repair', repair.id);
  touchAround(repair.nodeId, ctx);
}

function clusterOfPool(poolId: string, ctx: WriteContext): string {
  const row = ctx.db.first(builder.selectFrom('pool').select('cluster_id').where('id', '=', poolId));
  if (row === undefined) throw notFound('pool', poolId);
  return row.cluster_id;
}
