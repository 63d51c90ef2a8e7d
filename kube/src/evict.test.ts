import { expect, test } from 'vitest';
import type { KubeFailure } from './errors.js';
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
