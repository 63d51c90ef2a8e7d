import {
  ClusterState,
  MachineState,
  MachineTarget,
  NodePoolRole,
  NodePoolState,
  NodeState,
  SessionState,
} from '@flotilla/proto';
import type { ClusterRecord, MachineRecord, NodeRecord, PoolRecord, TargetRecord } from '../domain/records.js';
import type { MachineView, PoolCandidate, PoolMember, PoolView } from '../domain/views.js';
import { someCluster, someMachine, someNode, someNodeStatus, somePool, type PoolWish } from './samples.js';

/** Records by value, for tables of world and plan. */
const meta = { version: 1, createdAtMs: 1000, updatedAtMs: 1000 };

export function aClusterRecord(over: Partial<ClusterRecord> = {}): ClusterRecord {
  return {
    ...meta,
    ...someCluster('prj_a', 'clu_a', { name: 'prod' }),
    deleteRequestedAtMs: undefined,
    goneAtMs: undefined,
    status: {
      state: ClusterState.PROVISIONED,
      reason: '',
      message: '',
      conditions: [],
      endpoint: '10.0.0.5:6443',
      caCertHashes: [`sha256:${'a'.repeat(64)}`],
      nodesTotal: 1,
      nodesRunning: 1,
      initNodeId: 'nod_init',
      provisionedAtMs: 1000,
    },
    access: {
      clientSpki: new Uint8Array([7]),
      sealedClientKey: new Uint8Array([1]),
      sealedCertificateKey: new Uint8Array([2]),
      caCertificate: 'ca',
      clientCertificate: 'client',
    },
    ...over,
  };
}

export function aPoolRecord(wish: PoolWish = {}, over: Partial<PoolRecord> = {}): PoolRecord {
  const cluster = someCluster('prj_a', 'clu_a', { name: 'prod' });
  return {
    ...meta,
    ...somePool(cluster, 'pol_a', { name: 'web', ...wish }),
    deleteRequestedAtMs: undefined,
    goneAtMs: undefined,
    status: {
      state: NodePoolState.RUNNING,
      reason: '',
      message: '',
      conditions: [],
      nodesTotal: 0,
      nodesRunning: 0,
      missing: 0,
      mismatches: [],
    },
    ...over,
  };
}

export function aMachineRecord(over: Partial<MachineRecord> = {}): MachineRecord {
  return {
    ...meta,
    ...someMachine('prj_a', 'mch_a', { name: 'web-1' }),
    quarantined: false,
    quarantineReason: '',
    retireRequestedAtMs: undefined,
    status: { state: MachineState.AVAILABLE, reason: '', message: '', conditions: [] },
    nodeId: '',
    observed: undefined,
    observedAtMs: undefined,
    session: SessionState.CONNECTED,
    lastSeenAtMs: 1000,
    ...over,
  };
}

export function aNodeRecord(over: Partial<NodeRecord> = {}): NodeRecord {
  const pool = aPoolRecord();
  return {
    ...meta,
    ...someNode(pool, someMachine('prj_a', 'mch_a', { name: 'web-1' }), 'nod_a'),
    name: 'web-1',
    removal: undefined,
    retryCount: 0,
    status: someNodeStatus(NodeState.PENDING),
    endedAtMs: undefined,
    ...over,
  };
}

export function aTarget(target: Partial<MachineTarget>, generation = 1): TargetRecord {
  return { machineId: 'mch_a', generation, target: MachineTarget.create(target), writtenAtMs: 1000 };
}

export function aMachineView(over: Partial<MachineView> = {}): MachineView {
  return {
    machine: aMachineRecord({ nodeId: 'nod_a' }),
    target: undefined,
    node: aNodeRecord(),
    pool: aPoolRecord(),
    cluster: aClusterRecord(),
    ...over,
  };
}

export function aMember(nodeId: string, over: Partial<PoolMember> = {}): PoolMember {
  return {
    nodeId,
    version: 1,
    machineId: nodeId.replace('nod', 'mch'),
    name: nodeId,
    role: NodePoolRole.WORKER,
    state: NodeState.RUNNING,
    templateRevision: 1,
    claimedAtMs: 1000,
    removing: false,
    ready: true,
    schedulable: true,
    warning: '',
    quarantined: false,
    retireRequested: false,
    ...over,
  };
}

export function aCandidate(machineId: string, over: Partial<PoolCandidate> = {}): PoolCandidate {
  return {
    machineId,
    version: 1,
    name: machineId,
    state: MachineState.AVAILABLE,
    session: SessionState.CONNECTED,
    wantedPoolId: '',
    labels: {},
    os: 'debian',
    arch: 'amd64',
    cpus: 4,
    memoryBytes: 8 * 1024 ** 3,
    diskBytes: 100 * 1024 ** 3,
    provider: '',
    region: '',
    zone: '',
    quarantined: false,
    retireRequested: false,
    removedByOperator: false,
    ...over,
  };
}

export function aPoolView(over: Partial<PoolView> = {}): PoolView {
  return {
    pool: aPoolRecord(),
    cluster: aClusterRecord(),
    controlPlaneMissing: 0,
    members: [],
    candidates: [],
    ...over,
  };
}
