import { describe, expect, test } from 'vitest';
import type { KubeDisruptionBudget, KubePod } from '../objects.js';
import { parsers } from '../parse.js';
import { JsonReader } from '../read.js';
import { describeBlocker } from './blocker.js';

const nowMs = Date.UTC(2026, 0, 1, 12);
const at = (offsetMs: number): string => new Date(nowMs + offsetMs).toISOString();

const aPod = (metadata: object = {}, spec: object = {}): KubePod =>
  parsers.pods(
    new JsonReader(
      {
        metadata: { name: 'db-0', namespace: 'shop', labels: { app: 'db' }, ...metadata },
        spec: { nodeName: 'n1', ...spec },
      },
      'pod',
    ),
  );
const aBudget = (name: string, status: object = {}, matchLabels: object = { app: 'db' }): KubeDisruptionBudget =>
  parsers.poddisruptionbudgets(
    new JsonReader({ metadata: { name, namespace: 'shop' }, spec: { selector: { matchLabels } }, status }, 'pdb'),
  );
const refused = "Cannot evict pod as it would violate the pod's disruption budget.";

describe('a pod that cannot be evicted', () => {
  test('names its budget and the numbers', () => {
    const budget = aBudget('db-pdb', { currentHealthy: 3, desiredHealthy: 3, expectedPods: 4 });
    const outcome = { kind: 'blocked', message: refused, retryAfterMs: undefined, budget: 'db-pdb' } as const;
    expect(describeBlocker(aPod(), { outcome, budgets: [budget], nowMs })).toMatchObject({
      kind: 'budget',
      pod: 'shop/db-0',
      budgets: ['db-pdb'],
      message: 'shop/db-0 is protected by the disruption budget db-pdb: 3 of 4 pods are healthy and 3 must be.',
    });
    expect(describeBlocker(aPod(), { outcome, nowMs })?.message).toBe(
      'shop/db-0 is protected by the disruption budget db-pdb.',
    );
  });

  test('by a budget that can never be met is told so', () => {
    const budget = aBudget('all', { currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 });
    const outcome = { kind: 'blocked', message: refused, retryAfterMs: undefined } as const;
    const said = describeBlocker(aPod(), { outcome, budgets: [budget, aBudget('other', {}, { app: 'web' })], nowMs });
    expect(said).toMatchObject({ kind: 'budget', budgets: ['all'] });
    expect(said?.message).toContain('which allows none to leave ever');
  });

  test('because two budgets match it names both', () => {
    const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
    const budgets = [aBudget('a'), aBudget('b'), aBudget('c', {}, { app: 'web' })];
    const said = describeBlocker(aPod(), { outcome: { kind: 'misconfigured', message }, budgets, nowMs });
    expect(said).toMatchObject({ kind: 'overlapping-budgets', budgets: ['a', 'b'] });
    expect(said?.message).toContain('(a, b)');
  });

  test('because of throttling or anything else says which', () => {
    const throttled = { kind: 'blocked', message: 'slow down', retryAfterMs: 5_000 } as const;
    expect(describeBlocker(aPod(), { outcome: throttled, nowMs })).toMatchObject({
      kind: 'throttled',
      endsAtMs: nowMs + 5_000,
    });
    const strange = { kind: 'misconfigured', message: 'boom\nboom' } as const;
    expect(describeBlocker(aPod(), { outcome: strange, nowMs })).toMatchObject({
      kind: 'refused',
      message: 'shop/db-0 could not be evicted: boom boom.',
    });
  });
});

describe('a pod that was told to go', () => {
  test('with an hour of grace says how long it may still take', () => {
    const pod = aPod({ deletionTimestamp: at(59 * 60_000), deletionGracePeriodSeconds: 3600 });
    const said = describeBlocker(pod, { nowMs });
    expect(said).toMatchObject({ kind: 'grace-period', endsAtMs: nowMs + 59 * 60_000 });
    expect(said?.message).toMatch(/59m.* more: its grace period is 60m/);
    expect(said?.remedy).toContain('kubectl delete pod -n shop db-0 --grace-period=30');
  });

  test('is not spoken of while it ends in time', () => {
    expect(describeBlocker(aPod({ deletionTimestamp: at(20_000) }), { nowMs })).toBeUndefined();
    expect(describeBlocker(aPod({ deletionTimestamp: at(-20_000), finalizers: ['x/y'] }), { nowMs })).toBeUndefined();
    expect(describeBlocker(aPod(), { nowMs, outcome: { kind: 'evicted' } })).toBeUndefined();
  });

  test('and is held by a finalizer names it', () => {
    const pod = aPod({ deletionTimestamp: at(-600_000), finalizers: ['batch.kubernetes.io/job-tracking'] });
    const said = describeBlocker(pod, { nowMs });
    expect(said?.kind).toBe('finalizer');
    expect(said?.message).toContain('finalizer batch.kubernetes.io/job-tracking since 10m');
  });

  test('and has not ended points at the node', () => {
    const said = describeBlocker(aPod({ deletionTimestamp: at(-600_000) }), { nowMs });
    expect(said).toMatchObject({ kind: 'overdue' });
    expect(said?.remedy).toContain('n1');
  });
});
