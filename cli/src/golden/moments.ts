import {
  Cluster,
  ClusterState,
  Cni,
  ConditionStatus,
  ControlPlaneKind,
  EventSeverity,
  HealthVerdict,
  Machine,
  MachineState,
  Node,
  NodeHealth,
  NodePool,
  NodePoolState,
  NodeState,
  RepairRung,
  RepairState,
  SessionState,
  StepState,
  UpdateStrategy,
} from '@flotilla/proto';
import { demo, machine, phasesUpTo, runningNode, workers } from '../testing/examples.js';
import { ago } from '../testing/fake-env.js';
import type { FakeFleet } from '../testing/fake-fleet.js';

/** A moment: what the server says, and what is asked. */
export interface Moment {
  readonly ask: readonly string[];
  readonly set: (fleet: FakeFleet) => void;
}

const aws = { provider: 'aws', region: 'eu-west' };

function nodeEvents(fleet: FakeFleet, name: string, events: readonly (readonly [number, string, string, string])[]): void {
  for (const [secondsAgo, category, reason, message] of events) {
    const severity = reason === 'Joined' ? EventSeverity.NORMAL : EventSeverity.WARNING;
    const subject = { resourceKind: 'node', resourceId: `nod_${name}`, resourceName: name };
    fleet.addEvent({ ...subject, time: ago(secondsAgo), category, reason, message, severity });
  }
}

function withStatus(node: Node, status: object): Node {
  return Node.fromPartial({ ...node, status: { ...node.status, ...status } });
}

function pool(status: object, spec: object = {}): NodePool {
  return NodePool.fromPartial({ ...workers, spec: { ...workers.spec, ...spec }, status: { ...workers.status, ...status } });
}

const healthyConditions = [
  { type: 'Ready', status: ConditionStatus.TRUE, lastTransitionTime: ago(3 * 86_400) },
  { type: 'AgentConnected', status: ConditionStatus.TRUE, lastTransitionTime: ago(3 * 86_400) },
];

const sickHealth = NodeHealth.fromPartial({
  verdict: HealthVerdict.KUBELET_SICK,
  reason: 'KubeletUnhealthy',
  message: 'the kubelet has refused its healthz for 3m10s; the Lease was renewed 3m05s ago',
  sinceTime: ago(190),
});

const firstRung = {
  rung: RepairRung.RESTART_KUBELET,
  startTime: ago(130),
  endTime: ago(38),
  outcome: 'NotObserved',
  message: 'it started, and refused its healthz again',
};

const secondRung = {
  rung: RepairRung.RESTART_RUNTIME,
  startTime: ago(600),
  endTime: ago(480),
  outcome: 'NotObserved',
  message: '',
};

/** A site went dark: five of eight. */
function darkSite(fleet: FakeFleet): void {
  const message =
    'all 5 are in aws/eu-west, where 5 of 5 are silent: this looks like the site, not the machines. It resumes by itself when at most 1 is unhealthy for 2m.';
  fleet.pools = [
    pool(
      {
        state: NodePoolState.RUNNING,
        nodesTotal: 8,
        nodesRunning: 8,
        nodesHealthy: 3,
        nodesUpdated: 8,
        missing: 0,
        mismatches: [],
        holds: [
          {
            scope: 'pool',
            subject: 'workers',
            reason: 'TooManyUnhealthy',
            message,
            unhealthy: 5,
            total: 8,
            limit: 1,
            sinceTime: ago(160),
          },
        ],
      },
      { size: 8 },
    ),
  ];
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((letter) => `web-${letter}`);
  fleet.machines = names.map((name) => machine(name, aws));
  fleet.nodes = names.map((name, at) => {
    const node = runningNode(name, 'workers');
    if (at >= 5) return node;
    return withStatus(node, {
      session: SessionState.SILENT,
      lastSeenTime: ago(176),
      kubernetesReady: false,
      health: {
        verdict: HealthVerdict.HOST_GONE,
        reason: 'ReadyUnknown',
        message: 'no heartbeat for 2m56s, normal every 5 s; the Lease was renewed 2m58s ago',
        sinceTime: ago(160),
        hold: 'the breaker of pool workers holds: 5 of 8 unhealthy, limit 1',
      },
    });
  });
}

