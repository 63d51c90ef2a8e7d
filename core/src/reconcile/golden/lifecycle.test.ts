import { Availability, NodeState, RepairRung, type NodePoolSpec } from '@flotilla/proto';
import { afterEach, describe, expect, test } from 'vitest';
import { aRepair } from '../../testing/records.js';
import { World } from '../../testing/world.js';
import { story } from './transcript.js';

let world: World;
afterEach(() => world.close());

const told = async (file: string, title: string, from: number): Promise<void> => {
  await expect(await story(world, title, from)).toMatchFileSnapshot(`lifecycle/${file}.txt`);
};
const states = async (): Promise<string[]> => {
  const { items } = await world.store.read.nodes({ projectId: world.projectId });
  return items.map((n) => `${n.name} ${NodeState[n.status.state] ?? ''}`);
};

/** A control plane `a` and workers `b` and `c`, with spares. */
async function cluster(spares: readonly string[] = []): Promise<string> {
  world = await World.open();
  const made = await world.createCluster('prod');
  const pool = await world.createPool(made, 'web', { size: 2 });
  for (const name of ['a', 'b', 'c']) await world.enroll(name);
  await world.settle();
  for (const name of spares) await world.enroll(name);
  await world.settle();
  return pool;
}
const asked = () => ({ atMs: world.clock.now().wallMs, by: 'api-key:me' });

describe('a pool', () => {
  test('shrinks by one, which becomes a spare', async () => {
    const pool = await cluster();
    const from = await world.store.read.revision();
    await world.changePool(pool, { size: 1 });
    await world.run(20_000);
    await told('scale-down', 'The pool of 2 is set to 1.', from);
    expect(await states()).toEqual(['a RUNNING', 'b RUNNING']);
  });

  test('replaces a node: without a spare it says so and waits, with one that comes first', async () => {
    await cluster();
    const from = await world.store.read.revision();
    const replace = { ...asked(), timeoutMs: undefined, force: false, reason: 'OperatorReplaced' } as const;
    await world.commit('api', { kind: 'node.replace', nodeId: (await world.node('b')).id, replace });
    await world.run(10_000);
    expect(await states()).toEqual(['a RUNNING', 'b RUNNING', 'c RUNNING']);
    await world.enroll('d');
    await world.run(20_000);
    await told('replace', 'Node b is to be replaced; later a spare is enrolled.', from);
    expect(await states()).toEqual(['a RUNNING', 'c RUNNING', 'd RUNNING']);
    expect((await world.store.read.machine('mch_b'))?.status.reason).toBe('Spare');
  });

  test('rolls kubelet settings out in place, one node at a time, and stops at the first that fails', async () => {
    const pool = await cluster();
    const from = await world.store.read.revision();
    world.agents.get('mch_c')?.parks.set('settings', {
      code: 'KUBELET_SETTINGS',
      message: 'the kubelet does not start with 300 pods.',
      remedy: 'Ask for fewer.',
    });
    const template = async (maxPods: number): Promise<Pick<NodePoolSpec, 'template'>> => {
      const stored = (await world.store.read.pool(pool))?.spec.template;
      return { template: stored === undefined ? undefined : { ...stored, maxPods } };
    };
    await world.changePool(pool, await template(300));
    await world.run(10_000);
    expect((await world.store.read.target('mch_c'))?.target.kubelet?.maxPods).toBe(300);
    world.agents.get('mch_c')?.parks.clear();
    await world.commit('api', { kind: 'node.retry', nodeId: (await world.node('c')).id });
    await world.run(10_000);
    await told('roll-out', 'The pool gets 300 pods a node; node c cannot take them until it is retried.', from);
    expect(world.agents.get('mch_b')?.acts.at(-1)).toBe('settings r2');
    expect(world.agents.get('mch_c')?.acts.at(-1)).toBe('settings r2');
    expect(await states()).toEqual(['a RUNNING', 'b RUNNING', 'c RUNNING']);
  });

  test('is deleted while a machine of it still joins', async () => {
    const pool = await cluster();
    const agent = await world.enroll('d');
    agent.parks.set('preflight', { code: 'SWAP_ON', message: 'swap is on.', remedy: 'Run "swapoff -a".' });
    await world.changePool(pool, { size: 3 });
    await world.settle();
    const from = await world.store.read.revision();
    await world.commit('api', { kind: 'pool.delete', poolId: pool });
    await world.run(20_000);
    await told('delete-while-joining', 'The pool is deleted; one of its three machines has not joined yet.', from);
    expect(await states()).toEqual(['a RUNNING']);
  });
});

