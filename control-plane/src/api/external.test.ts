import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeApiServer, type FakeKeyPair } from '@flotilla/kube/fake';
import { ClusterSpec, Cni, ControlPlaneKind } from '@flotilla/proto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openOperator, type Operator } from '../testing/operator.js';
import { refusal } from '../testing/refusal.js';
import { openTestServer, type TestServer } from '../testing/server.js';
import { callJson } from '../testing/web.js';

let server: TestServer;
let operator: Operator;
let fake: FakeApiServer;
let pair: FakeKeyPair;

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
});
afterAll(async () => {
  operator.close();
  await server.remove();
});
beforeEach(async () => {
  fake = await FakeApiServer.start();
  pair = fake.authority.issue({ commonName: 'importer', organizations: ['system:masters'] });
  const configMap = (namespace: string, name: string, data: Record<string, string>): void =>
    fake.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data });
  const info = `apiVersion: v1\nkind: Config\nclusters:\n- name: ""\n  cluster:\n    certificate-authority-data: ${base64(fake.authority.caPem)}\n    server: ${fake.server}\n`;
  configMap('kube-public', 'cluster-info', { kubeconfig: info, 'jws-kubeconfig-abcdef': 'x..y' });
  configMap('kube-system', 'kubeadm-config', {
    ClusterConfiguration: `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking:\n  dnsDomain: cluster.local\n  podSubnet: 10.42.0.0/16\n  serviceSubnet: 10.43.0.0/16\n`,
  });
  configMap('kube-system', 'kubelet-config', { kubelet: '' });
});
afterEach(() => fake.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const external = ClusterSpec.create({ controlPlaneKind: ControlPlaneKind.EXTERNAL });
const dry = { requestId: '', validateOnly: true };

function kubeconfig(over: { user?: object; cluster?: object } = {}): string {
  const user = { 'client-certificate-data': base64(pair.certificatePem), 'client-key-data': base64(pair.keyPem) };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [
      {
        name: 'a',
        cluster: over.cluster ?? { server: fake.server, 'certificate-authority-data': base64(fake.authority.caPem) },
      },
    ],
    users: [{ name: 'a', user: over.user ?? user }],
  });
}

/** Everything under the data directory, for looking whether a secret lies there in the clear. */
async function bytesOnDisk(): Promise<Buffer> {
  const names = await readdir(server.dataDir, { recursive: true });
  return Buffer.concat(
    await Promise.all(names.map((name) => readFile(join(server.dataDir, name)).catch(() => Buffer.alloc(0)))),
  );
}