/** Every moment by the name of its text. */
export const moments: Readonly<Record<string, Moment>> = {
  'node-healthy': {
    ask: ['node', 'bravo'],
    set: (fleet) => {
      fleet.machines = [machine('bravo', aws)];
      fleet.nodes = [withStatus(runningNode('bravo', 'workers'), { conditions: healthyConditions })];
      nodeEvents(fleet, 'bravo', [[3 * 86_400, 'Lifecycle', 'Joined', 'Ready after 23 s']]);
    },
  },
  'node-kubelet-sick-ladder-running': {
    ask: ['node', 'bravo'],
    set: (fleet) => {
      fleet.machines = [machine('bravo', aws)];
      const repair = {
        id: 'rep_3k',
        cause: 'KubeletUnhealthy',
        rung: RepairRung.RESTART_RUNTIME,
        state: RepairState.RUNNING,
        message: 'containerd was restarted 12 s ago',
        startTime: ago(130),
        rungStartTime: ago(38),
        rungDeadlineTime: ago(-82),
        history: [firstRung],
      };
      const status = {
        message: 'The kubelet is sick and is being repaired',
        kubernetesReady: false,
        conditions: [
          {
            type: 'Ready',
            status: ConditionStatus.UNKNOWN,
            message: 'the kubelet stopped posting its status',
            lastTransitionTime: ago(150),
          },
          {
            type: 'KubeletHealthy',
            status: ConditionStatus.FALSE,
            message: 'healthz: connection refused',
            lastTransitionTime: ago(190),
          },
        ],
        health: { ...sickHealth, repair },
      };
      fleet.nodes = [withStatus(runningNode('bravo', 'workers'), status)];
      nodeEvents(fleet, 'bravo', [
        [190, 'Health', 'KubeletSick', 'the kubelet refuses its healthz'],
        [130, 'Remediation', 'RungStarted', 'restart kubelet'],
        [38, 'Remediation', 'RungStarted', 'restart containerd: the kubelet did not become healthy in 90 s'],
      ]);
    },
  },
  'pool-held-by-breaker': { ask: ['pool', 'workers'], set: darkSite },
  'node-held-by-breaker': { ask: ['node', 'web-a'], set: darkSite },
  'node-parked-and-asking': {
    ask: ['node', 'bravo'],
    set: (fleet) => {
      fleet.machines = [machine('bravo', aws)];
      const repair = {
        id: 'rep_3k',
        cause: 'ReadonlyFilesystem',
        rung: RepairRung.ASK,
        state: RepairState.PARKED,
        message: 'three rungs did not help, and there is no spare. Look at the disk: dmesg shows I/O errors on sda',
        startTime: ago(1500),
        rungStartTime: ago(60),
        endTime: ago(60),
        history: [
          { ...firstRung, startTime: ago(1500), endTime: ago(1410), message: '' },
          { ...secondRung, startTime: ago(1410), endTime: ago(1290) },
          { ...secondRung, rung: RepairRung.REBOOT, startTime: ago(1290), endTime: ago(690), message: 'the same after the reboot' },
          {
            ...secondRung,
            rung: RepairRung.REPLACE,
            startTime: ago(690),
            endTime: ago(60),
            outcome: 'NotAvailable',
            message: 'no spare matches pool workers',
          },
        ],
      };
      const health = {
        verdict: HealthVerdict.KUBELET_SICK,
        reason: 'ReadonlyFilesystem',
        message: '/var/lib/kubelet cannot be written since 27m: EROFS',
        sinceTime: ago(1620),
        repair,
      };
      fleet.nodes = [
        withStatus(runningNode('bravo', 'workers'), { message: 'A person is asked', kubernetesReady: false, health }),
      ];
    },
  },
  'node-drained-with-a-blocker': {
    ask: ['node', 'bravo'],
    set: (fleet) => {
      fleet.machines = [machine('bravo', aws)];
      const node = withStatus(runningNode('bravo', 'workers'), {
        state: NodeState.RUNNING_SCHEDULING_DISABLED,
        message: '1 pod must leave the node',
        schedulable: false,
        drain: {
          podsLeft: 1,
          blocked: ['shop/db-0: budget db allows 0 more disruptions (1 of 1 healthy pods is needed)'],
          startTime: ago(300),
          deadlineTime: ago(-3300),
        },
      });
      fleet.nodes = [Node.fromPartial({ ...node, spec: { cordoned: true, drained: true } })];
    },
  },
  'pool-scaling-up-with-too-few-spares': {
    ask: ['pool', 'workers'],
    set: (fleet) => {
      fleet.machines = [machine('bravo', aws), machine('charlie', aws)];
      fleet.nodes = [
        runningNode('bravo', 'workers'),
        withStatus(runningNode('charlie', 'workers'), {
          state: NodeState.PROVISIONING,
          kubernetesReady: false,
          phases: phasesUpTo(8, StepState.RUNNING),
          health: { verdict: HealthVerdict.STARTING, sinceTime: ago(40) },
        }),
      ];
      fleet.pools = [
        pool(
          {
            message: '2 of 4 machines are in; 2 are missing',
            nodesTotal: 2,
            nodesRunning: 1,
            nodesHealthy: 1,
            nodesUpdated: 2,
            missing: 2,
            mismatches: [
              { machineId: 'mch_1', machineName: 'tiny', reasons: ['has 1 cpu, at least 2 wanted'] },
              {
                machineId: 'mch_2',
                machineName: 'attic',
                reasons: ['stands in home/attic, not in aws/eu-west', 'has no label tier=web'],
              },
            ],
          },
          { size: 4 },
        ),
      ];
    },
  },
  'machine-kept-as-it-broke': {
    ask: ['machine', 'rack-12'],
    set: (fleet) => {
      const found = machine('rack-12', { provider: 'colo', region: 'fra' });
      fleet.machines = [
        Machine.fromPartial({
          ...found,
          spec: { ...found.spec, quarantined: true, quarantineReason: 'Unhealthy: node rack-12 of pool workers was replaced' },
          status: {
            ...found.status,
            state: MachineState.QUARANTINED,
            message: 'Kept as it is for somebody to look at',
            preserved: true,
            nodeId: '',
            session: SessionState.CONNECTED,
            remoteAddress: '203.0.113.9',
          },
        }),
      ];
    },
  },
  'cluster-external-with-missing-rights': {
    ask: ['cluster', 'old'],
    set: (fleet) => {
      fleet.clusters = [
        Cluster.fromPartial({
          ...demo,
          meta: { ...demo.meta, id: 'clu_old', name: 'old', labels: {} },
          spec: { ...demo.spec, controlPlaneKind: ControlPlaneKind.EXTERNAL, cni: Cni.NONE },
          status: {
            ...demo.status,
            state: ClusterState.PENDING,
            message: 'Nodes cannot join yet: 2 rights are missing',
            controlPlaneReplicas: 0,
            missingRights: ['create secrets in kube-system', 'patch nodes'],
            nodesTotal: 5,
            nodesRunning: 5,
            pause: { untilTime: ago(-3600), reason: 'network is rebuilt', createdBy: 'api-key:ann' },
          },
        }),
      ];
    },
  },
  'pool-rollout-under-way': {
    ask: ['pool', 'workers'],
    set: (fleet) => {
      const names = ['bravo', 'charlie', 'delta', 'echo'];
      fleet.machines = names.map((name) => machine(name, aws));
      fleet.nodes = names.map((name, at) => {
        const node = withStatus(runningNode(name, 'workers'), {
          templateRevision: 3n,
          observedTemplateRevision: at < 2 ? 3n : 2n,
        });
        if (name !== 'delta') return node;
        return withStatus(node, {
          state: NodeState.RUNNING_SCHEDULING_DISABLED,
          drain: { podsLeft: 6, startTime: ago(20), deadlineTime: ago(-3580), blocked: [] },
        });
      });
      fleet.pools = [
        pool(
          {
            state: NodePoolState.UPDATING,
            message: 'delta is next: its pods leave, then its kubelet gets the new settings',
            templateRevision: 3n,
            nodesTotal: 4,
            nodesRunning: 4,
            nodesHealthy: 4,
            nodesUpdated: 2,
            missing: 0,
            mismatches: [],
          },
          {
            size: 4,
            update: { strategy: UpdateStrategy.IN_PLACE_ELSE_REPLACE, maxUnavailable: '1', maxSurge: '' },
            template: { ...workers.spec?.template, maxPods: 60, systemReserved: { memory: '300Mi' } },
          },
        ),
      ];
    },
  },
};

/** What all moments have. */
export function setStage(fleet: FakeFleet): void {
  fleet.clusters = [demo];
}
