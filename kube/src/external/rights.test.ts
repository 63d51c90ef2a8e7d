import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom, SimClock } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from '../client.js';
import { FakeApiServer } from '../fake/index.js';
import { checkRights, describeRight, neededRights } from './rights.js';

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

test('who may do everything lacks nothing', async () => {
  expect(await checkRights(client)).toEqual([]);
  expect(fake.seen).toHaveLength(neededRights.length);
});

test('what is missing is told in the order of the list, as a person would grant it', async () => {
  fake.decideRights(({ resource, subresource, name }) => {
    if (resource === 'pods' && subresource === 'eviction') return false;
    return resource !== 'secrets' && name !== 'kubernetes.io/kubelet-serving';
  });
  expect(await checkRights(client)).toEqual([
    'create pods/eviction',
    'create secrets in kube-system',
    'list secrets in kube-system',
    'delete secrets in kube-system',
    'approve signers kubernetes.io/kubelet-serving',
  ]);
});

test('a cluster that cannot be asked is an error, not a list of lacks', async () => {
  fake.fail({ fault: { kind: 'refuse', status: 503 }, times: 100 });
  await expect(checkRights(client)).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
});

test('each right is in the list once and says why', () => {
  const sentences = neededRights.map(describeRight);
  expect(new Set(sentences).size).toBe(sentences.length);
  for (const { why, verb, resource } of neededRights)
    expect([why, verb, resource].every((text) => text !== '')).toBe(true);
});
