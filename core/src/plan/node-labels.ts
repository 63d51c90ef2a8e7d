import type { Taint } from '@flotilla/proto';
import type { MachineRecord, PoolRecord } from '../domain/records.js';

/** Every label that a node of this pool on this machine carries. */
export function nodeLabels(pool: PoolRecord, machine: MachineRecord): Record<string, string> {
  const labels: Record<string, string> = {
    ...pool.spec.template?.labels,
    'flotilla.dev/node-pool': pool.name,
    'flotilla.dev/machine-id': machine.id,
  };
  if (machine.location?.region) labels['topology.kubernetes.io/region'] = labelValue(machine.location.region);
  if (machine.location?.zone) labels['topology.kubernetes.io/zone'] = labelValue(machine.location.zone);
  if (machine.facts.instanceType) labels['node.kubernetes.io/instance-type'] = labelValue(machine.facts.instanceType);
  return sorted(labels);
}

const kubeletMaySet = new Set([
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'node.kubernetes.io/instance-type',
]);

/** Those of the labels that NodeRestriction lets a kubelet set at registration. */
export function registrationLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  const allowed = Object.entries(labels).filter(([key]) => kubeletMaySet.has(key) || !ofKubernetes(key));
  return Object.fromEntries(allowed);
}

function ofKubernetes(key: string): boolean {
  const slash = key.indexOf('/');
  const domain = slash < 0 ? '' : key.slice(0, slash);
  return ['kubernetes.io', 'k8s.io'].some((d) => domain === d || domain.endsWith(`.${d}`));
}

/** Annotations that remember what is ours on a Node, so that what is no longer wanted can be taken away again. */
export const managedLabelsKey = 'flotilla.dev/managed-labels';
export const managedTaintsKey = 'flotilla.dev/managed-taints';

/** The part of a Kubernetes Node that label and taint decisions need. */
export interface LabelledNode {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
}

export interface NodePatch {
  /** null takes a label away. */
  readonly labels: Readonly<Record<string, string | null>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The whole list, when it changes. */
  readonly taints: LabelledNode['taints'] | undefined;
}

/** What to change on the Node; undefined when nothing. Labels and taints of others are left alone. */
export function planNodePatch(
  node: LabelledNode,
  labels: Readonly<Record<string, string>>,
  taints: readonly Taint[],
): NodePatch | undefined {
  const patch: Record<string, string | null> = {};
  for (const key of listOf(node.annotations[managedLabelsKey])) {
    if (!(key in labels) && key in node.labels) patch[key] = null;
  }
  for (const [key, value] of Object.entries(labels)) {
    if (node.labels[key] !== value) patch[key] = value;
  }
  const managedLabels = Object.keys(labels).sort().join(',');
  const managedTaints = taints.map(identityOf).sort().join(',');
  const wasOurs = new Set(listOf(node.annotations[managedTaintsKey]));
  const wanted = new Map(taints.map((t) => [identityOf(t), t]));
  const others = node.taints.filter((t) => !wanted.has(identityOf(t)) && !wasOurs.has(identityOf(t)));
  const next = [...others, ...taints.map(({ key, value, effect }) => ({ key, value, effect }))];
  const taintsDiffer = taintText(next) !== taintText(node.taints);
  const annotations: Record<string, string> = {};
  if (node.annotations[managedLabelsKey] !== managedLabels) annotations[managedLabelsKey] = managedLabels;
  if ((node.annotations[managedTaintsKey] ?? '') !== managedTaints) annotations[managedTaintsKey] = managedTaints;
  if (Object.keys(patch).length === 0 && Object.keys(annotations).length === 0 && !taintsDiffer) return undefined;
  return { labels: patch, annotations, taints: taintsDiffer ? next : undefined };
}

const listOf = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(','));
const identityOf = (taint: { readonly key: string; readonly effect: string }): string => `${taint.key}:${taint.effect}`;
const taintText = (taints: LabelledNode['taints']): string =>
  taints
    .map((t) => `${t.key}=${t.value}:${t.effect}`)
    .sort()
    .join(',');

const sorted = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Free text (a region's name) as a label's value. */
function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
