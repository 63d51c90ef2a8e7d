import type {
  KubeAccessReview,
  KubeCondition,
  KubeConfigMap,
  KubeContainer,
  KubeContainerEnd,
  KubeCsr,
  KubeCustomKind,
  KubeDisruptionBudget,
  KubeEvent,
  KubeLease,
  KubeMeta,
  KubeNode,
  KubeObjects,
  KubePod,
  KubeResource,
  KubeSecret,
  KubeWorkload,
} from './objects.js';
import type { JsonReader } from './read.js';

/** The parser of every resource: untrusted JSON in, typed object out, KUBE_BAD_ANSWER when the shape is wrong. */
export const parsers: { readonly [R in KubeResource]: (object: JsonReader) => KubeObjects[R] } = {
  nodes: parseNode,
  leases: parseLease,
  pods: parsePod,
  certificatesigningrequests: parseCsr,
  secrets: parseSecret,
  configmaps: parseConfigMap,
  poddisruptionbudgets: parseDisruptionBudget,
  events: parseEvent,
  daemonsets: parseDaemonSet,
  deployments: parseDeployment,
  customresourcedefinitions: parseCustomKind,
  selfsubjectaccessreviews: parseAccessReview,
};

/** What every object has. */
export function parseMeta(object: JsonReader): KubeMeta {
  const meta = object.object('metadata');
  return { ...parseAnyMeta(meta), name: meta.name('name') };
}

function parseAnyMeta(meta: JsonReader): KubeMeta {
  return {
    name: meta.text('name'),
    namespace: meta.text('namespace'),
    uid: meta.text('uid'),
    resourceVersion: meta.text('resourceVersion'),
    labels: meta.textMap('labels'),
    annotations: meta.textMap('annotations'),
    createdAtMs: meta.timeMs('creationTimestamp'),
    deletingSinceMs: meta.timeMs('deletionTimestamp'),
    deletionGraceSeconds: meta.count('deletionGracePeriodSeconds'),
    finalizers: meta.texts('finalizers'),
    owners: meta.list('ownerReferences', (owner) => ({
      kind: owner.text('kind'),
      name: owner.text('name'),
      uid: owner.text('uid'),
      controller: owner.flag('controller'),
    })),
  };
}

function parseCondition(condition: JsonReader): KubeCondition {
  return {
    type: condition.name('type'),
    // Certificate requests may leave it out, which Kubernetes reads as True.
    status: condition.text('status') || 'True',
    reason: condition.text('reason'),
    message: condition.text('message'),
    transitionAtMs: condition.timeMs('lastTransitionTime'),
    heartbeatAtMs: condition.timeMs('lastHeartbeatTime') ?? condition.timeMs('lastUpdateTime'),
  };
}

function parseNode(object: JsonReader): KubeNode {
  const spec = object.object('spec');
  const status = object.object('status');
  const info = status.object('nodeInfo');
  return {
    meta: parseMeta(object),
    providerId: spec.text('providerID'),
    unschedulable: spec.flag('unschedulable'),
    taints: spec.list('taints', (taint) => ({
      key: taint.name('key'),
      value: taint.text('value'),
      effect: taint.text('effect'),
    })),
    podCidrs: spec.texts('podCIDRs'),
    conditions: status.list('conditions', parseCondition),
    addresses: status.list('addresses', (address) => ({
      type: address.text('type'),
      address: address.text('address'),
    })),
    capacity: status.textMap('capacity'),
    allocatable: status.textMap('allocatable'),
    volumesAttached: status.list('volumesAttached', (volume) => volume.name('name')),
    info: {
      kubeletVersion: info.text('kubeletVersion'),
      containerRuntimeVersion: info.text('containerRuntimeVersion'),
      kernelVersion: info.text('kernelVersion'),
      osImage: info.text('osImage'),
      architecture: info.text('architecture'),
      bootId: info.text('bootID'),
      machineId: info.text('machineID'),
    },
  };
}

function parseLease(object: JsonReader): KubeLease {
  const spec = object.object('spec');
  return {
    meta: parseMeta(object),
    holder: spec.text('holderIdentity'),
    durationSeconds: spec.count('leaseDurationSeconds'),
    renewedAtMs: spec.timeMs('renewTime'),
  };
}

function parsePod(object: JsonReader): KubePod {
  const spec = object.object('spec');
  const status = object.object('status');
  const volumes = spec.list('volumes', (volume) => ({
    emptyDir: volume.has('emptyDir'),
    claim: volume.object('persistentVolumeClaim').text('claimName'),
  }));
  return {
    meta: parseMeta(object),
    nodeName: spec.text('nodeName'),
    phase: status.text('phase'),
    reason: status.text('reason'),
    priorityClassName: spec.text('priorityClassName'),
    terminationGracePeriodSeconds: spec.count('terminationGracePeriodSeconds'),
    hasEmptyDir: volumes.some((volume) => volume.emptyDir),
    persistentVolumeClaims: volumes.map((volume) => volume.claim).filter((claim) => claim !== ''),
    conditions: status.list('conditions', parseCondition),
    containers: [
      ...status.list('initContainerStatuses', (container) => parseContainer(container, true)),
      ...status.list('containerStatuses', (container) => parseContainer(container, false)),
    ],
  };
}

