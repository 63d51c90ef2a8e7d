/**
 * The contract on a real kube-apiserver and etcd, started here on the loopback and removed afterwards; with the manifests
 * of Calico and Cilium when KUBE_E2E_CALICO and KUBE_E2E_CILIUM name the files; and on the
 * cluster of KUBE_E2E_KUBECONFIG (a kubeconfig as JSON, `kubectl config view --raw -o json`) when that is given.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, systemRandom } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from './client.js';
import { kubeClientConformance } from './contract.conformance.js';
import { applyManifests } from './cni/apply.js';
import { diagnoseCni } from './cni/diagnose.js';
import { manifestImages } from './cni/manifest-text.js';
import { encapsulationsOf, renderCni } from './cni/render.js';
import { externalClusterFacts } from './external/facts.js';
import { connectionOf, parseKubeconfig } from './external/kubeconfig.js';
import { rightsManifests } from './external/rights-manifests.js';
import { checkRights, describeRight, neededRights } from './external/rights.js';
import { FakeAuthority } from './fake/certificate.js';
import { RecordingHandler } from './fake/recording-handler.js';
import { flannelManifests } from './manifests/flannel.js';
import type { KubeConfigMap, KubeLease } from './objects.js';
import { JsonReader, parseJson } from './read.js';
import { RealApiServer, type Programs } from './testing/real-api-server.js';
import { Transport, type KubeEndpoint } from './transport.js';

const ports = { clock: systemClock, random: systemRandom };
const programs = findPrograms();
if (programs === undefined)
  console.log('skipped: no etcd and kube-apiserver; set FLOTILLA_KUBE_PROGRAMS or build the artifacts');

describe.skipIf(programs === undefined)('a real API server', () => {
  let server: RealApiServer | undefined;
  let client: ClosableKubeClient | undefined;
  const connected = (): ClosableKubeClient => {
    if (client === undefined) throw new Error('the API server did not start');
    return client;
  };

  beforeAll(async () => {
    if (programs === undefined) return;
    server = new RealApiServer(programs);
    client = createKubeClient(await server.start(), ports);
    await server.untilReady(client);
  }, 120_000);

  afterAll(async () => {
    client?.close();
    await server?.stop();
  }, 60_000);

  kubeClientConformance('on a real API server', () => ({ client: connected(), bare: true }));

  test('takes our manifests whole, twice, with nothing left to decide', async () => {
    const flannel = flannelManifests({ podCidr: '10.244.0.0/16', image: 'ghcr.io/flannel-io/flannel:v0.28.4' });
    for (const manifest of [...flannel, ...flannel]) {
      await connected().applySsa(manifest, { fieldManager: 'flotilla', force: true });
    }
    expect(await connected().get('daemonsets', { namespace: 'kube-flannel', name: 'kube-flannel-ds' })).toBeDefined();
  });

  test('a service account with the roles we print may do all we need, and what is withheld is named', async () => {
    const admin = server?.endpoint();
    if (admin === undefined) throw new Error('the API server did not start');
    const subject = { kind: 'ServiceAccount', namespace: 'default', name: 'importer' } as const;
    const options = { fieldManager: 'flotilla', force: true } as const;
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'importer', namespace: 'default' } };
    await connected().applySsa(account, options);
    const imported = parseKubeconfig(kubeconfigOf(admin, await tokenOf(admin, 'default', 'importer')));
    if (!imported.ok) throw new Error(JSON.stringify(imported.problems));
    const client = createKubeClient(connectionOf(imported.kubeconfig), ports);
    try {
      expect(await checkRights(client)).toEqual(neededRights.map(describeRight));
      for (const manifest of rightsManifests(subject)) await connected().applySsa(manifest, options);
      // Roles are read by the authorizer from its own watch, a moment later.
      await untilEqual(() => checkRights(client), []);
      expect(await client.listAll('nodes')).toEqual(expect.any(Array));
      expect(await client.listAll('leases', { namespace: 'kube-node-lease' })).toEqual([]);
      await expect(client.listAll('secrets', { namespace: 'default' })).rejects.toMatchObject({
        code: 'KUBE_FORBIDDEN',
      });
      const withheld = neededRights.filter(
        ({ resource }) => !['pods/eviction', 'secrets', 'signers'].includes(resource),
      );
      for (const manifest of rightsManifests(subject, withheld)) await connected().applySsa(manifest, options);
      await untilEqual(
        () => checkRights(client),
        [
          'create pods/eviction',
          'create secrets in kube-system',
          'list secrets in kube-system',
          'delete secrets in kube-system',
          'approve signers kubernetes.io/kubelet-serving',
        ],
      );
      await expect(client.evict({ namespace: 'default', name: 'x' })).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN' });
    } finally {
      client.close();
    }
  });

  test('a cluster that kubeadm did not make says what it lacks; one with its ConfigMaps gives all that a join needs', async () => {
    const caPem = server?.endpoint()?.caPem ?? '';
    const nowMs = systemClock.now().wallMs;
    const bare = await externalClusterFacts(connected(), nowMs);
    expect(bare.missing.map(({ code }) => code)).toEqual([
      'CLUSTER_INFO_MISSING',
      'KUBEADM_CONFIG_MISSING',
      'KUBELET_CONFIG_MISSING',
    ]);
    const put = (namespace: string, name: string, data: Record<string, string>): Promise<unknown> =>
      connected().create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data });
    const cluster = { server: 'https://10.0.0.1:6443', 'certificate-authority-data': base64(caPem) };
    const kubeconfig = JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] });
    await put('kube-public', 'cluster-info', { kubeconfig, 'jws-kubeconfig-abcdef': 'a..b' });
    await put('kube-system', 'kubeadm-config', { ClusterConfiguration: 'networking:\n  podSubnet: 10.244.0.0/16\n' });
    await put('kube-system', 'kubelet-config', { kubelet: '' });
    expect(await externalClusterFacts(connected(), nowMs)).toMatchObject({
      endpoint: '10.0.0.1:6443',
      podCidr: '10.244.0.0/16',
      caCertHashes: [expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string],
      bootstrapSigner: 'signs',
      missing: [],
    });
  });

  test('a kubelet’s heartbeat is heard by a watch of leases', async () => {
    const handler = new RecordingHandler<KubeLease>();
    const stop = new AbortController();
    const watching = connected().watchList('leases', handler, stop.signal, { namespace: 'kube-node-lease' });
    await handler.said('list');
    const at = { name: 'heartbeat', namespace: 'kube-node-lease' };
    const spec = { holderIdentity: 'heartbeat', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' };
    await connected().create('leases', { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: at, spec });
    await connected().patch('leases', at, 'merge', { spec: { renewTime: '2026-01-01T00:00:10.500000Z' } });
    await handler.count(3);
    stop.abort();
    await watching;
    expect(handler.heard.slice(1)).toEqual(['added heartbeat', 'modified heartbeat']);
    expect(handler.objects.at(-1)?.renewedAtMs).toBe(Date.UTC(2026, 0, 1, 0, 0, 10, 500));
    await connected().delete('leases', at);
  });

  test('volumes attached to a node are read', async () => {
    await connected().create('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'with-volumes' } });
    const volumesAttached = [{ name: 'kubernetes.io/csi/d^v', devicePath: '' }];
    const at = { name: 'with-volumes' };
    const patched = await connected().patch(
      'nodes',
      at,
      'merge',
      { status: { volumesAttached } },
      { subresource: 'status' },
    );
    expect(patched.volumesAttached).toEqual(['kubernetes.io/csi/d^v']);
    await connected().delete('nodes', at);
  });

  for (const cni of ['CALICO', 'CILIUM'] as const) {
    const path = process.env[`KUBE_E2E_${cni}`];
    // Asked for by whoever has the file; nothing that a required run could leave out.
    if (path === undefined) continue;
    test(`takes the manifest of ${cni} that was given, with our settings`, async () => {
      const text = readFileSync(path, 'utf8');
      const images = Object.fromEntries(manifestImages(text).map((image) => [image, image.replace(/@.*/, '')]));
      for (const encapsulation of encapsulationsOf(cni)) {
        const apiServer = { host: '10.0.0.1', port: 6443 };
        const settings = { podCidr: '10.244.0.0/16', mtu: 1450, encapsulation, images, apiServer };
        const manifests = renderCni(cni, text, settings);
        await untilEqual(() => applyManifests(connected(), manifests), { kind: 'applied' });
      }
      expect((await diagnoseCni(connected(), cni)).summary).toBe('No node has joined yet.');
    });
  }

  test('a watch survives a killed API server: it is lost, and listed anew', async () => {
    const handler = new RecordingHandler<KubeConfigMap>();
    const stop = new AbortController();
    const options = { namespace: 'default', fieldSelector: 'metadata.name=survivor' };
    const watching = connected().watchList('configmaps', handler, stop.signal, options);
    await handler.said('list');
    await server?.restart();
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'survivor', namespace: 'default' } };
    await connected().create('configmaps', manifest);
    await handler.count(3);
    stop.abort();
    await watching;
    expect(handler.heard.slice(0, 2)).toEqual(['list', 'lost KUBE_UNREACHABLE']);
    expect(handler.heard.slice(2).join(' ')).toMatch(/survivor|list/);
  });

  test('an identity of nobody is refused as such, a foreign CA is not trusted', async () => {
    const endpoint = server?.endpoint();
    if (endpoint === undefined) throw new Error('the API server did not start');
    const stranger = createKubeClient(
      { server: endpoint.server, caPem: endpoint.caPem ?? '', bearerToken: 'none' },
      ports,
    );
    await expect(stranger.list('nodes')).rejects.toMatchObject({ code: 'KUBE_UNAUTHENTICATED' });
    stranger.close();
    const deceived = createKubeClient({ server: endpoint.server, caPem: new FakeAuthority().caPem }, ports);
    await expect(deceived.version()).rejects.toMatchObject({ code: 'KUBE_TLS_UNTRUSTED' });
    deceived.close();
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** As an operator would give it. */
function kubeconfigOf({ server, caPem = '' }: KubeEndpoint, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    users: [{ name: 'u', user: { token } }],
  });
}

