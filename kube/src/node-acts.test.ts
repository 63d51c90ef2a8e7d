import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom, SimClock } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from './client.js';
import { FakeApiServer } from './fake/index.js';
import { setCordoned, setNodeMarks, setNodeTaints } from './node-acts.js';
import type { KubeNode } from './objects.js';

const lifecycle = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };

let fake: FakeApiServer;
let client: ClosableKubeClient;
let node: KubeNode;

beforeEach(async () => {
  fake = await FakeApiServer.start();
  client = createKubeClient(fake.endpoint(), { clock: new SimClock(), random: seededRandom(1) });
  fake.put({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n', labels: { theirs: 'x' } },
    status: { conditions: [] },
  });
  const found = await client.get('nodes', { name: 'n' });
  if (found === undefined) throw new Error('the node is missing');
  node = found;
});
afterEach(async () => {
  client.close();
  await fake.stop();
});

test('marks add and remove what they name, and leave the labels of others', async () => {
  const ref = { name: 'n', uid: node.meta.uid };
  await setNodeMarks(client, ref, { labels: { a: '1', b: '2' } });
  const marked = await setNodeMarks(client, ref, { labels: { a: null }, annotations: { note: 'x' } });
  expect(marked.meta.labels).toEqual({ theirs: 'x', b: '2' });
  expect(marked.meta.annotations).toEqual({ note: 'x' });
});

test('uncordoning removes the field, as kubectl does', async () => {
  const ref = { name: 'n', uid: node.meta.uid };
  expect((await setCordoned(client, ref, true)).unschedulable).toBe(true);
  await setCordoned(client, ref, false);
  expect(fake.find('v1', 'Node', 'n')).not.toHaveProperty('spec.unschedulable');
});

test('a taint that another wrote meanwhile is not lost: the write conflicts', async () => {
  fake.change({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }, { spec: { taints: [lifecycle] } });
  const ours = { key: 'flotilla.dev/repair', value: 'x', effect: 'NoSchedule' };
  await expect(setNodeTaints(client, node, [ours])).rejects.toMatchObject({ code: 'KUBE_CONFLICT', retry: 'now' });
  const fresh = await client.get('nodes', { name: 'n' });
  const tainted = await setNodeTaints(client, fresh ?? node, [...(fresh?.taints ?? []), ours]);
  expect(tainted.taints).toEqual([{ ...lifecycle, value: '' }, ours]);
  expect((await setNodeTaints(client, tainted, [])).taints).toEqual([]);
});
