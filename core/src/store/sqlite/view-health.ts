import type { RepairRecord } from '../../domain/health-records.js';
import type { ClusterHealthView, HealthMember } from '../../domain/views.js';
import { nodeHealthFrom, pauseFrom } from '../json.js';
import { toCluster, toPool, toRepair } from '../rows.js';
import { builder, type SqliteConnection } from './database.js';

/** A cluster as the ladder and its breakers see it, in narrow rows: no status, no facts, no report is read. */
export function clusterHealthView(db: SqliteConnection, id: string): ClusterHealthView | undefined {
  const cluster = db.first(builder.selectFrom('cluster').selectAll().where('id', '=', id));
  if (cluster === undefined) return undefined;
  const pools = builder.selectFrom('pool').selectAll().where('cluster_id', '=', id).where('gone_at', 'is', null);
  return { cluster: toCluster(cluster), pools: db.all(pools.orderBy('id')).map(toPool), members: members(db, id) };
}

function members(db: SqliteConnection, clusterId: string): HealthMember[] {
  const live = liveRepairs(db, clusterId);
  const last = lastRepairs(db, clusterId);
  return db.all(memberRows(clusterId)).map((row) => ({
    nodeId: row.id,
    nodeVersion: row.version,
    nodeName: row.name,
    poolId: row.pool_id,
    role: row.role,
    machineId: row.machine_id,
    machineName: row.machine_name,
    provider: row.provider,
    region: row.region,
    zone: row.zone,
    state: row.state,
    removing: row.removal !== null,
    claimedAtMs: row.created_at,
    wasReady: row.was_ready === 1,
    ready: row.ready === 1,
    session: row.session,
    lastSeenAtMs: row.last_seen_at ?? undefined,
    health: nodeHealthFrom(row.health),
    quarantined: row.quarantined === 1,
    remediationDisabled: row.remediation_disabled === 1,
    pause: pauseFrom(row.pause),
    repair: live.get(row.id),
    lastRepair: last.get(row.id),
  }));
}

function memberRows(clusterId: string) {
  return builder
    .selectFrom('node')
    .innerJoin('machine', 'machine.id', 'node.machine_id')
    .select(['node.id', 'node.version', 'node.name', 'node.pool_id', 'node.role', 'node.machine_id'])
    .select(['node.machine_name', 'node.state', 'node.removal', 'node.created_at', 'node.was_ready', 'node.ready'])
    .select(['node.health', 'machine.provider', 'machine.region', 'machine.zone', 'machine.session'])
    .select(['machine.last_seen_at', 'machine.quarantined', 'machine.remediation_disabled', 'machine.pause'])
    .where('node.cluster_id', '=', clusterId)
    .where('node.ended_at', 'is', null)
    .orderBy('node.id');
}

function liveRepairs(db: SqliteConnection, clusterId: string): ReadonlyMap<string, RepairRecord> {
  const query = builder.selectFrom('repair').selectAll().where('cluster_id', '=', clusterId);
  return new Map(db.all(query.where('ended_at', 'is', null)).map((row) => [row.node_id, toRepair(row)]));
}

/** The newest run that has ended of each live node. */
function lastRepairs(db: SqliteConnection, clusterId: string): ReadonlyMap<string, RepairRecord> {
  const query = builder
    .selectFrom('repair')
    .innerJoin('node', 'node.id', 'repair.node_id')
    .selectAll('repair')
    .where('repair.cluster_id', '=', clusterId)
    .where('repair.ended_at', 'is not', null)
    .where('node.ended_at', 'is', null)
    .where('repair.started_at', '=', (eb) =>
      eb
        .selectFrom('repair as later')
        .select((max) => max.fn.max('later.started_at').as('newest'))
        .whereRef('later.node_id', '=', 'repair.node_id')
        .where('later.ended_at', 'is not', null),
    );
  return new Map(db.all(query).map((row) => [row.node_id, toRepair(row)]));
}
