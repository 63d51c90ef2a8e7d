import type { LinkView } from './cluster-links.js';
import type { KubernetesWitness } from './reconciler.js';

const nothing = {
  registered: false,
  ready: '',
  readyReason: '',
  readyMessage: '',
  leaseSeenMs: undefined,
  hasAttachedVolumes: false,
} as const;

/** What the API server says of one node: the second witness. A Node object of another machine is nobody's witness. */
export function witnessOf(link: LinkView | undefined, nodeName: string, machineId: string): KubernetesWitness {
  const knownSinceMs = link?.watchedSinceMs;
  if (link === undefined || knownSinceMs === undefined) return { known: false, knownSinceMs: undefined, ...nothing };
  const node = link.nodes.get(nodeName);
  if (node?.providerId !== `flotilla://${machineId}`) return { known: true, knownSinceMs, ...nothing };
  const ready = node.conditions.find((c) => c.type === 'Ready');
  return {
    known: true,
    knownSinceMs,
    registered: true,
    ready: ready?.status ?? '',
    readyReason: ready?.reason ?? '',
    readyMessage: ready?.message ?? '',
    leaseSeenMs: link.leaseSeenMs(nodeName),
    hasAttachedVolumes: node.volumesAttached.length > 0,
  };
}
