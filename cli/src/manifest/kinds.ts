import type { NounName } from '../registry/nouns.js';
import { cidr, constant, dnsLabel, duration, flag, ignored, labels, object, type ObjectShape, share } from './shape.js';
import { type Shape, text, version, whole } from './shape.js';

/** Kinds that can be written in a file, in the order in which they are applied. */
export const manifestKinds = ['Project', 'Cluster', 'NodePool', 'Machine', 'Member'] as const;
export type ManifestKind = (typeof manifestKinds)[number];

/** The word of the command line for each kind. */
export const nounOfKind = {
  Project: 'project',
  Cluster: 'cluster',
  NodePool: 'pool',
  Machine: 'machine',
  Member: 'member',
} as const satisfies Record<ManifestKind, NounName>;

const metaBesides = { etag: ignored, id: ignored, createTime: ignored, updateTime: ignored, deleteTime: ignored };
const meta = object({ name: dnsLabel, labels, project: text, ...metaBesides });
const location = object({ provider: text, region: text, zone: text });

const clusterSpec = object({
  controlPlaneKind: constant('CONTROL_PLANE_KIND_', 'SELF_PROVISIONED', 'EXTERNAL'),
  kubernetesVersion: version,
  cni: constant('CNI_', 'NONE', 'FLANNEL', 'CALICO', 'CILIUM'),
  podCidr: cidr,
  serviceCidr: cidr,
  clusterDomain: text,
  endpoint: text,
  availability: constant('AVAILABILITY_', 'SINGLE_ZONE', 'MULTI_ZONE', 'REGIONAL'),
  cniSettings: object({ mtu: whole(0, 65_535), encapsulation: text }),
});

const taint = object({
  key: text,
  value: text,
  effect: {
    kind: 'text',
    pattern: /^(NoSchedule|PreferNoSchedule|NoExecute)$/,
    wants: 'NoSchedule, PreferNoSchedule or NoExecute',
  },
});

const health = object({
  mode: constant('HEALTH_MODE_', 'ENABLED', 'OBSERVE', 'DISABLED'),
  nodeStartupTimeout: duration,
  readyFalseTimeout: duration,
  readyUnknownTimeout: duration,
  diskPressureTimeout: duration,
  readonlyFilesystemTimeout: duration,
  kubeletUnhealthyTimeout: duration,
  runtimeUnhealthyTimeout: duration,
  maxUnhealthy: share,
  rebootAllowed: flag,
  replaceAllowed: flag,
  minHealthyTime: duration,
});

const nodePoolSpec = object({
  role: constant('NODE_POOL_ROLE_', 'WORKER', 'CONTROL_PLANE'),
  size: { kind: 'whole', min: 0, max: 1000, nullable: true },
  selector: object({
    matchLabels: labels,
    os: text,
    arch: { kind: 'text', pattern: /^(amd64|arm64)$/, wants: 'amd64 or arm64' },
    minCpus: whole(0, 4096),
    minMemoryBytes: { kind: 'bytes' },
    minDiskBytes: { kind: 'bytes' },
    location,
  }),
  template: object({
    kubernetesVersion: version,
    labels,
    taints: { kind: 'list', of: taint },
    maxPods: whole(0, 1000),
    skippedChecks: { kind: 'list', of: text },
    systemReserved: labels,
    kubeReserved: labels,
    evictionHard: labels,
  }),
  health,
  update: object({
    strategy: constant('UPDATE_STRATEGY_', 'IN_PLACE', 'REPLACE', 'IN_PLACE_ELSE_REPLACE'),
    maxUnavailable: share,
    maxSurge: share,
  }),
  drainTimeout: duration,
});

const machineSpec = object({
  location,
  remediationDisabled: flag,
  wantedPoolId: text,
  quarantined: flag,
  quarantineReason: text,
});

/** The whole document of each kind, beside `kind` itself. */
export const manifestShapes: Readonly<Record<ManifestKind, ObjectShape>> = {
  Project: object({ meta, displayName: text, state: ignored, message: ignored }),
  Cluster: object({ meta, spec: clusterSpec, controlPlaneReplicas: whole(1, 5), status: ignored }),
  NodePool: object({ meta, cluster: text, spec: nodePoolSpec, status: ignored }),
  Machine: object({ meta, spec: machineSpec, status: ignored }),
  Member: object({
    meta: object({ name: ignored, labels: ignored, project: text, ...metaBesides }),
    subject: text,
    role: constant('ROLE_', 'READER', 'MEMBER', 'ADMIN'),
  }),
};

/** Kinds that people try to write and that are made in another way, with the way. */
export const otherWays: Readonly<Record<string, string>> = {
  EnrollmentToken: 'is not made by a file: its secret is shown once, to you. Use: flotilla token create',
  ApiKey: 'is not made by a file: its secret is shown once, to you. Use: flotilla api-key create',
  Node: 'is not made by a file: nodes come and go with the size of a pool. Use: flotilla scale pool',
  Event: 'is written by the server alone',
  AuditEntry: 'is written by the server alone',
  KubernetesVersion: 'comes with the server. Use: flotilla artifacts sync',
};

/** Whether a field is written by people at all. */
export function isWritten(shape: Shape): boolean {
  return shape.kind !== 'ignored';
}
