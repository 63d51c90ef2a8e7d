import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemClock } from '@flotilla/kit';
import type { KubeClient } from '../contract.js';
import { describeBlocker } from './blocker.js';
import { forceDelete } from './force.js';

export interface PodScene {
  readonly client: KubeClient;
  /** Nothing but an API server runs. */
  readonly bare: boolean;
  readonly namespace: string;
}

/** How pods leave, by eviction and by force, on every API server; to be called inside of a suite. */
export function podConformance(scene: () => PodScene): void {
  const client = (): KubeClient => scene().client;
  const at = (): string => scene().namespace;

  const makePod = async (
    podName: string,
    labels: Record<string, string>,
    ready = 'True',
    nodeName?: string,
  ): Promise<string> => {
    const spec = {
      ...(nodeName === undefined ? {} : { nodeName }),
      // Nobody schedules it, so only the suite decides what becomes of it.
      schedulerName: 'nobody',
      automountServiceAccountToken: false,
      containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10.1' }],
      volumes: [{ name: 'scratch', emptyDir: {} }],
    };
    const pod = await client().create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: podName, namespace: at(), labels },
      spec,
    });
    expect(pod).toMatchObject({ hasEmptyDir: true, persistentVolumeClaims: [], nodeName: nodeName ?? '' });
    await client().patch(
      'pods',
      { namespace: at(), name: podName },
      'strategic',
      { status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready }] } },
      { subresource: 'status' },
    );
    return pod.meta.uid;
  };

  const makeBudget = async (budgetName: string, app: string): Promise<void> => {
    const metadata = { name: budgetName, namespace: at() };
    const spec = { minAvailable: 1, selector: { matchLabels: { app } } };
    await client().create('poddisruptionbudgets', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec,
    });
    const status = {
      observedGeneration: 1,
      disruptionsAllowed: 0,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
    };
    const budget = await client().patch(
      'poddisruptionbudgets',
      metadata,
      'merge',
      { status },
      { subresource: 'status' },
    );
    expect(budget).toMatchObject({
      matchLabels: { app },
      disruptionsAllowed: 0,
      healthyNow: 1,
      healthyWanted: 1,
      expectedPods: 1,
    });
  };

  test('evicts, is blocked by a budget, sees two budgets as misconfigured, and never evicts another pod', async (context) => {
    context.skip(!scene().bare, 'controllers of this cluster would keep the budgets themselves');
    const uid = await makePod('free', { app: 'free' });
    expect(await client().evict({ namespace: at(), name: 'free' }, { uid: randomUUID() })).toEqual({ kind: 'gone' });
    expect(await client().evict({ namespace: at(), name: 'free' }, { uid })).toEqual({ kind: 'evicted' });
    expect(await client().get('pods', { namespace: at(), name: 'free' })).toBeUndefined();
    expect(await client().evict({ namespace: at(), name: 'free' })).toEqual({ kind: 'gone' });
    await makePod('held', { app: 'held' });
    await makeBudget('held-1', 'held');
    expect(await client().evict({ namespace: at(), name: 'held' })).toMatchObject({
      kind: 'blocked',
      message: expect.stringContaining('disruption budget') as string,
      budget: 'held-1',
    });
    // A pod that is not ready costs a satisfied budget nothing.
    await makePod('sick', { app: 'held' }, 'False');
    expect(await client().evict({ namespace: at(), name: 'sick' })).toEqual({ kind: 'evicted' });
    await makeBudget('held-2', 'held');
    expect(await client().evict({ namespace: at(), name: 'held' })).toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining('more than one') as string,
    });
  });

  test('force goes past a budget, and only for the pod that was meant', async (context) => {
    context.skip(!scene().bare, 'controllers of this cluster would keep the budgets themselves');
    const uid = await makePod('forced', { app: 'forced' });
    await makeBudget('forced-1', 'forced');
    const pod = await client().get('pods', { namespace: at(), name: 'forced' });
    if (pod === undefined) throw new Error('the pod is missing');
    const budgets = await client().listAll('poddisruptionbudgets', { namespace: at() });
    const outcome = await client().evict({ namespace: at(), name: 'forced' }, { uid });
    const blocker = describeBlocker(pod, { outcome, budgets, nowMs: systemClock.now().wallMs });
    expect(blocker).toMatchObject({ kind: 'budget', pod: `${at()}/forced`, budgets: ['forced-1'] });
    expect(blocker?.message).toContain('1 of 1 pods are healthy and 1 must be');
    const other = { ...pod, meta: { ...pod.meta, uid: randomUUID() } };
    expect(await forceDelete(client(), other, { gracePeriodSeconds: 0 })).toBe('gone');
    expect(await client().get('pods', { namespace: at(), name: 'forced' })).toBeDefined();
    expect(await forceDelete(client(), pod, { gracePeriodSeconds: 0 })).toBe('leaving');
    expect(await client().get('pods', { namespace: at(), name: 'forced' })).toBeUndefined();
  });

  test('a pod with an hour of grace says how long it may still take', async (context) => {
    context.skip(!scene().bare, 'controllers of this cluster would end the pod themselves');
    await makePod('slow', { app: 'none' }, 'True', 'nowhere');
    await client().delete('pods', { namespace: at(), name: 'slow' }, { gracePeriodSeconds: 3600 });
    const slow = await client().get('pods', { namespace: at(), name: 'slow' });
    expect(slow && describeBlocker(slow, { nowMs: systemClock.now().wallMs })).toMatchObject({
      kind: 'grace-period',
      message: expect.stringContaining('its grace period is 60m') as string,
    });
    expect(slow && (await forceDelete(client(), slow, { gracePeriodSeconds: 0 }))).toBe('leaving');
    expect(await client().get('pods', { namespace: at(), name: 'slow' })).toBeUndefined();
  });

  test('a pod that a finalizer holds says so', async (context) => {
    context.skip(!scene().bare, 'controllers of this cluster would end the pods themselves');
    await makePod('held-back', { app: 'none' });
    await client().patch('pods', { namespace: at(), name: 'held-back' }, 'merge', {
      metadata: { finalizers: ['conformance.flotilla.dev/held'] },
    });
    await client().delete('pods', { namespace: at(), name: 'held-back' }, { gracePeriodSeconds: 0 });
    const held = await client().get('pods', { namespace: at(), name: 'held-back' });
    const laterMs = systemClock.now().wallMs + 120_000;
    expect(held && describeBlocker(held, { nowMs: laterMs })).toMatchObject({
      kind: 'finalizer',
      message: expect.stringContaining('conformance.flotilla.dev/held') as string,
    });
    await client().patch('pods', { namespace: at(), name: 'held-back' }, 'merge', { metadata: { finalizers: null } });
    expect(await client().get('pods', { namespace: at(), name: 'held-back' })).toBeUndefined();
  });
}
