import { MachineState, NodeState } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { World } from '../testing/world.js';

/** A cluster of three forms; then one is removed; then the cluster is deleted. */
async function story(world: World): Promise<void> {
  const cluster = await world.createCluster('prod');
  await world.createPool(cluster, 'web', { size: 2 });
  for (const name of ['a', 'b', 'c']) await world.enroll(name);
  await world.run(70_000, 35_000);
  const nodes = await world.store.read.nodes({ projectId: world.projectId });
  expect(nodes.items.map((n) => [n.name, NodeState[n.status.state]])).toEqual([
    ['a', 'RUNNING'],
    ['b', 'RUNNING'],
    ['c', 'RUNNING'],
  ]);
  for (const agent of world.agents.values()) {
    // No phase is done twice, whatever was lost in between.
    expect(agent.acts, agent.name).toEqual([...new Set(agent.acts)]);
    expect(agent.acts).toHaveLength(6);
  }
  expect(world.kubernetes.secrets.size).toBe(0);
  await world.commit('api', { kind: 'cluster.delete', clusterId: cluster.id });
  await world.run(70_000, 35_000);
  const machines = await world.store.read.machines({ projectId: world.projectId });
  expect(machines.items.map((m) => m.status.state)).toEqual([1, 1, 1].map(() => MachineState.AVAILABLE));
  expect((await world.store.read.cluster(cluster.id))?.goneAtMs).toBeDefined();
  for (const agent of world.agents.values()) expect(agent.acts.filter((a) => a === 'leave')).toHaveLength(1);
}

/** A pool of two whose template changes while one node is replaced and the machine of another is put into quarantine. */
async function busy(world: World): Promise<void> {
  const cluster = await world.createCluster('prod');
  const pool = await world.createPool(cluster, 'web', { size: 2 });
  for (const name of ['a', 'b', 'c', 'd', 'e']) await world.enroll(name);
  await world.run(20_000, 10_000);
  const workers = (await world.store.read.nodes({ poolId: pool })).items.map((n) => n.name);
  const [first = '', second = ''] = workers;
  const asked = { atMs: world.clock.now().wallMs, by: 'api-key:me', timeoutMs: undefined, force: false };
  const replace = { ...asked, reason: 'OperatorReplaced' } as const;
  await world.commit('api', { kind: 'node.replace', nodeId: (await world.node(first)).id, replace });
  await world.commit('api', { kind: 'machine.spec', machineId: `mch_${second}`, set: { quarantined: true } });
  const stored = (await world.store.read.pool(pool))?.spec.template;
  await world.changePool(pool, { template: stored === undefined ? undefined : { ...stored, maxPods: 50 } });
  await world.run(120_000, 15_000);
  const nodes = (await world.store.read.nodes({ poolId: pool })).items;
  expect(nodes.map((n) => [NodeState[n.status.state], n.status.observedTemplateRevision])).toEqual([
    ['RUNNING', 2],
    ['RUNNING', 2],
  ]);
  expect(nodes.map((n) => n.name).filter((name) => workers.includes(name))).toEqual([]);
  const states = async (name: string) => (await world.store.read.machine(`mch_${name}`))?.status.state;
  expect([await states(first), await states(second)]).toEqual([MachineState.AVAILABLE, MachineState.QUARANTINED]);
  expect(world.kubernetes.nodes.size).toBe(3);
  expect(world.kubernetes.secrets.size).toBe(0);
}

describe('the server is killed', () => {
  test('after any commit or any write to the API server, and the story ends the same', async () => {
    const whole = await World.open();
    await story(whole);
    const marks = whole.marks;
    await whole.close();
    expect(marks).toBeGreaterThan(60);
    // Not every moment, for time's sake: a step that is prime to the rhythm of the story meets all kinds of them.
    for (let killAfter = 1; killAfter <= marks; killAfter += 4) {
      const world = await World.open({ killAfter });
      await story(world).catch((error: unknown) => {
        throw new Error(`killed after mark ${killAfter}: ${String(error)}`, { cause: error });
      });
      expect(world.kills, `killed after mark ${killAfter}`).toBe(1);
      await world.close();
    }
  }, 300_000);

  test('while nodes are replaced, updated, drained and quarantined, and each of these ends the same', async () => {
    const whole = await World.open();
    await busy(whole);
    const marks = whole.marks;
    await whole.close();
    for (let killAfter = 30; killAfter <= marks; killAfter += 17) {
      const world = await World.open({ killAfter });
      await busy(world).catch((error: unknown) => {
        throw new Error(`killed after mark ${killAfter}: ${String(error)}`, { cause: error });
      });
      await world.close();
    }
  }, 600_000);

  test('a bootstrap token that was forgotten is replaced, never doubled', async () => {
    const world = await World.open();
    let tokensAtOnce = 0;
    const count = (): void => {
      tokensAtOnce = Math.max(tokensAtOnce, world.kubernetes.secrets.size);
    };
    const cluster = await world.createCluster('prod');
    await world.createPool(cluster, 'web', { size: 1 });
    await world.enroll('a');
    await world.settle();
    // The worker's machine cannot take its token: it is minted, lost with the server, and minted again.
    const agent = await world.enroll('b');
    agent.parks.set('join', { code: 'HELD', message: 'held', remedy: '' });
    await world.settle();
    agent.parks.clear();
    for (let i = 0; i < 3; i++) {
      count();
      world.restart();
      await world.settle();
    }
    count();
    expect(tokensAtOnce).toBeLessThanOrEqual(1);
    expect(agent.acts.filter((a) => a === 'join')).toHaveLength(1);
    await world.close();
  });
});
