import {
  ClusterState,
  MachineState,
  MachineTarget,
  NodePoolRole,
  NodePoolState,
  NodeState,
  RepairRung,
  RepairState,
  SessionState,
} from '@flotilla/proto';
import type {
  ClusterRecord,
  MachineRecord,
  NodeRecord,
  PoolRecord,
  ProjectRecord,
  TargetRecord,
} from '../domain/records.js';
import type { RepairRecord } from '../domain/health-records.js';
import type { ControlPlaneSeat, MachineView, NodeView, PoolCandidate, PoolMember, PoolView } from '../domain/views.js';
import type { KubernetesNodeFacts, NodeFacts } from '../plan/node-facts.js';
import {
  sampleVersion,
  someCluster,
  someMachine,
  someNode,
  someNodeStatus,
  somePool,
  type PoolWish,
} from './samples.js';

/** Records by value, for tables of world and plan. */
const meta = { version: 1, createdAtMs: 1000, updatedAtMs: 1000 };

export function aProjectRecord(over: Partial<ProjectRecord> = {}): ProjectRecord {
  const open = { deleteRequestedAtMs: undefined, goneAtMs: undefined };
  return { ...meta, id: 'prj_a', name: 'default', displayName: '', labels: {}, ...open, ...over };
}

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
      controlPlaneReplicas: 1,
      controlPlaneRunning: 1,
      missingRights: [],
    },
    pause: undefined,
    health: undefined,
    access: {
      clientSpki: new Uint8Array([7]),
      sealedClientKey: new Uint8Array([1]),
      sealedCertificateKey: new Uint8Array([2]),
      caCertificate: 'ca',
      clientCertificate: 'client',
      sealedKubeconfig: new Uint8Array(),
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
      nodesUpdated: 0,
    },
    rolloutRevision: 1,
    pause: undefined,
    health: undefined,
    ...over,
  };
}

export function aMachineRecord(over: Partial<MachineRecord> = {}): MachineRecord {
  return {
    ...meta,
    ...someMachine('prj_a', 'mch_a', { name: 'web-1' }),
    quarantined: false,
    quarantineReason: '',
    remediationDisabled: false,
    preserved: false,
    pause: undefined,
    health: undefined,
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
    cordon: undefined,
    drain: undefined,
    replace: undefined,
    health: undefined,
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
    repair: undefined,
    controlPlane: [],
    ...over,
  };
}

/** A member of the control plane that runs. */
export function aSeat(nodeId: string, over: Partial<ControlPlaneSeat> = {}): ControlPlaneSeat {
  return {
    nodeId,
    machineId: nodeId.replace('nod', 'mch'),
    name: nodeId.replace('nod_', ''),
    joined: true,
    running: true,
    removing: false,
    claimedAtMs: 1000,
    provider: '',
    region: '',
    zone: '',
    ...over,
  };
}

/** A run of the ladder that has just begun. */
export function aRepair(over: Partial<RepairRecord> = {}): RepairRecord {
  return {
    id: 'rep_a',
    version: 1,
    projectId: 'prj_a',
    clusterId: 'clu_a',
    poolId: 'pol_a',
    nodeId: 'nod_a',
    machineId: 'mch_a',
    cause: 'KubeletUnhealthy',
    rung: RepairRung.RESTART_KUBELET,
    attempt: 1,
    state: RepairState.RUNNING,
    message: 'The kubelet is restarted.',
    startedAtMs: 1000,
    rungStartedAtMs: 1000,
    rungDeadlineAtMs: 61_000,
    bootId: 'boot',
    endedAtMs: undefined,
    history: [],
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
    observedTemplateRevision: 1,
    kubernetesVersion: sampleVersion,
    replace: undefined,
    replaceTerms: undefined,
    session: SessionState.CONNECTED,
    updateParked: false,
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
    enrolledAtMs: 1000,
    ...over,
  };
}

export function aPoolView(over: Partial<PoolView> = {}): PoolView {
  return {
    pool: aPoolRecord(),
    cluster: aClusterRecord(),
    controlPlaneMissing: 0,
    controlPlane: [],
    members: [],
    candidates: [],
    ...over,
  };
}

export function aNodeView(over: Partial<NodeView> = {}): NodeView {
  return {
    node: aNodeRecord(),
    pool: aPoolRecord(),
    cluster: aClusterRecord(),
    machine: aMachineRecord({ nodeId: 'nod_a' }),
    target: undefined,
    repair: undefined,
    controlPlane: [],
    ...over,
  };
}

/** A Node object of ours that is Ready. */
export function aKubernetesNode(over: Partial<KubernetesNodeFacts> = {}): KubernetesNodeFacts {
  return {
    uid: 'uid-1',
    labels: {},
    annotations: {},
    taints: [],
    resourceVersion: '1',
    providerId: 'flotilla://mch_a',
    unschedulable: false,
    kubeletVersion: sampleVersion,
    internalAddress: '10.0.0.10',
    ready: true,
    readyReason: 'KubeletReady',
    readyMessage: '',
    networkReady: true,
    ...over,
  };
}

/** The agent is heard and the API server answers. */
export function someNodeFacts(over: Partial<NodeFacts> = {}): NodeFacts {
  return {
    now: { wallMs: 1_000_000, monotonicMs: 1_000_000 },
    live: { connected: true, lastHeardMs: 1_000_000, watchedSinceMs: 0, deadlineMs: 15_000, ownStallMs: 0 },
    clusterKnown: true,
    kubernetes: aKubernetesNode(),
    drain: undefined,
    hold: undefined,
    networkProblem: '',
    effectProblem: '',
    tokenHeld: false,
    tokenUsable: false,
    ...over,
  };
}
