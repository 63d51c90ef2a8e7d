import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from '../client.js';
import { FakeAuthority } from '../fake/certificate.js';
import type { KubeEndpoint } from '../transport.js';

const ports = { clock: systemClock, random: systemRandom };

/** Paths of the programs. */
export interface Programs {
  readonly etcd: string;
  readonly apiserver: string;
}

/** etcd and kube-apiserver of our own, on free ports of the loopback, in a folder that goes with them. */
export class RealApiServer {
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
      // As kubeadm has it: network plugins need it.
      '--allow-privileged=true',
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
