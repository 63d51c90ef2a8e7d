import type { CallOptions, KubeClient } from '../contract.js';
import type { KubePod } from '../objects.js';

export interface ForceOptions extends CallOptions {
  /** Seconds the pod gets to end; 0 removes the object without the kubelet's word, for hosts that are proven gone. */
  readonly gracePeriodSeconds: number;
}

/**
 * Deletes the pod past every budget, and only this one: another of the same name is `gone`. `leaving` means that its end
 * has begun; it is there until the kubelet has confirmed it, or for ever while a finalizer holds it.
 */
export async function forceDelete(
  client: KubeClient,
  pod: KubePod,
  options: ForceOptions,
): Promise<'leaving' | 'gone'> {
  const { uid } = pod.meta;
  return (await client.delete('pods', pod.meta, { uid, ...options })) === 'absent' ? 'gone' : 'leaving';
}
