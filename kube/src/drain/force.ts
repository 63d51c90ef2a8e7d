import { FlotillaError } from '@flotilla/kit';
import type { CallOptions, KubeClient, KubeErrorCode } from '../contract.js';
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
  const { uid, namespace, name } = pod.meta;
  try {
    const outcome = await client.delete('pods', { namespace, name }, { uid, ...options });
    return outcome === 'absent' ? 'gone' : 'leaving';
  } catch (error) {
    const other: KubeErrorCode = 'KUBE_CONFLICT';
    if (error instanceof FlotillaError && error.code === other) return 'gone';
    throw error;
  }
}
