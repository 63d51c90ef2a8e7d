import { ClusterState, MachineState, NodeState } from '@flotilla/proto';
import { afterEach, describe, expect, test } from 'vitest';
import { World, type WorldOptions } from '../testing/world.js';

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
const aWorld = async (options: WorldOptions = {}): Promise<World> => {
  const world = await World.open(options);
  worlds.push(world);
  return world;
};

async function threeNodes(world: World) {
  const cluster = await world.createCluster('prod');
  const pool = await world.createPool(cluster, 'web', { size: 2 });
  for (const name of ['a', 'b', 'c']) await world.enroll(name);
  await world.settle();
  return { cluster, pool };
}

const states = async (world: World): Promise<string[]> =>
  (await world.store.read.nodes({ projectId: world.projectId })).items.map(
    (n) => `${n.name} ${NodeState[n.status.state] ?? ''}`,
  );

describe('the engine', () => {
  test('makes a cluster of three machines', async () => {
    const world = await aWorld();
    const { cluster } = await threeNodes(world);
    expect(await states(world)).toEqual(['a RUNNING', 'b RUNNING', 'c RUNNING']);
    const stored = await world.store.read.cluster(cluster.id);
    expect(stored?.status).toMatchObject({
      state: ClusterState.PROVISIONED,
      nodesTotal: 3,
      nodesRunning: 3,
      endpoint: '10.0.0.10:6443',
    });
    expect(world.kubernetes.secrets.size).toBe(0);
    expect(world.kubernetes.nodes.get('b')?.meta.labels['flotilla.dev/node-pool']).toBe('web');
  });

  test('gives the machines back when the cluster is deleted', async () => {
    const world = await aWorld();
    const { cluster } = await threeNodes(world);
    await world.commit('api', { kind: 'cluster.delete', clusterId: cluster.id });
    await world.settle();
    expect(await states(world)).toEqual([]);
    expect((await world.store.read.cluster(cluster.id))?.goneAtMs).toBeDefined();
    const machines = await world.store.read.machines({ projectId: world.projectId });
    expect(machines.items.map((m) => m.status.state)).toEqual([1, 1, 1].map(() => MachineState.AVAILABLE));
    expect([...world.agents.values()].map((a) => a.membership)).toEqual([undefined, undefined, undefined]);
  });
});
