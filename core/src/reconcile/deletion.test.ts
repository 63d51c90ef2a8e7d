import { Cni, ConditionStatus, MachineState, NodeState, Role } from '@flotilla/proto';
import { afterEach, expect, test } from 'vitest';
import { World } from '../testing/world.js';

let world: World;
afterEach(() => world.close());

async function three() {
  world = await World.open();
  const cluster = await world.createCluster('prod');
  const pool = await world.createPool(cluster, 'web', { size: 2 });
  for (const name of ['a', 'b', 'c']) await world.enroll(name);
  await world.settle();
  return { cluster, pool };
}

test('a project goes in order: clusters, machines once they are clean, keys at the end', async () => {
  await three();
  await world.enroll('spare');
  const { projectId } = world;
  const apiKey = { id: 'key_a', projectId, name: 'ci', role: Role.ADMIN, secretHash: new Uint8Array([1]) };
  await world.commit('api', { kind: 'apikey.create', apiKey: { ...apiKey, expiresAtMs: 9e15 } });
  await world.commit('api', { kind: 'project.delete', projectId });
  await world.run(60_000);
  expect((await world.store.read.project(projectId))?.goneAtMs).toBeDefined();
  expect((await world.store.read.clusters({ projectId })).items).toEqual([]);
  const machines = await world.store.read.machines({ projectId, includeEnded: true });
  expect(machines.items.map((m) => m.status.state)).toEqual([1, 2, 3, 4].map(() => MachineState.RETIRED));
  for (const name of ['a', 'b', 'c']) expect(world.agents.get(`mch_${name}`)?.acts.at(-1), name).toBe('leave');
  expect((await world.store.read.apiKey('key_a'))?.revokedAtMs).toBeDefined();
  const reasons = (await world.store.read.eventsAfter(0, 1000)).map((e) => e.reason);
  expect(reasons.indexOf('ProjectDeleted')).toBeGreaterThan(reasons.lastIndexOf('MachineRetired'));
});

test('the control plane of a cluster that goes answers until its last worker has left', async () => {
  const { cluster } = await three();
  world.agents.get('mch_b')?.hold();
  await world.commit('api', { kind: 'cluster.delete', clusterId: cluster.id });
  await world.run(30_000);
  const nodes = await world.store.read.nodes({ projectId: world.projectId });
  expect(nodes.items.map((n) => `${n.name} ${NodeState[n.status.state] ?? ''}`)).toEqual(['a RUNNING', 'b DELETING']);
  world.agents.get('mch_b')?.goOn();
  world.restart();
  await world.run(30_000);
  expect((await world.store.read.cluster(cluster.id))?.goneAtMs).toBeDefined();
});

test('a Node object that comes back with a host that was given up is kept empty, and deleted when the host is clean', async () => {
  await three();
  await world.powerOff('b');
  await world.run(200_000, 50_000);
  await world.commit('api', { kind: 'node.remove', nodeId: (await world.node('b')).id, removal: gone() });
  await world.run(20_000);
  expect([...world.kubernetes.nodes.keys()]).toEqual(['a', 'c']);
  // The kubelet is back before the agent.
  world.kubernetes.putNode('b', { providerId: 'flotilla://mch_b' });
  await world.settle();
  expect(world.kubernetes.nodes.get('b')?.unschedulable).toBe(true);
  await world.powerOn('b');
  await world.run(10_000);
  expect([...world.kubernetes.nodes.keys()]).toEqual(['a', 'c']);
  expect(world.agents.get('mch_b')?.acts.at(-1)).toBe('isolate');
});
const gone = () => ({
  atMs: world.clock.now().wallMs,
  reason: 'Unhealthy' as const,
  by: 'rule:pool',
  drain: false,
  preserve: true,
});

test('a pod network that does not come up is explained on the cluster and on the node that waits for it', async () => {
  world = await World.open();
  world.kubernetes.networkWorks = false;
  await world.createCluster('prod', 1, { cni: Cni.FLANNEL });
  await world.enroll('a');
  await world.run(60_000);
  const condition = (await world.store.read.cluster('clu_prod'))?.status.conditions.find(
    (c) => c.type === 'NetworkReady',
  );
  expect(condition).toMatchObject({
    status: ConditionStatus.FALSE,
    reason: 'NodesWaiting',
  });
  expect(condition?.message).toContain('DaemonSet kube-flannel/kube-flannel-ds');
  const phase = (await world.node('a')).status.phases.find((p) => p.phase === 'network-ready');
  expect(phase?.progress).toContain('DaemonSet kube-flannel/kube-flannel-ds');
});
