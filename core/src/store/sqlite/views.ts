import { NodePoolRole, NodeState } from '@flotilla/proto';
import { sql } from 'kysely';
import type { RepairRecord } from '../../domain/health-records.js';
import type { NodeRecord } from '../../domain/records.js';
import type {
  ClusterView,
  ControlPlaneSeat,
  MachineView,
  NodeView,
  PoolCandidate,
  PoolView,
} from '../../domain/views.js';
import { labelsFrom, removalFrom } from '../json.js';
import { toCluster, toMachine, toNode, toPool, toProject, toRepair, toTarget } from '../rows.js';
import type { StoreViews } from '../store.js';
import { builder, type SqliteConnection } from './database.js';
import { clusterHealthView } from './view-health.js';
import { membersOf } from './view-members.js';

const candidatesMax = 2000;
const provisioned: number = NodeState.PROVISIONED;

/** Each view is one transaction, or a single statement: everything in it is of the same moment. */
export function sqliteViews(db: SqliteConnection): StoreViews {
  return {
    liveIds: async (kind, afterId, limit) => liveIds(db, kind, afterId, limit),
    cluster: async (id) => db.snapshot(() => clusterView(db, id)),
    pool: async (id) => db.snapshot(() => poolView(db, id)),
    node: async (id) => db.snapshot(() => nodeView(db, id)),
    machine: async (id) => db.snapshot(() => machineView(db, id)),
    clusterHealth: async (id) => db.snapshot(() => clusterHealthView(db, id)),
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
  project: 'gone_at is null',
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
    controlPlane: seatsOf(db, cluster.id),
    members: membersOf(db, id),
    candidates: candidatesOf(db, pool.projectId, id, specChangedAt),
  };
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
      'created_at',
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
    enrolledAtMs: row.created_at,
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

/** Members of the control plane, narrow: no status is read. */
function seatsOf(db: SqliteConnection, clusterId: string): ControlPlaneSeat[] {
  const query = builder
    .selectFrom('node')
    .innerJoin('machine', 'machine.id', 'node.machine_id')
    .select(['node.id', 'node.machine_id', 'node.name', 'node.state', 'node.ready', 'node.was_ready', 'node.removal'])
    .select(['node.created_at', 'machine.provider', 'machine.region', 'machine.zone'])
    .where('node.cluster_id', '=', clusterId)
    .where('node.ended_at', 'is', null)
    .where('node.role', '=', NodePoolRole.CONTROL_PLANE)
    .orderBy('node.created_at')
    .orderBy('node.id');
  return db.all(query).map((row) => {
    const joined = row.was_ready === 1 || row.state === provisioned;
    return {
      nodeId: row.id,
      machineId: row.machine_id,
      name: row.name,
      joined,
      running: joined && row.ready === 1,
      removing: row.removal !== null,
      claimedAtMs: row.created_at,
      provider: row.provider,
      region: row.region,
      zone: row.zone,
    };
  });
}

const seatsAround = (db: SqliteConnection, node: NodeRecord | undefined): ControlPlaneSeat[] =>
  node?.role === NodePoolRole.CONTROL_PLANE ? seatsOf(db, node.clusterId) : [];

const liveRepairOf = (db: SqliteConnection, nodeId: string): RepairRecord | undefined => {
  const query = builder.selectFrom('repair').selectAll().where('node_id', '=', nodeId).where('ended_at', 'is', null);
  const row = db.first(query);
  return row === undefined ? undefined : toRepair(row);
};

function nodeView(db: SqliteConnection, id: string): NodeView | undefined {
  const node = nodeOf(db, id);
  if (node === undefined) return undefined;
  const [pool, cluster, machine] = [
    poolOf(db, node.poolId),
    clusterOf(db, node.clusterId),
    machineOf(db, node.machineId),
  ];
  if (pool === undefined || cluster === undefined || machine === undefined) return undefined;
  const [target, repair, controlPlane] = [targetOf(db, node.machineId), liveRepairOf(db, id), seatsAround(db, node)];
  return { node, pool, cluster, machine, target, repair, controlPlane };
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
    repair: node === undefined ? undefined : liveRepairOf(db, node.id),
    controlPlane: seatsAround(db, node),
  };
}
