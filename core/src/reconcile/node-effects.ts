import type { KubeClient } from '@flotilla/kube';
import { cordonKey } from '../plan/scheduling.js';
import type { EffectOf } from './effect.js';

/** Keeps new pods away, and leaves the mark by which the cordon is known to be ours. */
export async function cordonNode(client: KubeClient, { nodeName, uid, mark }: EffectOf<'cordon'>): Promise<void> {
  const metadata = { uid, annotations: { [cordonKey]: mark } };
  await client.patch('nodes', { name: nodeName }, 'merge', { metadata, spec: { unschedulable: true } });
}

export async function uncordonNode(client: KubeClient, { nodeName, uid, lift }: EffectOf<'uncordon'>): Promise<void> {
  const metadata = { uid, annotations: { [cordonKey]: null } };
  const spec = lift ? { spec: { unschedulable: null } } : {};
  await client.patch('nodes', { name: nodeName }, 'merge', { metadata, ...spec });
}

/** Others write taints too: the version that was read goes along, so that nothing of theirs is lost. */
export async function syncNode(client: KubeClient, effect: EffectOf<'sync-node'>): Promise<void> {
  const { nodeName, resourceVersion, labels, annotations, taints } = effect;
  const metadata = { resourceVersion, labels: { ...labels }, annotations: { ...annotations } };
  const spec = taints === undefined ? {} : { spec: { taints: taints.map((t) => ({ ...t })) } };
  await client.patch('nodes', { name: nodeName }, 'merge', { metadata, ...spec });
}
