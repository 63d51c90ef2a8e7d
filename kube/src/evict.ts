import type { EvictionOutcome } from './contract.js';
import type { KubeFailure } from './errors.js';

/**
 * What a refused eviction means; undefined for failures that say nothing about the pod.
 * `isOther` tells whether the pod that is there now is another than the one meant, or none.
 */
export async function evictionOutcome(
  failure: KubeFailure,
  uid: string | undefined,
  isOther: () => Promise<boolean>,
): Promise<EvictionOutcome | undefined> {
  // Only an API server can know; a proxy's page is a failure of the way there.
  if (!failure.isStatus) return undefined;
  const { status, message, retryAfterMs, budget } = failure;
  if (status === 404) return { kind: 'gone' };
  if (status === 429) return { kind: 'blocked', message, retryAfterMs, ...(budget === undefined ? {} : { budget }) };
  if (status === 409 && uid !== undefined) {
    return (await isOther()) ? { kind: 'gone' } : { kind: 'blocked', message, retryAfterMs };
  }
  if (status === 500 && !isStoreTrouble(message)) return { kind: 'misconfigured', message };
  return undefined;
}

/** An API server whose etcd stumbles answers 500 as well; that passes by itself. */
function isStoreTrouble(message: string): boolean {
  return /etcdserver|context deadline|timed? ?out|connection refused|leader changed/i.test(message);
}
