import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterSpec, ClusterState, ControlPlaneKind } from '@flotilla/proto';
import { bareNode, runBare } from '../../bench/join/bare.js';
import type { Server, Snapshot } from '../../testbed/index.js';
import { allSpare, clusterOf, machinesOf, makePool, nameOf, poolRuns, project } from '../ground/fleet.js';
import { attachGround, olderVersion, type Ground } from '../ground/ground.js';
import { until } from '../support.js';
import { leftovers } from './clean.js';

const cluster = 'theirs';
const pool = 'ours';
const podCidr = '10.244.0.0/16';
let ground: Ground;
let theirs: Server;
const before = new Map<string, Snapshot>();

/** The network of this site: its own configuration puts the file on every machine, and routes know the rest. */
const conflist = JSON.stringify({
  cniVersion: '1.0.0',
  name: 'site',
  plugins: [
    {
      type: 'bridge',
      bridge: 'site0',
      isGateway: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.9.0/24' }]] },
    },
  ],
});
const conflistPath = '/etc/cni/net.d/10-site.conflist';

/** kubectl of the people who own that cluster, on their machine. */
const theirKubectl = (...args: string[]): Promise<string> =>
  theirs.execOk(['/usr/local/bin/kubectl', '--kubeconfig', '/etc/kubernetes/admin.conf', ...args]);
const readyNodes = async (): Promise<string[]> =>
  (await theirKubectl('get', 'nodes', '--no-headers'))
    .split('\n')
    .filter((line) => / Ready /.test(line))
    .map((line) => line.split(' ')[0] ?? '');

beforeAll(async () => {
  ground = attachGround();
  [theirs] = (await ground.bed.up([{ name: 'theirs', diskMiB: 24 * 1024 }])) as [Server];
  const node = await bareNode(ground.url, theirs, olderVersion, 'control-plane');
  const init = `kubeadm init --kubernetes-version ${olderVersion} --pod-network-cidr ${podCidr} --apiserver-advertise-address ${theirs.address} --ignore-preflight-errors=all >/root/init.log 2>&1`;
  await runBare(theirs, node, init);
  await theirs.writeFile(conflistPath, conflist);
  await until('their own machine is Ready', 120_000, async () => (await readyNodes()).length === 1 || undefined, 500);
  for (const machine of await machinesOf(ground)) {
    const name = nameOf(machine);
    before.set(name, await ground.server(name).snapshot());
  }
}, 400_000);

afterAll(async () => {
  const { clusters } = await ground.api.clusters.listClusters({ project });
  if (clusters.length > 0) await ground.controlPlane.flotilla(['delete', 'cluster', cluster, '--yes']);
  await allSpare(ground);
  await theirs.powerCut();
});

test('a cluster made by bare kubeadm is imported by its kubeconfig, which is never given back', async () => {
  const kubeconfig = await theirs.readFile('/etc/kubernetes/admin.conf');
  const spec = ClusterSpec.create({ controlPlaneKind: ControlPlaneKind.EXTERNAL });
  await ground.api.clusters.createCluster({ project, name: cluster, spec, kubeconfig });
  const found = await until('it is provisioned', 60_000, async () => {
    const now = await clusterOf(ground, cluster);
    return now.status?.state === ClusterState.PROVISIONED ? now : undefined;
  });
  expect(found.status?.missingRights).toEqual([]);
  expect(found.spec?.kubernetesVersion).toBe(olderVersion);
  const shown = await ground.controlPlane.flotilla(['get', 'cluster', cluster, '-o', 'yaml']);
  expect(shown).not.toMatch(/client-key-data|BEGIN .*PRIVATE KEY/);
});

test('it gets two nodes, and its own machine is left as it is', async () => {
  const pulse = async (): Promise<string> =>
    theirs.execOk(['systemctl', 'show', '--property=MainPID', 'kubelet', 'containerd']);
  const theirsBefore = await pulse();
  await makePool(ground, { cluster, name: pool, size: 2 });
  // Their network reaches a machine once it is one of theirs.
  const claimed = await until(
    'two machines joined',
    200_000,
    async () => {
      const names = (await theirKubectl('get', 'nodes', '-o', 'name'))
        .split('\n')
        .filter((name) => name !== '' && name !== 'node/theirs');
      return names.length === 2 ? names.map((name) => name.replace('node/', '')) : undefined;
    },
    500,
  );
  for (const name of claimed) await ground.server(name).writeFile(conflistPath, conflist);
  const nodes = await poolRuns(ground, cluster, pool, 2);
  expect(nodes.map((node) => node.machineName).sort()).toEqual([...claimed].sort());
  expect((await readyNodes()).sort()).toEqual([...claimed, 'theirs'].sort());
  expect(await pulse()).toBe(theirsBefore);
  expect((await machinesOf(ground)).map(nameOf)).not.toContain('theirs');
});

test('deleted here, the cluster lives on with its own machine; ours are clean spares', async () => {
  const claimed = (await poolRuns(ground, cluster, pool, 2)).map((node) => node.machineName);
  await ground.controlPlane.flotilla(['delete', 'cluster', cluster, '--yes']);
  await until('ours have left', 240_000, async () => (await readyNodes()).join() === 'theirs' || undefined, 1000);
  await allSpare(ground);
  expect((await theirKubectl('get', 'nodes', '-o', 'name')).trim()).toBe('node/theirs');
  // What we had there for ourselves is gone; what kubeadm made is not.
  const secrets = await theirKubectl('-n', 'kube-system', 'get', 'secrets', '-o', 'name');
  expect(secrets).not.toMatch(/bootstrap-token-/);
  expect(await theirKubectl('-n', 'kube-system', 'get', 'configmap', 'kubeadm-config', '-o', 'name')).toContain(
    'kubeadm-config',
  );
  for (const name of claimed) {
    await ground.server(name).execOk(['rm', '-f', conflistPath]);
    await ground.server(name).exec(['rmdir', '/etc/cni/net.d', '/etc/cni']);
    expect([name, leftovers(before.get(name), await ground.server(name).snapshot())]).toEqual([name, []]);
  }
});
