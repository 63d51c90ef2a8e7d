import { NodePoolRole, NodeState } from '@flotilla/proto';
import { sql } from 'kysely';
import type { ClusterView, MachineView, NodeView, PoolCandidate, PoolMember, PoolView } from '../../domain/views.js';
import { labelsFrom, removalFrom } from '../json.js';
import { toCluster, toMachine, toNode, toPool, toProject, toTarget } from '../rows.js';
import type { StoreViews } from '../store.js';
import { builder, type SqliteConnection } from './database.js';

const candidatesMax = 2000;

/** Each view is one transaction, or a single statement: everything in it is of the same moment. */
export function sqliteViews(db: SqliteConnection): StoreViews {
  return {
    liveIds: async (kind, afterId, limit) => liveIds(db, kind, afterId, limit),
    cluster: async (id) => db.snapshot(() => clusterView(db, id)),
    pool: async (id) => db.snapshot(() => poolView(db, id)),
    node: async (id) => db.snapshot(() => nodeView(db, id)),
    machine: async (id) => db.snapshot(() => machineView(db, id)),
    nodeIdsOf: async (of) => {
      const live = builder.selectFrom('node').select('id').where('ended_at', 'is', null).orderBy('id');
      const query =
        'poolId' in of ? live.where('pool_id', '=', of.poolId) : live.where('cluster_id', '=', of.clusterId);
      return db.all(query).map((row) => row.id);
    },
    nodeNames: async (clusterId) => {
      const query = builder
        .selectFrom('node')
        .select(['id', 'name', 'machine_id'])
        .where('cluster_id', '=', clusterId)
        .where('ended_at', 'is', null);
      return new Map(db.all(query).map((row) => [row.name, { nodeId: row.id, machineId: row.machine_id }]));
    },
  };
}

const live = {
  cluster: 'gone_at is null',
  pool: 'gone_at is null',
  node: 'ended_at is null',
  machine: 'state <> 6',
} as const;

function liveIds(db: SqliteConnection, kind: keyof typeof live, afterId: string, limit: number): readonly string[] {
  const query = builder
    .selectFrom(kind)
    .select('id')
    .where('id', '>', afterId)
    .where(sql.raw<boolean>(live[kind]))
    .orderBy('id')
    .limit(limit);
  return db.all(query).map((row) => row.id);
}

const clusterOf = (db: SqliteConnection, id: string) => {
  const row = db.first(builder.selectFrom('cluster').selectAll().where('id', '=', id));
  return row === undefined ? undefined : toCluster(row);
};
const poolOf = (db: SqliteConnection, id: string) => {
  const row = db.first(builder.selectFrom('pool').selectAll().where('id', '=', id));
  return row === undefined ? undefined : toPool(row);
};
const machineOf = (db: SqliteConnection, id: string) => {
  const row = db.first(builder.selectFrom('machine').selectAll().where('id', '=', id));
  return row === undefined ? undefined : toMachine(row);
};
const nodeOf = (db: SqliteConnection, id: string) => {
  const row = db.first(builder.selectFrom('node').selectAll().where('id', '=', id));
  return row === undefined ? undefined : toNode(row);
};
const targetOf = (db: SqliteConnection, machineId: string) => {
  const row = db.first(builder.selectFrom('target').selectAll().where('machine_id', '=', machineId));
  return row === undefined ? undefined : toTarget(row);
};

function clusterView(db: SqliteConnection, id: string): ClusterView | undefined {
  const cluster = clusterOf(db, id);
  if (cluster === undefined) return undefined;
  const project = db.first(builder.selectFrom('project').selectAll().where('id', '=', cluster.projectId));
  if (project === undefined) return undefined;
  const pools = builder.selectFrom('pool').selectAll().where('cluster_id', '=', id).where('gone_at', 'is', null);
  const nodes = builder.selectFrom('node').where('cluster_id', '=', id).where('ended_at', 'is', null);
  const controlPlane = nodes
    .selectAll()
    .where('role', '=', NodePoolRole.CONTROL_PLANE)
    .orderBy('created_at')
    .orderBy('id');
  const running = [NodeState.RUNNING, NodeState.RUNNING_SCHEDULING_DISABLED];
  const count = (query: typeof nodes): number =>
    db.first(query.select((eb) => eb.fn.countAll<number>().as('n')))?.n ?? 0;
  return {
    cluster,
    project: toProject(project),
    pools: db.all(pools.orderBy('id')).map(toPool),
    controlPlane: db.all(controlPlane).flatMap((row) => {
      const machine = machineOf(db, row.machine_id);
      return machine === undefined ? [] : [{ node: toNode(row), machine }];
    }),
    nodesTotal: count(nodes),
    nodesRunning: count(nodes.where('state', 'in', running)),
  };
}

function poolView(db: SqliteConnection, id: string): PoolView | undefined {
  const pool = poolOf(db, id);
  const cluster = pool === undefined ? undefined : clusterOf(db, pool.clusterId);
  if (pool === undefined || cluster === undefined) return undefined;
  const changed = db.first(builder.selectFrom('pool').select('spec_changed_at').where('id', '=', id));
  const specChangedAt = changed?.spec_changed_at ?? 0;
  return {
    pool,
    cluster,
    controlPlaneMissing: controlPlaneMissing(db, cluster.id),
    members: membersOf(db, id),
    candidates: candidatesOf(db, pool.projectId, id, specChangedAt),
  };
}

