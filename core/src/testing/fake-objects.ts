import { FlotillaError } from '@flotilla/kit';
import type { KubeNode } from '@flotilla/kube';

export function readyCondition(ready: boolean): KubeNode['conditions'][number] {
  const message = ready
    ? 'kubelet is posting ready status'
    : 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized';
  return {
    type: 'Ready',
    status: ready ? 'True' : 'False',
    reason: ready ? 'KubeletReady' : 'KubeletNotReady',
    message,
    transitionAtMs: 0,
    heartbeatAtMs: 0,
  };
}

/** What the node lifecycle controller says of a node whose Lease is old. */
export const unknownCondition: KubeNode['conditions'][number] = {
  type: 'Ready',
  status: 'Unknown',
  reason: 'NodeStatusUnknown',
  message: 'Kubelet stopped posting node status.',
  transitionAtMs: 0,
  heartbeatAtMs: 0,
};

export function unreachable(): FlotillaError {
  return new FlotillaError('KUBE_UNREACHABLE', 'connection refused', { kind: 'unavailable' });
}

/** A merge patch of a map: null takes an entry away. */
export function merged(
  before: Readonly<Record<string, string>>,
  patch: Readonly<Record<string, string | null>> = {},
): Record<string, string> {
  const all = Object.entries({ ...before, ...patch });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** What every object of the fake has. */
export const metaOf = (name: string, uid: string, namespace = '') => ({
  name,
  namespace,
  uid,
  resourceVersion: '1',
  labels: {},
  annotations: {},
  createdAtMs: 0,
  deletingSinceMs: undefined,
  deletionGraceSeconds: undefined,
  finalizers: [],
  owners: [],
});