describe('an imported cluster', () => {
  it('takes what it says of itself, has no control-plane pool, and its kubeconfig is never seen again', async () => {
    const text = kubeconfig();
    const { cluster } = await operator.clusters.createCluster({ name: 'theirs', spec: external, kubeconfig: text });
    expect(cluster?.spec).toMatchObject({
      controlPlaneKind: ControlPlaneKind.EXTERNAL,
      kubernetesVersion: 'v1.35.4',
      cni: Cni.NONE,
      podCidr: '10.42.0.0/16',
      serviceCidr: '10.43.0.0/16',
      endpoint: fake.server.replace('https://', ''),
    });
    expect((await operator.pools.listNodePools({ cluster: 'theirs' })).nodePools).toEqual([]);
    const secret = base64(pair.keyPem);
    const { body } = await callJson(server, 'ClusterService/GetCluster', { cluster: 'theirs' });
    const { items } = await server.store.read.audit({});
    const { events } = await operator.events.listEvents();
    const shown = JSON.stringify([body, items, events], (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(shown).toContain('cluster.create');
    for (const part of [secret, pair.keyPem.split('\n')[1] ?? '']) {
      expect(shown).not.toContain(part);
      expect((await bytesOnDisk()).includes(part)).toBe(false);
    }
    // Sealed for this cluster, and opened again by the connector that the engine is given.
    const record = await server.store.read.cluster(cluster?.meta?.id ?? '');
    const client = await server.engine.ports.clusters.connect({
      clusterId: record?.id ?? '',
      endpoint: '',
      caCertificate: '',
      clientCertificate: '',
      sealedClientKey: Buffer.alloc(0),
      sealedKubeconfig: record?.access?.sealedKubeconfig ?? Buffer.alloc(0),
    });
    expect(await client.version()).toMatchObject({ gitVersion: 'v1.35.4' });
  });

  it('is refused with every right that its kubeconfig lacks, also when only validation is asked for', async () => {
    fake.decideRights(({ verb, resource }) => !(verb === 'create' && resource === 'secrets'));
    for (const options of [dry, undefined]) {
      const seen = await refusal(
        operator.clusters.createCluster({ name: 'weak', spec: external, kubeconfig: kubeconfig(), options }),
      );
      expect(seen).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'RIGHTS_MISSING' });
      expect(seen.message).toContain('create secrets');
    }
    expect((await refusal(operator.clusters.getCluster({ cluster: 'weak' }))).code).toBe('NOT_FOUND');
  });

  it('writes nothing when only validation is asked for', async () => {
    const { cluster } = await operator.clusters.createCluster({
      name: 'dry',
      spec: external,
      kubeconfig: kubeconfig(),
      options: dry,
    });
    expect(cluster?.spec?.kubernetesVersion).toBe('v1.35.4');
    expect((await refusal(operator.clusters.getCluster({ cluster: 'dry' }))).code).toBe('NOT_FOUND');
  });

  it.each([
    ['nothing', '', ['kubeconfig']],
    ['no YAML', 'a: [', ['kubeconfig']],
    ['a program', { user: { exec: { command: 'sh' } } }, ['kubeconfig.users[a].user.exec']],
    [
      'no CA',
      { cluster: { server: 'https://127.0.0.1:1' } },
      ['kubeconfig.clusters[a].cluster.certificate-authority-data'],
    ],
  ])('is refused when its kubeconfig holds %s, by field', async (_, given, fields) => {
    const text = typeof given === 'string' ? given : kubeconfig(given);
    const seen = await refusal(operator.clusters.createCluster({ name: 'bad', spec: external, kubeconfig: text }));
    expect(seen).toMatchObject({ code: 'INVALID_ARGUMENT', fields });
  });

  it('is refused when it cannot be reached, refuses us, or contradicts what was asked', async () => {
    const spec = { ...external, podCidr: '10.9.0.0/16', cni: Cni.FLANNEL };
    expect(
      (await refusal(operator.clusters.createCluster({ name: 'x', spec, kubeconfig: kubeconfig() }))).fields,
    ).toEqual(expect.arrayContaining(['spec.podCidr', 'spec.cni']));
    const wrongToken = kubeconfig({ user: { token: 'nobody' } });
    expect(
      await refusal(operator.clusters.createCluster({ name: 'x', spec: external, kubeconfig: wrongToken })),
    ).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'CLUSTER_NOT_REACHED',
      metadata: { cause: 'KUBE_UNAUTHENTICATED' },
    });
    const text = kubeconfig();
    fake.refuseConnections = true;
    expect(
      await refusal(operator.clusters.createCluster({ name: 'x', spec: external, kubeconfig: text })),
    ).toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'CLUSTER_NOT_REACHED',
    });
    fake.refuseConnections = false;
    expect((await refusal(operator.clusters.createCluster({ name: 'x', kubeconfig: text }))).fields).toEqual([
      'kubeconfig',
    ]);
  });

  it('gets a new kubeconfig by the same rules', async () => {
    await operator.clusters.createCluster({ name: 'renewed', spec: external, kubeconfig: kubeconfig() });
    const before = await operator.clusters.getCluster({ cluster: 'renewed' });
    pair = fake.authority.issue({ commonName: 'another', organizations: ['system:masters'] });
    const update = { cluster: 'renewed', kubeconfig: kubeconfig(), updateMask: ['kubeconfig'] };
    const after = await operator.clusters.updateCluster(update);
    expect(after.cluster?.spec).toEqual(before.cluster?.spec);
    expect(after.cluster?.meta?.etag).not.toBe(before.cluster?.meta?.etag);
    fake.decideRights(() => false);
    expect((await refusal(operator.clusters.updateCluster(update))).reason).toBe('RIGHTS_MISSING');
    expect((await refusal(operator.clusters.updateCluster({ ...update, kubeconfig: '' }))).fields).toEqual([
      'kubeconfig',
    ]);
  });
});