/** Asks the API server for a token of a service account, as `kubectl create token` does. */
async function tokenOf(admin: KubeEndpoint, namespace: string, name: string): Promise<string> {
  const transport = new Transport(admin, systemClock);
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} });
  const answer = await transport.call({ method: 'POST', path, body, what: 'give a token' });
  transport.close();
  return new JsonReader(parseJson(answer, 'TokenRequest'), 'TokenRequest').object('status').name('token');
}

/** Looks until it is so, for at most 20 seconds; then fails with the difference. */
async function untilEqual<T>(look: () => Promise<T>, wanted: T): Promise<void> {
  const deadlineMs = systemClock.now().monotonicMs + 20_000;
  let seen = await look();
  while (JSON.stringify(seen) !== JSON.stringify(wanted) && systemClock.now().monotonicMs < deadlineMs) {
    await systemClock.sleep(100);
    seen = await look();
  }
  expect(seen).toEqual(wanted);
}

const kubeconfigPath = process.env['KUBE_E2E_KUBECONFIG'];
if (kubeconfigPath !== undefined) {
  const given = createKubeClient(endpointOf(kubeconfigPath), ports);
  afterAll(() => given.close());
  kubeClientConformance('on the cluster of KUBE_E2E_KUBECONFIG', () => ({ client: given, bare: false }));
}

