import { afterEach, describe, expect, test } from 'vitest';
import { World } from '../../testing/world.js';
import { transcript as transcriptOf } from './transcript.js';

let world: World;
afterEach(() => world.close());

const transcript = (title: string, afterRevision: number): Promise<string> =>
  transcriptOf(world, title, afterRevision);

async function cluster() {
  world = await World.open();
  const made = await world.createCluster('prod');
  const pool = await world.createPool(made, 'web', { size: 2 });
  for (const name of ['a', 'b', 'c']) await world.enroll(name);
  await world.settle();
  return { made, pool };
}

describe('stories', () => {
  test('three machines become a cluster', async () => {
    await cluster();
    await expect(await transcript('One control plane and two workers join.', 0)).toMatchFileSnapshot('join-three.txt');
  });

  test('a pool grows by a machine that is there and waits for one that is not', async () => {
    const { pool } = await cluster();
    await world.enroll('d');
    await world.settle();
    const from = await world.store.read.revision();
    const stored = await world.store.read.pool(pool);
    if (stored === undefined) throw new Error('no pool');
    await world.commit('api', { kind: 'pool.spec', pool: { ...stored, spec: { ...stored.spec, size: 4 } } });
    await world.settle();
    await expect(await transcript('The pool of 2 is set to 4; one spare is enrolled.', from)).toMatchFileSnapshot(
      'scale-up.txt',
    );
  });

  test('a node is removed while a budget holds one of its pods', async () => {
    await cluster();
    world.kubernetes.putPod('b', 'web-1');
    world.kubernetes.protectedPods.add('web-1');
    const from = await world.store.read.revision();
    const [node] = await world.store.read.nodesByName(world.projectId, 'b');
    const removal = {
      atMs: world.clock.now().wallMs,
      reason: 'OperatorRemoved',
      by: 'api-key:me',
      drain: true,
    } as const;
    await world.commit('api', { kind: 'node.remove', nodeId: node?.id ?? '', removal });
    await world.run(10_000);
    world.kubernetes.protectedPods.clear();
    await world.run(20_000);
    await expect(await transcript('Node b is removed; its budget gives way after a while.', from)).toMatchFileSnapshot(
      'remove-node.txt',
    );
  });

  test('a cluster is deleted', async () => {
    const { made } = await cluster();
    const from = await world.store.read.revision();
    await world.commit('api', { kind: 'cluster.delete', clusterId: made.id });
    await world.settle();
    await expect(await transcript('The cluster is deleted; its machines are spares again.', from)).toMatchFileSnapshot(
      'delete-cluster.txt',
    );
  });

  test('a machine that is not fit says what to do', async () => {
    world = await World.open();
    await world.createCluster('prod');
    const agent = await world.enroll('cp');
    agent.parks.set('preflight', { code: 'SWAP_ON', message: 'swap is on: /dev/sda2.', remedy: 'Run "swapoff -a".' });
    await world.settle();
    await expect(await transcript('Swap is on at the only control-plane machine.', 0)).toMatchFileSnapshot(
      'swap-on.txt',
    );
  });
});
