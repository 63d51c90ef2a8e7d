import {
  Cluster,
  ClusterState,
  ConditionStatus,
  HealthVerdict,
  Machine,
  MachineState,
  Node,
  NodeHealth,
  NodePool,
  NodePoolState,
  NodeState,
  SessionState,
  StepReport,
  StepState,
} from '@flotilla/proto';
import { ago } from './fake-env.js';

const day = 86_400;

/** Phases up to `phase` at `index` of 11; those before it are done, each in 1.2 s. */
export function phasesUpTo(index: number, state: StepState, changes: Partial<StepReport> = {}): StepReport[] {
  const names = [
    'enroll',
    'assign',
    'preflight',
    'prepare-host',
    'install-runtime',
    'install-kubernetes',
    'load-images',
    'join',
    'register',
    'network-ready',
    'ready',
  ];
  return names.map((phase, at) => {
    const number = at + 1;
    const base = { phase, index: number, total: 11, attempt: 1, problems: [], step: '', progress: '' };
    if (number < index)
      return StepReport.create({
        ...base,
        state: StepState.DONE,
        startTime: ago(60 - number),
        endTime: ago(58.8 - number),
      });
    if (number > index) return StepReport.create({ ...base, state: StepState.WAITING });
    const done = state === StepState.DONE ? { endTime: ago(58.8 - number) } : {};
    return StepReport.create({
      ...base,
      state,
      startTime: state === StepState.DONE ? ago(60 - number) : ago(4),
      ...done,
      ...changes,
    });
  });
}

export const demo = Cluster.create({
  meta: { id: 'clu_4k2', name: 'demo', project: 'default', createTime: ago(90 * day), labels: { team: 'shop' } },
  spec: {
    kubernetesVersion: 'v1.34.4',
    cni: 2,
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/12',
    clusterDomain: 'cluster.local',
    controlPlaneKind: 1,
  },
  status: {
    state: ClusterState.PROVISIONED,
    endpoint: '10.77.0.11:6443',
    kubernetesVersion: 'v1.34.4',
    nodesTotal: 3,
    nodesRunning: 3,
    controlPlaneReplicas: 1,
    controlPlaneRunning: 1,
  },
});

export const workers = NodePool.create({
  meta: { id: 'pol_w1', name: 'workers', project: 'default', createTime: ago(3 * day), etag: 'v7' },
  cluster: 'demo',
  spec: { role: 1, size: 3, template: { kubernetesVersion: 'v1.34.4', labels: { tier: 'web' } } },
  status: {
    state: NodePoolState.SCALING_UP,
    nodesTotal: 2,
    nodesRunning: 2,
    nodesHealthy: 2,
    nodesUpdated: 2,
    missing: 1,
    templateRevision: 2n,
    mismatches: [{ machineId: 'mch_9', machineName: 'tiny', reasons: ['has 1 cpu, at least 2 wanted'] }],
  },
});

/** A machine called `name`, in use, heard two seconds ago. */
export function machine(name: string, place: { provider: string; region: string }): Machine {
  return Machine.create({
    meta: { id: `mch_${name}`, name, project: 'default', createTime: ago(3 * day) },
    spec: { location: { ...place, zone: '' } },
    status: {
      state: MachineState.IN_USE,
      session: SessionState.CONNECTED,
      lastSeenTime: ago(2),
      nodeId: `nod_${name}`,
      facts: {
        osId: 'debian',
        osVersion: '12',
        osName: 'Debian 12',
        arch: 'amd64',
        cpus: 4,
        memoryBytes: 8_268_000_000n,
        nodeAddress: '10.77.0.12',
        agentVersion: '0.1.0',
        kernel: '6.1.0',
      },
    },
  });
}

/** A running node on {@link machine}. */
export function runningNode(name: string, pool: string): Node {
  return Node.create({
    meta: { id: `nod_${name}`, name, project: 'default', createTime: ago(3 * day) },
    cluster: 'demo',
    pool,
    machineId: `mch_${name}`,
    machineName: name,
    status: {
      state: NodeState.RUNNING,
      kubernetesVersion: 'v1.34.4',
      kubernetesReady: true,
      schedulable: true,
      readyTime: ago(3 * day),
      lastSeenTime: ago(2),
      session: SessionState.CONNECTED,
      internalAddress: '10.77.0.12',
      phases: phasesUpTo(11, StepState.DONE),
      templateRevision: 2n,
      observedTemplateRevision: 2n,
      health: NodeHealth.create({ verdict: HealthVerdict.HEALTHY, sinceTime: ago(3 * day) }),
    },
  });
}

/** A node on its way, standing in the phase of that number. */
export function joiningNode(
  name: string,
  index: number,
  state = StepState.RUNNING,
  changes: Partial<StepReport> = {},
): Node {
  return Node.create({
    meta: { id: `nod_${name}`, name, project: 'default', createTime: ago(40) },
    cluster: 'demo',
    pool: 'workers',
    machineId: `mch_${name}`,
    machineName: name,
    status: {
      state: NodeState.PROVISIONING,
      lastSeenTime: ago(1),
      session: SessionState.CONNECTED,
      phases: phasesUpTo(index, state, changes),
    },
  });
}

/** Its agent is silent, its kubelet is not. */
export const rack12 = Node.create({
  meta: { id: 'nod_41xq', name: 'rack-12', project: 'default', createTime: ago(90 * day) },
  cluster: 'demo',
  pool: 'batch',
  machineId: 'mch_rack-12',
  machineName: 'rack-12',
  status: {
    state: NodeState.RUNNING,
    message: 'Management lost for 4m12s: the agent is silent, Kubernetes is not',
    kubernetesVersion: 'v1.33.9',
    kubernetesReady: true,
    schedulable: true,
    readyTime: ago(90 * day),
    lastSeenTime: ago(252),
    session: SessionState.SILENT,
    warning: 'ManagementLost',
    health: NodeHealth.create({
      verdict: HealthVerdict.MANAGEMENT_LOST,
      reason: 'AgentSilent',
      message: 'no heartbeat for 4m12s, normal every 5 s; the Lease was renewed 6 s ago',
      sinceTime: ago(237),
    }),
    internalAddress: '10.9.0.12',
    conditions: [
      { type: 'KubeletHealthy', status: ConditionStatus.TRUE, lastTransitionTime: ago(90 * day) },
      {
        type: 'AgentConnected',
        status: ConditionStatus.FALSE,
        reason: 'Silent',
        message: 'no heartbeat; last from 203.0.113.9',
        lastTransitionTime: ago(252),
      },
    ],
    phases: [],
  },
});