describe('a node', () => {
  test('is emptied and parked when a budget does not give way, forced only when an Admin asks', async () => {
    await cluster();
    world.kubernetes.putPod('b', 'web-1');
    world.kubernetes.putPod('b', 'web-2');
    world.kubernetes.protectedPods.add('web-1');
    const from = await world.store.read.revision();
    const { id } = await world.node('b');
    const drain = { ...asked(), timeoutMs: 20_000, force: false };
    await world.commit('api', { kind: 'node.drain', nodeId: id, drain });
    await world.run(40_000);
    expect((await world.node('b')).status).toMatchObject({
      state: NodeState.RUNNING_SCHEDULING_DISABLED,
      reason: 'DrainParked',
      drain: { podsLeft: 1, parked: true },
    });
    await world.commit('api', { kind: 'node.drain', nodeId: id, drain: { ...asked(), timeoutMs: 0, force: true } });
    await world.run(10_000);
    expect((await world.node('b')).status.reason).toBe('Drained');
    await world.commit('api', { kind: 'node.drain', nodeId: id, drain: undefined });
    await world.run(10_000);
    await told('drain', 'Node b is drained with 20 s to do it; a budget protects one of its pods.', from);
    expect((await world.node('b')).status.state).toBe(NodeState.RUNNING);
  });

  test('that somebody uncordons with kubectl stays uncordoned', async () => {
    await cluster();
    const from = await world.store.read.revision();
    await world.commit('api', { kind: 'node.cordon', nodeId: (await world.node('b')).id, cordon: asked() });
    await world.settle();
    expect((await world.node('b')).status.state).toBe(NodeState.RUNNING_SCHEDULING_DISABLED);
    world.kubernetes.putNode('b', { unschedulable: false });
    await world.settle();
    await told('uncordoned-elsewhere', 'Node b is cordoned here and uncordoned with kubectl.', from);
    expect((await world.node('b')).cordon).toBeUndefined();
    expect(world.kubernetes.nodes.get('b')).toMatchObject({ unschedulable: false, meta: { annotations: {} } });
  });

  test('that is broken is replaced by a spare, and its machine kept until it is released', async () => {
    await cluster(['d']);
    const from = await world.store.read.revision();
    await world.powerOff('b');
    await world.run(200_000, 50_000);
    const { id: nodeId, clusterId, poolId, machineId } = await world.node('b');
    const ids = { projectId: world.projectId, clusterId, poolId, nodeId, machineId };
    const { version: _version, ...repair } = aRepair({ ...ids, rung: RepairRung.REPLACE, cause: 'HostGone' });
    await world.commit('health', { kind: 'repair.open', repair });
    await world.run(20_000);
    expect(await states()).toEqual(['a RUNNING', 'c RUNNING', 'd RUNNING']);
    expect(await world.store.read.machine('mch_b')).toMatchObject({ preserved: true, quarantined: true });
    await world.powerOn('b');
    await world.run(10_000);
    expect(world.agents.get('mch_b')?.acts.at(-1)).toBe('isolate');
    expect([...world.kubernetes.nodes.keys()]).toEqual(['a', 'c', 'd']);
    await world.commit('api', { kind: 'machine.spec', machineId: 'mch_b', set: { quarantined: false, preserved: false } });
    await world.run(10_000);
    await told('replace-broken', 'Machine b loses power; a spare takes its place; b comes back and is released.', from);
    expect(world.agents.get('mch_b')?.acts.at(-1)).toBe('leave');
  });

  test('whose machine is put into quarantine leaves, and comes back when it is released', async () => {
    await cluster(['d']);
    const from = await world.store.read.revision();
    const set = { quarantined: true, quarantineReason: 'the fan is loud' };
    await world.commit('api', { kind: 'machine.spec', machineId: 'mch_b', set });
    await world.run(20_000);
    expect(await states()).toEqual(['a RUNNING', 'c RUNNING', 'd RUNNING']);
    await world.commit('api', { kind: 'machine.spec', machineId: 'mch_b', set: { quarantined: false } });
    await world.run(10_000);
    await told('quarantine', 'Machine b is put into quarantine and later released.', from);
    expect((await world.store.read.machine('mch_b'))?.status.reason).toBe('Spare');
  });
});

describe('a control plane of three', () => {
  const place = (zone: string) => ({ location: { provider: 'p', region: 'r', zone } });

  async function three(): Promise<void> {
    world = await World.open();
    await world.createCluster('prod', 3, { availability: Availability.REGIONAL, endpoint: 'api.example.org' });
    for (const [name, zone] of [['a', 'z1'], ['b', 'z2'], ['c', 'z3']] as const) await world.enroll(name, '', place(zone));
    await world.run(20_000);
  }

  test('joins one after the other, and passes the leading part on when its first member is replaced', async () => {
    await three();
    expect(await states()).toEqual(['a RUNNING', 'b RUNNING', 'c RUNNING']);
    const cluster = await world.store.read.cluster('clu_prod');
    expect(cluster?.status).toMatchObject({ endpoint: 'api.example.org:6443', controlPlaneRunning: 3 });
    await world.enroll('d', '', place('z1'));
    const replace = { ...asked(), timeoutMs: undefined, force: false, reason: 'OperatorReplaced' } as const;
    await world.commit('api', { kind: 'node.replace', nodeId: (await world.node('a')).id, replace });
    await world.run(30_000);
    await told('control-plane', 'Three members join, then the first is replaced by another machine of its zone.', 0);
    expect(await states()).toEqual(['b RUNNING', 'c RUNNING', 'd RUNNING']);
    const after = await world.store.read.cluster('clu_prod');
    expect(after?.status.initNodeId).not.toBe(cluster?.status.initNodeId);
    expect(after?.status.endpoint).toBe('api.example.org:6443');
    const leader = await world.store.read.node(after?.status.initNodeId ?? '');
    const leads = await world.store.read.target(leader?.machineId ?? '');
    expect(leads?.target.cluster).toMatchObject({ bootstrap: 2, uploadCertificates: true });
  });

  test('keeps a member that an operator removes while another is down', async () => {
    await three();
    await world.powerOff('c');
    await world.run(60_000);
    const from = await world.store.read.revision();
    const removal = { ...asked(), reason: 'OperatorRemoved', drain: true } as const;
    await world.commit('api', { kind: 'node.remove', nodeId: (await world.node('b')).id, removal });
    await world.run(20_000);
    expect((await world.node('b')).status).toMatchObject({
      state: NodeState.DELETING,
      reason: 'QuorumAtRisk',
      message: 'It stays for now: without b the control plane would have 1 of 2 members running and needs 2.',
    });
    expect(world.agents.get('mch_b')?.acts).not.toContain('leave');
    await world.powerOn('c');
    await world.run(30_000);
    await told('quorum', 'Member b is removed while c has no power; c comes back.', from);
    expect(await states()).toEqual(['a RUNNING', 'c RUNNING']);
  });
});
