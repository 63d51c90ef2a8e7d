import { Availability, Bootstrap, NodeState, RepairRung, RepairState } from '@flotilla/proto';
import { afterEach, expect, test } from 'vitest';
import { aRepair } from '../testing/records.js';
import { World } from '../testing/world.js';

let world: World;
afterEach(() => world.close());

/** The ladder comes to a rung on a node. */
async function repair(name: string, rung: RepairRung): Promise<void> {
  const { id: nodeId, clusterId, poolId, machineId } = await world.node(name);
  const ids = { projectId: world.projectId, clusterId, poolId, nodeId, machineId };
  const { version: _version, ...run } = aRepair({ ...ids, rung });
  await world.commit('health', { kind: 'repair.open', repair: run });
  await world.run(20_000);
}

const acts = (name: string): string[] =>
  (world.agents.get(`mch_${name}`)?.acts ?? []).map((act) => act.split(' ')[0] ?? '');
const tokens = (): number => world.kubernetes.secrets.size;

async function workers(): Promise<void> {
  world = await World.open();
  const cluster = await world.createCluster('prod');
  await world.createPool(cluster, 'web', { size: 1 });
  for (const name of ['a', 'b']) await world.enroll(name);
  await world.run(20_000);
}

test('a renewal is ordered together with a fresh bootstrap token, which is deleted when it is done', async () => {
  await workers();
  const agent = world.agents.get('mch_b');
  const before = agent?.tokensSeen.size ?? 0;
  let seen = before;
  agent?.cures.set('renew-certificates', () => {
    seen = agent.tokensSeen.size;
  });
  await repair('b', RepairRung.RENEW_CERTIFICATES);
  expect(acts('b').filter((act) => act === 'renew-certificates')).toHaveLength(1);
  expect(seen).toBe(before + 1);
  expect(tokens()).toBe(0);
});

test('a worker joins again with a fresh bootstrap token, which is deleted when it is in', async () => {
  await workers();
  await repair('b', RepairRung.REJOIN);
  expect(acts('b').slice(-7)).toEqual([
    'reset',
    'preflight',
    'prepare-host',
    'install-runtime',
    'install-kubernetes',
    'load-images',
    'join',
  ]);
  expect(world.agents.get('mch_b')?.tokensSeen.size).toBe(2);
  expect(tokens()).toBe(0);
  expect((await world.node('b')).status.state).toBe(NodeState.RUNNING);
});

test('the member that initialised the control plane joins it when it is reset', async () => {
  world = await World.open();
  await world.createCluster('prod', 3, { availability: Availability.REGIONAL, endpoint: 'api.example.org' });
  for (const name of ['a', 'b', 'c'])
    await world.enroll(name, '', { location: { provider: 'p', region: 'r', zone: `z${name}` } });
  await world.run(20_000);
  expect(acts('a').at(-1)).toBe('init');
  await repair('a', RepairRung.REJOIN);
  expect(acts('a').slice(-2)).toEqual(['load-images', 'join']);
  expect(acts('a').filter((act) => act === 'init')).toHaveLength(1);
  expect((await world.store.read.target('mch_a'))?.target.cluster?.bootstrap).toBe(Bootstrap.JOIN);
  const [run] = await world.store.read.repairsOf((await world.node('a')).id, 1);
  if (run === undefined) throw new Error('no run');
  const over = { ...run, state: RepairState.SUCCEEDED, endedAtMs: world.clock.now().wallMs };
  await world.commit('health', { kind: 'repair.update', repair: over });
  await world.run(20_000);
  expect((await world.store.read.target('mch_a'))?.target.cluster?.bootstrap).toBe(Bootstrap.JOIN);
  expect((await world.node('a')).status.state).toBe(NodeState.RUNNING);
});
