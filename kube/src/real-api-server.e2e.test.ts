/**
 * The contract on a real kube-apiserver and etcd, started here on the loopback and removed afterwards; and on the
 * cluster of KUBE_E2E_KUBECONFIG (a kubeconfig as JSON, `kubectl config view --raw -o json`) when that is given.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, systemRandom } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from './client.js';
import { kubeClientConformance } from './contract.conformance.js';
import { FakeAuthority } from './fake/certificate.js';
import { RecordingHandler } from './fake/recording-handler.js';
import { flannelManifests } from './manifests/flannel.js';
import type { KubeConfigMap } from './objects.js';
import { JsonReader, parseJson } from './read.js';
import type { KubeEndpoint } from './transport.js';

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

const kubeconfigPath = process.env['KUBE_E2E_KUBECONFIG'];
if (kubeconfigPath !== undefined) {
  const given = createKubeClient(endpointOf(kubeconfigPath), ports);
  afterAll(() => given.close());
  kubeClientConformance('on the cluster of KUBE_E2E_KUBECONFIG', () => ({ client: given, bare: false }));
}

interface Programs {
  readonly etcd: string;
  readonly apiserver: string;
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

/** etcd and kube-apiserver of our own, on free ports of the loopback, in a folder that goes with them. */
class RealApiServer {
  readonly #programs: Programs;
  readonly #dir = mkdtempSync(join(tmpdir(), 'flotilla-apiserver-'));
  readonly #authority = new FakeAuthority();
  #etcd: ChildProcess | undefined;
  #apiserver: ChildProcess | undefined;
  #arguments: readonly string[] = [];
  #endpoint: KubeEndpoint | undefined;

  constructor(programs: Programs) {
    this.#programs = programs;
  }

  async start(): Promise<KubeEndpoint> {
    const [clientPort, peerPort, securePort] = [await freePort(), await freePort(), await freePort()];
    const etcdUrl = `http://127.0.0.1:${clientPort}`;
    const peerUrl = `http://127.0.0.1:${peerPort}`;
    this.#etcd = this.#run(this.#programs.etcd, [
      '--name=e2e',
      `--data-dir=${join(this.#dir, 'etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=e2e=${peerUrl}`,
      '--unsafe-no-fsync',
    ]);
    const serving = this.#authority.issue({ commonName: 'kube-apiserver', names: ['127.0.0.1'] });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const accounts = this.#write('sa.key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    this.#arguments = [
      `--etcd-servers=${etcdUrl}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${securePort}`,
      `--cert-dir=${this.#dir}`,
      `--tls-cert-file=${this.#write('serving.crt', serving.certificatePem)}`,
      `--tls-private-key-file=${this.#write('serving.key', serving.keyPem)}`,
      `--client-ca-file=${this.#write('ca.crt', this.#authority.caPem)}`,
      '--authorization-mode=Node,RBAC',
      '--service-cluster-ip-range=10.96.0.0/24',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${accounts}`,
      `--service-account-signing-key-file=${accounts}`,
      // Nobody makes service accounts here.
      '--disable-admission-plugins=ServiceAccount',
    ];
    this.#apiserver = this.#run(this.#programs.apiserver, this.#arguments);
    const admin = this.#authority.issue({ commonName: 'flotilla-control-plane', organizations: ['system:masters'] });
    this.#endpoint = { server: `https://127.0.0.1:${securePort}`, caPem: this.#authority.caPem, ...admin };
    return this.#endpoint;
  }

  endpoint(): KubeEndpoint | undefined {
    return this.#endpoint;
  }

  /** Ready, and with the namespaces that the API server itself makes after it is. */
  async untilReady(client: ClosableKubeClient): Promise<void> {
    const deadlineMs = systemClock.now().monotonicMs + 90_000;
    for (;;) {
      const answer = await ask(client);
      if (answer === 'ready') return;
      if (systemClock.now().monotonicMs > deadlineMs)
        throw new Error(`the API server is not ready: ${answer}\n${this.#lastLines()}`);
      await systemClock.sleep(250);
    }
  }

  async restart(): Promise<void> {
    await ended(this.#apiserver, 'SIGKILL');
    this.#apiserver = this.#run(this.#programs.apiserver, this.#arguments);
    const probe = createKubeClient(this.#endpoint ?? { server: 'https://127.0.0.1' }, ports);
    await this.untilReady(probe);
    probe.close();
  }

  async stop(): Promise<void> {
    await ended(this.#apiserver, 'SIGTERM');
    await ended(this.#etcd, 'SIGTERM');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  readonly #output: string[] = [];

  #run(program: string, argv: readonly string[]): ChildProcess {
    const child = spawn(program, argv, { stdio: ['ignore', 'ignore', 'pipe'], cwd: this.#dir });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#output.push(chunk.toString('utf8'));
      if (this.#output.length > 200) this.#output.shift();
    });
    return child;
  }

  #lastLines(): string {
    return this.#output.join('').split('\n').slice(-15).join('\n');
  }

  #write(name: string, text: string): string {
    const path = join(this.#dir, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
}

async function ask(client: ClosableKubeClient): Promise<string> {
  try {
    const answer = await client.readyz({ timeoutMs: 2_000 });
    if (!answer.ready) return `failing: ${answer.failing.join(', ')}`;
    await client.create('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'probe', namespace: 'kube-system' },
    });
    await client.delete('configmaps', { namespace: 'kube-system', name: 'probe' });
    const leases = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'probe', namespace: 'kube-node-lease' } };
    await client.delete('configmaps', (await client.create('configmaps', leases)).meta);
    return 'ready';
  } catch (error) {
    return String(error);
  }
}

async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const grace = new AbortController();
  child.kill(signal);
  void systemClock.sleep(15_000, grace.signal).then(
    () => child.kill('SIGKILL'),
    () => undefined,
  );
  await gone;
  grace.abort();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
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
