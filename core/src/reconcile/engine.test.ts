import { ClusterState, MachineState, NodePoolState, NodeState } from '@flotilla/proto';
import { afterEach, describe, expect, test } from 'vitest';
import { servingRequest } from '../testing/certificate-requests.js';
import { someFacts } from '../testing/samples.js';
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

  test('a node that an operator removes is drained, cleaned, unregistered, and another takes its place', async () => {
    const world = await aWorld();
    await threeNodes(world);
    await world.enroll('d');
    world.kubernetes.putPod('b', 'app-1');
    world.kubernetes.putPod('b', 'app-2');
    world.kubernetes.protectedPods.add('app-2');
    const [node] = await world.store.read.nodesByName(world.projectId, 'b');
    const removal = {
      atMs: world.clock.now().wallMs,
      reason: 'OperatorRemoved',
      by: 'api-key:me',
      drain: true,
    } as const;
    await world.commit('api', { kind: 'node.remove', nodeId: node?.id ?? '', removal });
    await world.run(20_000);
    expect(await states(world)).toEqual(['a RUNNING', 'b DELETING', 'c RUNNING', 'd RUNNING']);
    expect((await world.store.read.node(node?.id ?? ''))?.status).toMatchObject({
      reason: 'Draining',
      message: '1 pod must leave the node. Blocked: default/app-2 is protected by the disruption budget web.',
    });
    expect(world.agents.get('mch_b')?.acts).not.toContain('leave');
    world.kubernetes.protectedPods.clear();
    await world.run(20_000);
    expect(await states(world)).toEqual(['a RUNNING', 'c RUNNING', 'd RUNNING']);
    expect(world.agents.get('mch_b')?.acts.at(-1)).toBe('leave');
    expect([...world.kubernetes.nodes.keys()]).toEqual(['a', 'c', 'd']);
    expect((await world.store.read.machine('mch_b'))?.status).toMatchObject({
      state: MachineState.AVAILABLE,
      reason: 'Spare',
    });
    expect((await world.store.read.node(node?.id ?? ''))?.status).toMatchObject({
      state: NodeState.DELETED,
      reason: 'Left',
    });
  });

  test('a pool scales up and says what is missing, then down again', async () => {
    const world = await aWorld();
    const { pool } = await threeNodes(world);
    const resize = async (size: number) => {
      const stored = await world.store.read.pool(pool);
      if (stored === undefined) throw new Error('no pool');
      await world.commit('api', { kind: 'pool.spec', pool: { ...stored, spec: { ...stored.spec, size } } });
      await world.run(15_000);
    };
    await resize(3);
    expect((await world.store.read.pool(pool))?.status).toMatchObject({
      state: NodePoolState.SCALING_UP,
      missing: 1,
      message: '1 of 3 machines are missing: no spare is enrolled.',
    });
    await world.enroll('d');
    await world.settle();
    expect((await world.store.read.pool(pool))?.status).toMatchObject({
      state: NodePoolState.RUNNING,
      missing: 0,
      nodesRunning: 3,
    });
    await resize(1);
    expect((await states(world)).length).toBe(2);
    const spares = await world.store.read.machines({ projectId: world.projectId, filter: 'state = AVAILABLE' });
    expect(spares.items).toHaveLength(2);
  });

  test('an open pool takes who enrolled for it, and not back who was removed', async () => {
    const world = await aWorld();
    const cluster = await world.createCluster('prod');
    const pool = await world.createPool(cluster, 'edge');
    await world.enroll('cp');
    await world.settle();
    await world.enroll('e1', pool);
    await world.enroll('spare');
    await world.settle();
    expect(await states(world)).toEqual(['cp RUNNING', 'e1 RUNNING']);
    const [node] = await world.store.read.nodesByName(world.projectId, 'e1');
    const removal = { atMs: world.clock.now().wallMs, reason: 'OperatorRemoved', by: 'me', drain: true } as const;
    await world.commit('api', { kind: 'node.remove', nodeId: node?.id ?? '', removal });
    await world.run(20_000);
    expect(await states(world)).toEqual(['cp RUNNING']);
  });

  test('without artifacts nothing begins, and the node says what to do', async () => {
    const world = await aWorld();
    world.mirrored = false;
    await threeNodes(world);
    const [node] = await world.store.read.nodesByName(world.projectId, 'a');
    expect(node?.status).toMatchObject({ state: NodeState.PENDING, reason: 'ArtifactsMissing' });
    expect(node?.status.message).toContain('artifacts sync v1.34.4');
    world.mirrored = true;
    world.engine.wake('mirror');
    await world.run(1_000);
    expect(await states(world)).toEqual(['a RUNNING', 'b RUNNING', 'c RUNNING']);
  });

  test('a phase that waits for a person fails the node with the cure, and runs again when asked', async () => {
    const world = await aWorld();
    const cluster = await world.createCluster('prod');
    const agent = await world.enroll('cp');
    agent.parks.set('preflight', { code: 'SWAP_ON', message: 'swap is on: /dev/sda2', remedy: 'Run "swapoff -a".' });
    await world.settle();
    const [node] = await world.store.read.nodesByName(world.projectId, 'cp');
    expect(node?.status).toMatchObject({ state: NodeState.FAILED, reason: 'PhaseParked' });
    expect(node?.status.message).toBe(
      'SWAP_ON: swap is on: /dev/sda2 Do this: Run "swapoff -a". Then run: flotilla retry node cp',
    );
    expect((await world.store.read.cluster(cluster.id))?.status.state).toBe(ClusterState.FAILED);
    agent.parks.clear();
    await world.commit('api', { kind: 'node.retry', nodeId: node?.id ?? '' });
    await world.settle();
    expect(await states(world)).toEqual(['cp RUNNING']);
    expect((await world.store.read.target('mch_cp'))?.target.maintenance?.retryNonce).toBe(`${node?.id ?? ''}/retry-1`);
  });

  test('an agent that is not heard, while its kubelet is: management is lost, and nothing is done', async () => {
    const world = await aWorld();
    await threeNodes(world);
    const writes = world.kubernetes.log.length;
    await world.setConnected('b', false);
    await world.run(200_000, 50_000);
    const [node] = await world.store.read.nodesByName(world.projectId, 'b');
    expect(node?.status).toMatchObject({ state: NodeState.RUNNING, warning: 'ManagementLost' });
    expect(world.kubernetes.log.slice(writes)).toEqual([]);
    await world.setConnected('b', true);
    await world.run(10_000);
    expect((await world.store.read.node(node?.id ?? ''))?.status.warning).toBe('');
  });

  test('a machine that is gone for good can be retired', async () => {
    const world = await aWorld();
    await threeNodes(world);
    await world.setConnected('b', false);
    await world.run(200_000, 50_000);
    await world.commit('api', { kind: 'machine.spec', machineId: 'mch_b', set: { retire: true } });
    await world.run(20_000);
    expect(await states(world)).toEqual(['a RUNNING', 'c RUNNING']);
    expect((await world.store.read.machine('mch_b'))?.status.state).toBe(MachineState.RETIRED);
    expect([...world.kubernetes.nodes.keys()]).toEqual(['a', 'c']);
  });

  test('an API server that stops answering changes no state and is said', async () => {
    const world = await aWorld();
    const { cluster } = await threeNodes(world);
    world.kubernetes.setUp(false);
    await world.settle();
    expect(await states(world)).toEqual(['a RUNNING', 'b RUNNING', 'c RUNNING']);
    const stored = await world.store.read.cluster(cluster.id);
    expect(stored?.status).toMatchObject({ state: ClusterState.PROVISIONED, reason: 'ApiServerUnknown' });
    world.kubernetes.setUp(true);
    await world.settle();
    expect((await world.store.read.cluster(cluster.id))?.status.reason).toBe('Provisioned');
  });

  test('labels of the pool are kept on its nodes, those of others are left alone', async () => {
    const world = await aWorld();
    const { pool } = await threeNodes(world);
    world.kubernetes.putNode('b', { labels: { ...world.kubernetes.nodes.get('b')?.meta.labels, mine: 'yes' } });
    const stored = await world.store.read.pool(pool);
    if (stored?.spec.template === undefined) throw new Error('no pool');
    const relabel = (labels: Record<string, string>, templateRevision: number) =>
      world.commit('api', {
        kind: 'pool.spec',
        pool: {
          ...stored,
          templateRevision,
          spec: { ...stored.spec, template: { ...stored.spec.template, labels } as typeof stored.spec.template },
        }, // a whole template
      });
    await relabel({ tier: 'gold' }, 2);
    await world.settle();
    expect(world.kubernetes.nodes.get('b')?.meta.labels).toMatchObject({ tier: 'gold', mine: 'yes' });
    await relabel({}, 3);
    await world.settle();
    expect(world.kubernetes.nodes.get('b')?.meta.labels).not.toHaveProperty('tier');
    expect(world.kubernetes.nodes.get('b')?.meta.labels).toHaveProperty('mine');
  });

  test('two clusters that want the same spare share nothing', async () => {
    const world = await aWorld();
    await world.createCluster('one');
    await world.createCluster('two');
    await world.enroll('a');
    await world.settle();
    const nodes = await world.store.read.nodes({ projectId: world.projectId });
    expect(nodes.items).toHaveLength(1);
  });

  test('serving certificates of kubelets are approved for their own names only, and a refusal is said once', async () => {
    const world = await aWorld();
    await threeNodes(world);
    const csr = (name: string, node: string) => ({
      name,
      signerName: 'kubernetes.io/kubelet-serving',
      username: `system:node:${node}`,
      groups: ['system:nodes'],
      usages: ['digital signature', 'server auth'],
      requestPem: servingRequest,
    });
    const facts = someFacts('web-1', {
      interfaces: [{ name: 'eth0', mac: '', addresses: ['10.0.0.10', 'fd00::10'], mtu: 1500 }],
    });
    await world.enroll('web-1');
    await world.commit('session', { kind: 'machine.inventory', machineId: 'mch_web-1', facts });
    const pool = await world.store.read.pool('pol_prod_web');
    if (pool === undefined) throw new Error('no pool');
    await world.commit('api', { kind: 'pool.spec', pool: { ...pool, spec: { ...pool.spec, size: 3 } } });
    await world.settle();
    world.kubernetes.putCsr(csr('csr-web-1', 'web-1'));
    world.kubernetes.putCsr(csr('csr-b', 'b'));
    await world.run(120_000, 60_000);
    expect(world.kubernetes.approved).toEqual(['csr-web-1']);
    const events = await world.store.read.events({ projectId: world.projectId, filter: 'reason = CsrNotApproved' });
    expect(events.items.map((e) => [e.resourceName, e.message])).toEqual([
      [
        'b',
        'The serving certificate that system:node:b asks for was not approved: the subject is not CN=system:node:<name>, O=system:nodes.',
      ],
    ]);
  });

  test('a claim that somebody else was faster with is looked at again, not lost', async () => {
    const world = await aWorld();
    const cluster = await world.createCluster('prod');
    await world.createPool(cluster, 'one', { size: 5 });
    await world.createPool(cluster, 'two', { size: 5 });
    for (let i = 0; i < 11; i++) await world.enroll(`m${i}`);
    await world.settle();
    expect((await states(world)).filter((s) => s.endsWith(' RUNNING'))).toHaveLength(11);
  });
});
