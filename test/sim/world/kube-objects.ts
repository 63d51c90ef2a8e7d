import { FlotillaError } from '@flotilla/kit';
import type { KubeMeta, KubeNode } from '@flotilla/kube';

/** What the API server fills in. */
export const metaOf = (name: string, uid: string, namespace: string, nowMs: number): KubeMeta => ({
  name,
  namespace,
  uid,
  resourceVersion: '1',
  labels: {},
  annotations: {},
  createdAtMs: nowMs,
  deletingSinceMs: undefined,
  deletionGraceSeconds: undefined,
  finalizers: [],
  owners: [],
});

/** As a merge patch does it: null removes. */
export function merged(
  before: Readonly<Record<string, string>>,
  change: Record<string, string | null> | undefined,
): Record<string, string> {
  const after: Record<string, string> = { ...before };
  for (const [key, value] of Object.entries(change ?? {})) {
    if (value === null) delete after[key];
    else after[key] = value;
  }
  return after;
}

/** What a watch ends with. */
export function lost(): FlotillaError {
  return new FlotillaError('KUBE_UNREACHABLE', 'connection refused', { kind: 'unavailable' });
}

/** A node that has just registered and has not posted a status. */
export function emptyNode(meta: KubeMeta): KubeNode {
  return {
    meta,
    providerId: '',
    unschedulable: false,
    taints: [],
    podCidrs: [],
    conditions: [],
    addresses: [],
    capacity: {},
    allocatable: {},
    volumesAttached: [],
    info: {
      kubeletVersion: '',
      containerRuntimeVersion: 'containerd://2.2.9',
      kernelVersion: '',
      osImage: '',
      architecture: 'amd64',
      bootId: '',
      machineId: '',
    },
  };
}
