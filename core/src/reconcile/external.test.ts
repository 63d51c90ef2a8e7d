import { FakeAuthority } from '@flotilla/kube/fake';
import { ClusterState, MachineState, NodeState } from '@flotilla/proto';
import { afterEach, expect, test } from 'vitest';
import { sampleVersion } from '../testing/samples.js';
import { World } from '../testing/world.js';

let world: World;
afterEach(() => world.close());

/** An existing cluster, made by kubeadm elsewhere, with one node of its own. */
function existing(): void {
  const caPem = Buffer.from(new FakeAuthority().caPem).toString('base64');
  const server = 'https://api.example.org:6443';
  const info = `clusters:\n- name: ""\n  cluster:\n    certificate-authority-data: ${caPem}\n    server: ${server}\n`;
  world.kubernetes.putConfigMap('kube-public', 'cluster-info', { kubeconfig: info, 'jws-kubeconfig-abcdef': 'x' });
  world.kubernetes.putConfigMap('kube-system', 'kubeadm-config', { ClusterConfiguration: 'clusterName: old\n' });
  world.kubernetes.putConfigMap('kube-system', 'kubelet-config', { kubelet: '' });
  world.kubernetes.hadNetwork = true;
  world.kubernetes.putNode('theirs', { providerId: '', labels: { mine: 'yes' } });
}
const cluster = async () => {
  const stored = await world.store.read.cluster('clu_old');
  if (stored === undefined) throw new Error('no cluster');
  return stored;
};
const acts = (): string[] => world.kubernetes.log.filter((line) => line.includes('theirs') || line.startsWith('apply'));

test('an imported cluster names the rights that are missing, then gets nodes, and loses only them', async () => {
  world = await World.open();
  existing();
  world.kubernetes.forbidden.add('create secrets');
  const made = await world.importCluster('old');
  const pool = await world.createPool(made, 'burst', { size: 2 });
  for (const name of ['x', 'y']) await world.enroll(name);
  await world.run(10_000);
  expect((await cluster()).status).toMatchObject({
    state: ClusterState.PROVISIONING,
    reason: 'RightsMissing',
    missingRights: ['create secrets in kube-system'],
    message: 'The kubeconfig may not: create secrets in kube-system. Grant that; it is looked at again by itself.',
  });
  expect((await world.node('x')).status).toMatchObject({ state: NodeState.PENDING, reason: 'WaitingForControlPlane' });

  world.kubernetes.forbidden.clear();
  await world.run(60_000);
  expect((await cluster()).status).toMatchObject({
    state: ClusterState.PROVISIONED,
    message: `The imported cluster (${sampleVersion}) answers, and nodes may join it.`,
    endpoint: 'api.example.org:6443',
    caCertHashes: [expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
    missingRights: [],
  });
  expect([(await world.node('x')).status.state, (await world.node('y')).status.state]).toEqual([
    NodeState.RUNNING,
    NodeState.RUNNING,
  ]);
  expect([...world.kubernetes.nodes.keys()].sort()).toEqual(['theirs', 'x', 'y']);

  world.kubernetes.putPod('x', 'web-1');
  await world.changePool(pool, { size: 1 });
  await world.run(30_000);
  expect(world.kubernetes.nodes.size).toBe(2);
  expect(world.kubernetes.nodes.has('theirs')).toBe(true);
  await world.commit('api', { kind: 'cluster.delete', clusterId: made.id });
  await world.run(60_000);
  expect((await cluster()).goneAtMs).toBeDefined();
  expect([...world.kubernetes.nodes.keys()]).toEqual(['theirs']);
  expect(world.kubernetes.secrets.size).toBe(0);
  expect(acts()).toEqual([]);
  const machines = await world.store.read.machines({ projectId: world.projectId });
  expect(machines.items.map((m) => m.status.state)).toEqual([MachineState.AVAILABLE, MachineState.AVAILABLE]);
});

test('a node of theirs that has the name of a machine of ours is not ours to touch', async () => {
  world = await World.open();
  existing();
  const made = await world.importCluster('old');
  await world.createPool(made, 'burst', { size: 1 });
  world.kubernetes.putNode('x', { providerId: 'aws:///i-1' });
  await world.enroll('x');
  world.agents.get('mch_x')?.parks.set('join', { code: 'NAME_TAKEN', message: 'a node is called so.', remedy: '' });
  await world.run(60_000);
  await world.commit('api', { kind: 'cluster.delete', clusterId: made.id });
  await world.run(60_000);
  expect([...world.kubernetes.nodes.keys()].sort()).toEqual(['theirs', 'x']);
});
