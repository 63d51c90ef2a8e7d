import type { KubeClient, KubePod } from '@flotilla/kube';
import type { DrainFacts } from '../plan/node-facts.js';
import type { EffectOf } from './effect.js';
import { mustLeaveNode } from './kubernetes-facts.js';

const evictionsMax = 50;
const namedMax = 5;

/** One round of draining: asks for the eviction of what has to leave and says what is left and what blocks. Never forces. */
export async function drainNode(client: KubeClient, { nodeName, unreachable }: EffectOf<'drain'>): Promise<DrainFacts> {
  const pods = await client.listAll('pods', { fieldSelector: `spec.nodeName=${nodeName}` });
  const leaving = pods.filter(mustLeaveNode);
  // On a host that is gone nobody confirms the end of a pod: one that was told to go counts as gone.
  const waited = unreachable ? leaving.filter((p) => p.meta.deletingSinceMs === undefined) : leaving;
  const toEvict = waited.filter((p) => p.meta.deletingSinceMs === undefined).slice(0, evictionsMax);
  const blocked = (await Promise.all(toEvict.map((pod) => evict(client, pod, unreachable)))).filter(
    (text) => text !== '',
  );
  return { podsLeft: waited.length, blocked: blocked.slice(0, namedMax) };
}

/** Empty when the pod goes; else who it is and what keeps it. */
async function evict(client: KubeClient, pod: KubePod, unreachable: boolean): Promise<string> {
  const { namespace, name, uid } = pod.meta;
  const outcome = await client.evict({ namespace, name }, { uid, ...(unreachable ? { gracePeriodSeconds: 1 } : {}) });
  switch (outcome.kind) {
    case 'evicted':
    case 'gone':
      return '';
    case 'blocked':
    case 'misconfigured':
      return `${namespace}/${name}: ${outcome.message}`;
  }
}