/** From FLOTILLA_KUBE_PROGRAMS (a directory), else from the build cache of the artifacts, newest version first. */
function findPrograms(): Programs | undefined {
  const given = process.env['FLOTILLA_KUBE_PROGRAMS'];
  const root = process.env['FLOTILLA_CACHE'] ?? join(homedir(), '.cache', 'flotilla');
  const cache = join(root, 'artifacts', 'build');
  const built = (existsSync(cache) ? readdirSync(cache).sort().reverse() : []).map((name) => join(cache, name));
  const finished = built.filter((folder) => existsSync(join(folder, 'built.json')));
  const folders = given === undefined ? finished : [given];
  const find = (program: string): string | undefined =>
    folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  const [etcd, apiserver] = [find('etcd'), find('kube-apiserver')];
  return etcd === undefined || apiserver === undefined ? undefined : { etcd, apiserver };
}

/** The first cluster and user of a kubeconfig with inline certificates. */
function endpointOf(path: string): KubeEndpoint {
  const config = new JsonReader(parseJson(readFileSync(path, 'utf8'), path), path);
  const [cluster] = config.list('clusters', (item) => item.object('cluster'));
  const [user] = config.list('users', (item) => item.object('user'));
  const pem = (from: JsonReader | undefined, key: string): string =>
    Buffer.from(from?.text(key) ?? '', 'base64').toString('utf8');
  return {
    server: cluster?.text('server') ?? '',
    caPem: pem(cluster, 'certificate-authority-data'),
    certificatePem: pem(user, 'client-certificate-data'),
    keyPem: pem(user, 'client-key-data'),
  };
}
