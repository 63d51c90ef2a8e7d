import type { CallOptions, KubeClient } from './contract.js';
import type { KubeNode, KubeTaint } from './objects.js';

/** The Node that was decided upon: another one of the same name is KUBE_CONFLICT. */
export interface NodeRef {
  readonly name: string;
  readonly uid: string;
}

/** Marks the node as not to be scheduled on, or lifts the mark. */
export function setCordoned(
  client: KubeClient,
  node: NodeRef,
  cordoned: boolean,
  options?: CallOptions,
): Promise<KubeNode> {
  const body = { metadata: { uid: node.uid }, spec: { unschedulable: cordoned ? true : null } };
  return client.patch('nodes', { name: node.name }, 'merge', body, options);
}

/** Sets labels and annotations; null removes one. Those not named stay. */
export function setNodeMarks(
  client: KubeClient,
  node: NodeRef,
  marks: {
    readonly labels?: Readonly<Record<string, string | null>>;
    readonly annotations?: Readonly<Record<string, string | null>>;
  },
  options?: CallOptions,
): Promise<KubeNode> {
  return client.patch('nodes', { name: node.name }, 'merge', { metadata: { uid: node.uid, ...marks } }, options);
}

/**
 * Replaces the taints of a node that was just read. Others write taints too (the node lifecycle controller), so the
 * version read goes along: a change in between is KUBE_CONFLICT and nothing is lost.
 */
export function setNodeTaints(
  client: KubeClient,
  node: KubeNode,
  taints: readonly KubeTaint[],
  options?: CallOptions,
): Promise<KubeNode> {
  const { name, uid, resourceVersion } = node.meta;
  const plain = taints.map(({ key, value, effect }) => ({ key, effect, ...(value === '' ? {} : { value }) }));
  const body = { metadata: { uid, resourceVersion }, spec: { taints: plain.length === 0 ? null : plain } };
  return client.patch('nodes', { name }, 'merge', body, options);
}