function parseContainer(container: JsonReader, init: boolean): KubeContainer {
  const state = container.object('state');
  // Kubernetes reads a container without any state as one that waits.
  const kind = state.has('running') ? 'running' : state.has('terminated') ? 'terminated' : 'waiting';
  const now = state.object(kind);
  const last = container.object('lastState');
  return {
    name: container.name('name'),
    image: container.text('image'),
    init,
    ready: container.flag('ready'),
    restarts: container.count('restartCount') ?? 0,
    state: kind,
    reason: now.text('reason'),
    message: now.text('message'),
    lastEnd: last.has('terminated') ? parseContainerEnd(last.object('terminated')) : undefined,
  };
}

function parseContainerEnd(end: JsonReader): KubeContainerEnd {
  return { exitCode: end.count('exitCode') ?? 0, reason: end.text('reason'), message: end.text('message') };
}

function parseCsr(object: JsonReader): KubeCsr {
  const spec = object.object('spec');
  const status = object.object('status');
  return {
    meta: parseMeta(object),
    signerName: spec.text('signerName'),
    username: spec.text('username'),
    groups: spec.texts('groups'),
    usages: spec.texts('usages'),
    requestPem: Buffer.from(spec.text('request'), 'base64').toString('utf8'),
    expirationSeconds: spec.count('expirationSeconds'),
    conditions: status.list('conditions', parseCondition),
    certificatePem: status.has('certificate')
      ? Buffer.from(status.text('certificate'), 'base64').toString('utf8')
      : undefined,
  };
}

function parseSecret(object: JsonReader): KubeSecret {
  const data = Object.entries(object.textMap('data'));
  return {
    meta: parseMeta(object),
    type: object.text('type'),
    data: Object.fromEntries(data.map(([key, base64]) => [key, new Uint8Array(Buffer.from(base64, 'base64'))])),
  };
}

function parseConfigMap(object: JsonReader): KubeConfigMap {
  return { meta: parseMeta(object), data: object.textMap('data') };
}

function parseDisruptionBudget(object: JsonReader): KubeDisruptionBudget {
  const selector = object.object('spec').object('selector');
  const status = object.object('status');
  const simple = selector.has('matchLabels') && !selector.has('matchExpressions');
  return {
    meta: parseMeta(object),
    matchLabels: simple ? selector.textMap('matchLabels') : undefined,
    disruptionsAllowed: status.count('disruptionsAllowed') ?? 0,
    healthyNow: status.count('currentHealthy') ?? 0,
    healthyWanted: status.count('desiredHealthy') ?? 0,
    expectedPods: status.count('expectedPods') ?? 0,
  };
}

function parseEvent(object: JsonReader): KubeEvent {
  const involved = object.object('involvedObject');
  const series = object.object('series');
  return {
    meta: parseMeta(object),
    type: object.text('type'),
    reason: object.text('reason'),
    message: object.text('message'),
    count: series.count('count') ?? object.count('count') ?? 1,
    lastSeenAtMs: series.timeMs('lastObservedTime') ?? object.timeMs('lastTimestamp') ?? object.timeMs('eventTime'),
    involved: {
      kind: involved.text('kind'),
      namespace: involved.text('namespace'),
      name: involved.text('name'),
      uid: involved.text('uid'),
    },
  };
}

function parseDaemonSet(object: JsonReader): KubeWorkload {
  const status = object.object('status');
  return {
    meta: parseMeta(object),
    wanted: status.count('desiredNumberScheduled') ?? 0,
    ready: status.count('numberReady') ?? 0,
    current: isCurrent(object),
  };
}

function parseDeployment(object: JsonReader): KubeWorkload {
  return {
    meta: parseMeta(object),
    wanted: object.object('spec').count('replicas') ?? 1,
    ready: object.object('status').count('readyReplicas') ?? 0,
    current: isCurrent(object),
  };
}

function isCurrent(object: JsonReader): boolean {
  const wanted = object.object('metadata').count('generation') ?? 0;
  return (object.object('status').count('observedGeneration') ?? -1) >= wanted;
}

function parseCustomKind(object: JsonReader): KubeCustomKind {
  const conditions = object.object('status').list('conditions', parseCondition);
  const established = conditions.some(({ type, status }) => type === 'Established' && status === 'True');
  return { meta: parseMeta(object), established };
}

function parseAccessReview(object: JsonReader): KubeAccessReview {
  const status = object.object('status');
  return {
    meta: parseAnyMeta(object.object('metadata')),
    allowed: status.flag('allowed') && !status.flag('denied'),
    reason: status.text('reason'),
  };
}
