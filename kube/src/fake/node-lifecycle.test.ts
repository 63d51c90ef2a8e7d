import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom, SimClock } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from '../client.js';
import type { KubeNode } from '../objects.js';
import { FakeApiServer } from './index.js';

let clock: SimClock;
let fake: FakeApiServer;
let client: ClosableKubeClient;

beforeEach(async () => {
  clock = new SimClock();
  fake = await FakeApiServer.start({ clock });
  client = createKubeClient(fake.endpoint(), { clock, random: seededRandom(1) });
  fake.put({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n' },
    spec: { taints: [{ key: 'mine', effect: 'NoSchedule' }] },
  });
});
afterEach(async () => {
  client.close();
  await fake.stop();
});

const seen = async (): Promise<KubeNode> => {
  const node = await client.get('nodes', { name: 'n' });
  if (node === undefined) throw new Error('the node is missing');
  return node;
};
const ready = ({ conditions }: KubeNode): string | undefined => conditions.find(({ type }) => type === 'Ready')?.status;
const taintsOf = ({ taints }: KubeNode): string[] => taints.map(({ key, effect }) => `${key}:${effect}`);

test('a node whose Lease grows old is Unknown and tainted, and its own taints stay', async () => {
  fake.lifecycle.beat('n');
  fake.lifecycle.check();
  expect([ready(await seen()), taintsOf(await seen())]).toEqual(['True', ['mine:NoSchedule']]);
  await clock.advance(51_000);
  fake.lifecycle.check();
  expect(ready(await seen())).toBe('Unknown');
  const key = 'node.kubernetes.io/unreachable';
  expect(taintsOf(await seen())).toEqual(['mine:NoSchedule', `${key}:NoSchedule`, `${key}:NoExecute`]);
  const versionBefore = (await seen()).meta.resourceVersion;
  fake.lifecycle.check();
  expect((await seen()).meta.resourceVersion).toBe(versionBefore);
  fake.lifecycle.beat('n');
  fake.lifecycle.check();
  expect([ready(await seen()), taintsOf(await seen())]).toEqual(['True', ['mine:NoSchedule']]);
});

test('a kubelet that says it is not ready is believed', async () => {
  fake.lifecycle.beat('n', false);
  fake.lifecycle.check();
  expect(ready(await seen())).toBe('False');
  expect(taintsOf(await seen())).toContain('node.kubernetes.io/not-ready:NoExecute');
  const lease = await client.get('leases', { namespace: 'kube-node-lease', name: 'n' });
  expect(lease?.renewedAtMs).toBe(clock.now().wallMs);
});