function membersOf(db: SqliteConnection, poolId: string): PoolMember[] {
  const query = builder
    .selectFrom('node')
    .innerJoin('machine', 'machine.id', 'node.machine_id')
    .select([
      'node.id',
      'node.version',
      'node.machine_id',
      'node.name',
      'node.role',
      'node.state',
      'node.template_revision',
      'node.created_at',
      'node.removal',
      'node.ready',
      'node.schedulable',
      'node.warning',
      'machine.quarantined',
      'machine.retire_requested_at',
    ])
    .where('node.pool_id', '=', poolId)
    .where('node.ended_at', 'is', null)
    .orderBy('node.id');
  return db.all(query).map((row) => ({
    nodeId: row.id,
    version: row.version,
    machineId: row.machine_id,
    name: row.name,
    role: row.role,
    state: row.state,
    templateRevision: row.template_revision,
    claimedAtMs: row.created_at,
    removing: removalFrom(row.removal) !== undefined,
    ready: row.ready === 1,
    schedulable: row.schedulable === 1,
    warning: row.warning,
    quarantined: row.quarantined === 1,
    retireRequested: row.retire_requested_at !== null,
  }));
}

function candidatesOf(
  db: SqliteConnection,
  projectId: string,
  poolId: string,
  specChangedAtMs: number,
): PoolCandidate[] {
  const query = builder
    .selectFrom('machine')
    .select([
      'id',
      'version',
      'name',
      'state',
      'session',
      'wanted_pool_id',
      'labels',
      'os',
      'arch',
      'cpus',
      'memory_bytes',
      'disk_bytes',
      'provider',
      'region',
      'zone',
      'quarantined',
      'retire_requested_at',
    ])
    .where('project_id', '=', projectId)
    .where(sql.raw<boolean>("node_id = '' and state <> 6"))
    .where('wanted_pool_id', 'in', ['', poolId])
    .orderBy('id')
    .limit(candidatesMax);
  const removed = removedByOperator(db, poolId, specChangedAtMs);
  return db.all(query).map((row) => ({
    machineId: row.id,
    version: row.version,
    name: row.name,
    state: row.state,
    session: row.session,
    wantedPoolId: row.wanted_pool_id,
    labels: labelsFrom(row.labels),
    os: row.os,
    arch: row.arch,
    cpus: row.cpus,
    memoryBytes: row.memory_bytes,
    diskBytes: row.disk_bytes,
    provider: row.provider,
    region: row.region,
    zone: row.zone,
    quarantined: row.quarantined === 1,
    retireRequested: row.retire_requested_at !== null,
    removedByOperator: removed.has(row.id),
  }));
}

/** Machines that an operator took out of the pool since its spec was last changed. */
function removedByOperator(db: SqliteConnection, poolId: string, sinceMs: number): ReadonlySet<string> {
  const query = builder
    .selectFrom('node')
    .select(['machine_id', 'removal'])
    .where('pool_id', '=', poolId)
    .where('ended_at', '>=', sinceMs);
  const rows = db.all(query).map((row) => ({ machineId: row.machine_id, removal: removalFrom(row.removal) }));
  const byOperator = rows.filter(({ removal }) => removal?.reason === 'OperatorRemoved' && removal.atMs >= sinceMs);
  return new Set(byOperator.map((row) => row.machineId));
}

/** How many machines the control plane of the cluster still lacks: it comes first. */
function controlPlaneMissing(db: SqliteConnection, clusterId: string): number {
  const pools = builder
    .selectFrom('pool')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('role', '=', NodePoolRole.CONTROL_PLANE)
    .where('gone_at', 'is', null)
    .where('delete_requested_at', 'is', null);
  return db.all(pools).reduce((missing, row) => {
    const size = toPool(row).spec.size ?? 0;
    const members = membersOf(db, row.id).filter((m) => !m.removing).length;
    return missing + Math.max(0, size - members);
  }, 0);
}

function nodeView(db: SqliteConnection, id: string): NodeView | undefined {
  const node = nodeOf(db, id);
  if (node === undefined) return undefined;
  const [pool, cluster, machine] = [
    poolOf(db, node.poolId),
    clusterOf(db, node.clusterId),
    machineOf(db, node.machineId),
  ];
  if (pool === undefined || cluster === undefined || machine === undefined) return undefined;
  return { node, pool, cluster, machine, target: targetOf(db, node.machineId) };
}

function machineView(db: SqliteConnection, id: string): MachineView | undefined {
  const machine = machineOf(db, id);
  if (machine === undefined) return undefined;
  const node = machine.nodeId === '' ? undefined : nodeOf(db, machine.nodeId);
  return {
    machine,
    target: targetOf(db, id),
    node,
    pool: node === undefined ? undefined : poolOf(db, node.poolId),
    cluster: node === undefined ? undefined : clusterOf(db, node.clusterId),
  };
}
