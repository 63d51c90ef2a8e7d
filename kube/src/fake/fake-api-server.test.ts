import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom, systemClock } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from '../client.js';
import { FakeApiServer } from './index.js';

let fake: FakeApiServer;
let client: ClosableKubeClient;

beforeEach(async () => {
  fake = await FakeApiServer.start();
  client = createKubeClient(fake.endpoint(), { clock: systemClock, random: seededRandom(1) });
});
afterEach(async () => {
  client.close();
  await fake.stop();
});

const pod = (name: string, spec: object = {}): void =>
  fake.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'a' } },
    spec: { nodeName: 'n', ...spec },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
const at = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });

test('that is down answers nobody, and is back with everything it had', async () => {
  pod('p');
  fake.goDown();
  await expect(client.get('pods', at('p'))).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
  fake.comeUp();
  expect(await client.get('pods', at('p'))).toBeDefined();
});

test('a budget is spent by an eviction until somebody counts anew', async () => {
  for (const name of ['a', 'b']) pod(name);
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'one', namespace: 'default' },
  };
  const status = { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 };
  fake.put({ ...budget, spec: { selector: { matchLabels: { app: 'a' } } }, status });
  expect(await client.evict(at('a'))).toEqual({ kind: 'evicted' });
  expect(await client.evict(at('b'))).toMatchObject({ kind: 'blocked', budget: 'one' });
  fake.change(budget, { status: { disruptionsAllowed: 1 } });
  expect(await client.evict(at('b'))).toEqual({ kind: 'evicted' });
});

test('pods that linger get their own grace, what a finalizer holds is finished only without it', async () => {
  fake.lingerPods();
  pod('slow', { terminationGracePeriodSeconds: 3600 });
  await client.evict(at('slow'));
  expect((await client.get('pods', at('slow')))?.meta.deletionGraceSeconds).toBe(3600);
  await client.patch('pods', at('slow'), 'merge', { metadata: { finalizers: ['x/y'] } });
  fake.finishPod('default', 'slow');
  expect((await client.get('pods', at('slow')))?.meta.finalizers).toEqual(['x/y']);
  await client.patch('pods', at('slow'), 'merge', { metadata: { finalizers: null } });
  expect(await client.get('pods', at('slow'))).toBeUndefined();
});

test('a review has no name, as in Kubernetes', async () => {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', metadata: { name: 'x' } };
  expect(await client.create('selfsubjectaccessreviews', review)).toMatchObject({ allowed: true, meta: { name: '' } });
  await expect(client.list('selfsubjectaccessreviews')).rejects.toMatchObject({ code: 'KUBE_SERVER_ERROR' });
});
