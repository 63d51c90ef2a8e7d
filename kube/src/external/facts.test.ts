import { createHash, X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom, SimClock } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from '../client.js';
import { FakeApiServer, FakeAuthority } from '../fake/index.js';
import { externalClusterFacts } from './facts.js';
import { parseClusterInfo, parseKubeadmConfig } from './facts-text.js';

const nowMs = Date.UTC(2026, 0, 2);
let fake: FakeApiServer;
let client: ClosableKubeClient;

beforeEach(async () => {
  fake = await FakeApiServer.start();
  client = createKubeClient(fake.endpoint(), { clock: new SimClock(), random: seededRandom(1) });
});
afterEach(async () => {
  client.close();
  await fake.stop();
});

const configMap = (namespace: string, name: string, data: Record<string, string>): void =>
  fake.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data });

const clusterInfo = (caPem: string, server = 'https://api.example.com:6443'): string =>
  `apiVersion: v1
kind: Config
clusters:
- name: ""
  cluster:
    certificate-authority-data: ${Buffer.from(caPem).toString('base64')}
    server: ${server}
`;

const kubeadmConfig = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: prod
controlPlaneEndpoint: api.example.com:6443
networking:
  dnsDomain: cluster.local
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
`;

function aToken(createdMs: number): void {
  fake.put({
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata: {
      name: 'bootstrap-token-abcdef',
      namespace: 'kube-system',
      creationTimestamp: new Date(createdMs).toISOString(),
    },
    data: { 'usage-bootstrap-signing': Buffer.from('true').toString('base64') },
  });
}

test('of a cluster that kubeadm made', async () => {
  const { caPem } = new FakeAuthority();
  configMap('kube-public', 'cluster-info', { kubeconfig: clusterInfo(caPem), 'jws-kubeconfig-abcdef': 'x..y' });
  configMap('kube-system', 'kubeadm-config', { ClusterConfiguration: kubeadmConfig });
  configMap('kube-system', 'kubelet-config', { kubelet: '' });
  const spki = new X509Certificate(caPem).publicKey.export({ type: 'spki', format: 'der' });
  expect(await externalClusterFacts(client, nowMs)).toEqual({
    version: { gitVersion: 'v1.35.4', major: 1, minor: 35 },
    endpoint: 'api.example.com:6443',
    caPem,
    caCertHashes: [`sha256:${createHash('sha256').update(spki).digest('hex')}`],
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/12',
    clusterDomain: 'cluster.local',
    clusterName: 'prod',
    controlPlaneEndpoint: 'api.example.com:6443',
    bootstrapSigner: 'signs',
    missing: [],
  });
});

test('of any other cluster tell what is missing, each with the command that makes it', async () => {
  const { missing, endpoint, bootstrapSigner } = await externalClusterFacts(client, nowMs);
  expect(missing.map(({ code }) => code)).toEqual([
    'CLUSTER_INFO_MISSING',
    'KUBEADM_CONFIG_MISSING',
    'KUBELET_CONFIG_MISSING',
  ]);
  expect(missing[0]?.remedy).toContain('kubeadm init phase bootstrap-token');
  expect([endpoint, bootstrapSigner]).toEqual([undefined, 'unknown']);
});

test('a cluster-info without the CA is told apart from none', async () => {
  configMap('kube-public', 'cluster-info', { kubeconfig: 'clusters: []' });
  const { missing } = await externalClusterFacts(client, nowMs);
  expect(missing[0]?.code).toBe('CLUSTER_INFO_UNREADABLE');
});

test('a signer that leaves old tokens unsigned is silent; a fresh token proves nothing', async () => {
  configMap('kube-public', 'cluster-info', { kubeconfig: clusterInfo(new FakeAuthority().caPem) });
  aToken(nowMs - 1_000);
  expect(await externalClusterFacts(client, nowMs)).toMatchObject({ bootstrapSigner: 'unknown' });
  fake.remove({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
  });
  aToken(nowMs - 3_600_000);
  const { missing, bootstrapSigner } = await externalClusterFacts(client, nowMs);
  expect(bootstrapSigner).toBe('silent');
  expect(missing.map(({ code }) => code)).toContain('BOOTSTRAP_SIGNER_SILENT');
});

test('what may not be read is missing, what cannot be asked is an error', async () => {
  fake.fail({ path: /configmaps/, times: 3, fault: { kind: 'refuse', status: 403, reason: 'Forbidden' } });
  expect((await externalClusterFacts(client, nowMs)).missing).toHaveLength(3);
  fake.fail({ path: /configmaps/, times: 3, fault: { kind: 'refuse', status: 503 } });
  await expect(externalClusterFacts(client, nowMs)).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
});

test.each(['', ':', 'a: &x 1\nb: *x', '[]', 'clusters: {}', 'clusters: [1]'])(
  '%j tells nothing and does no harm',
  (text) => {
    expect(parseClusterInfo(text)).toBeUndefined();
    expect(Object.values(parseKubeadmConfig(text)).every((value) => value === undefined)).toBe(true);
  },
);

test.each(['http://a:1', 'no', 'https://'])('an address such as %s is none', (server) => {
  expect(parseClusterInfo(clusterInfo(new FakeAuthority().caPem, server))).toBeUndefined();
});
