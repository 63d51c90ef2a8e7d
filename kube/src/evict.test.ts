import { expect, test } from 'vitest';
import { parseFailure, type KubeFailure } from './errors.js';
import { evictionOutcome } from './evict.js';

const refused = (status: number, message = '', isStatus = true): KubeFailure => ({
  status,
  reason: '',
  message,
  isStatus,
  retryAfterMs: 5000,
});
const never = (): Promise<boolean> => Promise.reject(new Error('must not be asked'));

test('404 is gone, 429 is blocked with its time, 500 of two budgets is misconfigured', async () => {
  expect(await evictionOutcome(refused(404), undefined, never)).toEqual({ kind: 'gone' });
  expect(await evictionOutcome(refused(429, 'budget'), undefined, never)).toEqual({
    kind: 'blocked',
    message: 'budget',
    retryAfterMs: 5000,
  });
  expect(await evictionOutcome(refused(500, 'more than one PodDisruptionBudget'), undefined, never)).toMatchObject({
    kind: 'misconfigured',
  });
});

test('the budget that refuses is named when the API server names it', async () => {
  const message = 'The disruption budget web-1 needs 2 healthy pods and has 2 currently';
  const body = {
    kind: 'Status',
    message: 'Cannot evict',
    details: { causes: [{ reason: 'DisruptionBudget', message }] },
  };
  const failure = parseFailure(429, JSON.stringify(body), '10');
  expect(await evictionOutcome(failure, undefined, never)).toMatchObject({ budget: 'web-1', retryAfterMs: 10_000 });
  const throttled = parseFailure(429, JSON.stringify({ kind: 'Status', message: 'slow down' }), undefined);
  expect(await evictionOutcome(throttled, undefined, never)).not.toHaveProperty('budget');
  const strange = parseFailure(429, JSON.stringify({ kind: 'Status', details: { causes: 'x' } }), undefined);
  expect(strange).toMatchObject({ status: 429, isStatus: false });
});

test.each(['etcdserver: request timed out', 'context deadline exceeded', 'etcdserver: leader changed'])(
  'a store that stumbles (%s) is not a misconfiguration a person must look at',
  async (message) => {
    expect(await evictionOutcome(refused(500, message), undefined, never)).toBeUndefined();
  },
);

test('a conflict is gone when another pod bears the name, else try again', async () => {
  expect(await evictionOutcome(refused(409), 'u', () => Promise.resolve(true))).toEqual({ kind: 'gone' });
  expect(await evictionOutcome(refused(409, 'busy'), 'u', () => Promise.resolve(false))).toMatchObject({
    kind: 'blocked',
  });
  expect(await evictionOutcome(refused(409), undefined, never)).toBeUndefined();
});

test('a proxy knows nothing of pods', async () => {
  for (const status of [404, 429, 500])
    expect(await evictionOutcome(refused(status, '', false), undefined, never)).toBeUndefined();
});
