import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom, SimClock } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from '../client.js';
import { FakeApiServer } from '../fake/index.js';
import type { KubePod } from '../objects.js';
import { forceDelete } from './force.js';

let fake: FakeApiServer;
let client: ClosableKubeClient;

beforeEach(async () => {
  fake = await FakeApiServer.start();
  client = createKubeClient(fake.endpoint(), { clock: new SimClock(), random: seededRandom(1) });
});
afterEach(async () => {
  client.close();
  await fake.stop();
});

const at = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' } } as const;

async function putPod(): Promise<KubePod> {
  fake.put({ ...at, metadata: { ...at.metadata, labels: { app: 'a' } }, status: { phase: 'Running' } });
  const pod = await client.get('pods', at.metadata);
  if (pod === undefined) throw new Error('the pod is missing');
  return pod;
}

test('goes past a budget that evictions respect', async () => {
  const pod = await putPod();
  fake.put({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'a' } } },
    status: { disruptionsAllowed: 0 },
  });
  expect(await client.evict(at.metadata)).toMatchObject({ kind: 'blocked', budget: 'b' });
  expect(await forceDelete(client, pod, { gracePeriodSeconds: 0 })).toBe('leaving');
  expect(await forceDelete(client, pod, { gracePeriodSeconds: 0 })).toBe('gone');
});

test('never hits the next pod of that name', async () => {
  const pod = await putPod();
  fake.remove(at);
  const next = await putPod();
  expect(await forceDelete(client, pod, { gracePeriodSeconds: 30 })).toBe('gone');
  expect((await client.get('pods', at.metadata))?.meta.uid).toBe(next.meta.uid);
});
