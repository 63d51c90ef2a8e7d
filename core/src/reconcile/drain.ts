import { describeBlocker, forceDelete, type KubeClient, type KubeDisruptionBudget, type KubePod } from '@flotilla/kube';
import type { DrainFacts } from '../plan/node-facts.js';
import type { EffectOf } from './effect.js';
import { mustLeaveNode } from './kubernetes-facts.js';

const evictionsMax = 50;
const namedMax = 5;

/**
 * One round of draining: asks for the eviction of what has to leave, deletes it by force, or only looks; and says what is
 * left and what blocks it.
 */
export async function drainNode(
  client: KubeClient,
  { nodeName, unreachable, mode, startedAtMs }: EffectOf<'drain'>,
  nowMs: number,
): Promise<DrainFacts> {
  const pods = await client.listAll('pods', { fieldSelector: `spec.nodeName=${nodeName}` });
  const leaving = pods.filter(mustLeaveNode);
  // On a host that is gone nobody confirms the end of a pod: one that was told to go counts as gone.
  const waited = unreachable ? leaving.filter((p) => p.meta.deletingSinceMs === undefined) : leaving;
  const staying = waited.filter((p) => p.meta.deletingSinceMs === undefined).slice(0, evictionsMax);
  if (mode === 'force') await Promise.all(staying.map((pod) => force(client, pod, unreachable)));
  const outcomes = mode === 'ask' ? await Promise.all(staying.map((pod) => evict(client, pod, unreachable))) : [];
  const stuck = outcomes.filter((outcome) => outcome !== undefined);
  const budgets = stuck.length === 0 ? [] : await budgetsOf(client);
  const blocked = [
    ...stuck.flatMap(({ pod, outcome }) => describeBlocker(pod, { outcome, budgets, nowMs })?.message ?? []),
    ...waited.flatMap((pod) =>
      pod.meta.deletingSinceMs === undefined ? [] : (describeBlocker(pod, { nowMs })?.message ?? []),
    ),
  ];
  return { startedAtMs, podsLeft: waited.length, blocked: blocked.slice(0, namedMax) };
}

const graceOf = (unreachable: boolean): { readonly gracePeriodSeconds?: number } =>
  unreachable ? { gracePeriodSeconds: 1 } : {};

/** undefined when the pod goes. */
async function evict(client: KubeClient, pod: KubePod, unreachable: boolean) {
  const { namespace, name, uid } = pod.meta;
  const outcome = await client.evict({ namespace, name }, { uid, ...graceOf(unreachable) });
  return outcome.kind === 'evicted' || outcome.kind === 'gone' ? undefined : { pod, outcome };
}

async function force(client: KubeClient, pod: KubePod, unreachable: boolean): Promise<void> {
  const gracePeriodSeconds = unreachable ? 1 : (pod.terminationGracePeriodSeconds ?? 30);
  await forceDelete(client, pod, { gracePeriodSeconds });
}

/** Budgets name the numbers; without the right to read them the drain goes on without. */
async function budgetsOf(client: KubeClient): Promise<readonly KubeDisruptionBudget[]> {
  return client.listAll('poddisruptionbudgets').catch(() => []);
}
