import type { KubeNode, KubePod } from '@flotilla/kube';
import type { KubernetesNodeFacts } from '../plan/node-facts.js';

/** A Node of the API server in the words that plans use. */
export function toNodeFacts(node: KubeNode): KubernetesNodeFacts {
  const ready = node.conditions.find((c) => c.type === 'Ready');
  const unavailable = node.conditions.find((c) => c.type === 'NetworkUnavailable');
  const isReady = ready?.status === 'True';
  return {
    uid: node.meta.uid,
    labels: node.meta.labels,
    annotations: node.meta.annotations,
    taints: node.taints,
    resourceVersion: node.meta.resourceVersion,
    providerId: node.providerId,
    unschedulable: node.unschedulable,
    kubeletVersion: node.info.kubeletVersion,
    internalAddress: node.addresses.find((a) => a.type === 'InternalIP')?.address ?? '',
    ready: isReady,
    readyReason: ready?.reason ?? 'NoCondition',
    readyMessage: ready?.message ?? 'The kubelet has not posted its status yet.',
    networkReady: isReady || (unavailable?.status === 'False' && !complainsOfNetwork(node)),
  };
}

/** The kubelet runs and says that it waits for the pod network; one that is not heard waits for nothing. */
export function waitsForNetwork(node: KubeNode): boolean {
  const ready = node.conditions.find((c) => c.type === 'Ready');
  return ready?.status === 'False' && complainsOfNetwork(node);
}

function complainsOfNetwork({ conditions }: KubeNode): boolean {
  const message = conditions.find((c) => c.type === 'Ready')?.message ?? '';
  if (/NetworkPluginNotReady|cni plugin not initialized|network is not ready|network not ready/i.test(message))
    return true;
  return conditions.some((c) => c.type === 'NetworkUnavailable' && c.status === 'True');
}

/** Whether a pod has to leave for its node to be drained. */
export function mustLeaveNode(pod: KubePod): boolean {
  const isMirror = 'kubernetes.io/config.mirror' in pod.meta.annotations;
  const isDaemon = pod.meta.owners.some((o) => o.controller && o.kind === 'DaemonSet');
  const isOver = pod.phase === 'Succeeded' || pod.phase === 'Failed';
  return !isMirror && !isDaemon && !isOver;
}

/** The machine that a Node says it runs on (`flotilla://mch_…`); undefined for foreign nodes. */
export function machineIdOf(node: KubeNode | undefined): string | undefined {
  const match = /^flotilla:\/\/(mch_[\w-]+)$/.exec(node?.providerId ?? '');
  return match?.[1];
}
