import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { ClientHttp2Session } from 'node:http2';
import { systemRandom } from '@flotilla/kit';
import { issueCertificate, newKey, privateKeyPem } from '../../../control-plane/src/enroll/x509.js';
import { cacheDir } from '../../testbed/index.js';
import { dial, unaryBytes } from '../fleet/wire.js';

/** A program out of a Debian package, without installing it: no service is started, nothing stays in the system. */
export function debianProgram(name: string, path: string): string {
  const dir = join(dirname(cacheDir()), 'peers', name);
  if (!existsSync(join(dir, path))) {
    const work = `${dir}.new`;
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    const fetched = spawnSync('apt-get', ['download', '-q', name], { cwd: work, encoding: 'utf8' });
    const [deb] = spawnSync('ls', [work], { encoding: 'utf8' }).stdout.split('\n');
    if (fetched.status !== 0 || deb === undefined) throw new Error(`apt-get download ${name}: ${fetched.stderr}`);
    spawnSync('dpkg-deb', ['-x', join(work, deb), work]);
    rmSync(dir, { recursive: true, force: true });
    renameSync(work, dir);
  }
  return join(dir, path);
}

export interface Etcd {
  put(key: string, value: Uint8Array): Promise<void>;
  get(key: string): Promise<Buffer>;
  /** Up to `limit` values from `key` on. */
  list(key: string, limit: number): Promise<Buffer>;
  stop(): Promise<void>;
}

/** One etcd on loopback, TLS like ours (P-256, one connection), with its own defaults otherwise. */
export async function startEtcd(dir: string, port: number): Promise<Etcd> {
  const { caPem, files } = await certificates(dir);
  const url = `https://127.0.0.1:${port}`;
  const child = spawn(
    debianProgram('etcd-server', 'usr/bin/etcd'),
    [
      ...['--data-dir', join(dir, 'etcd'), '--listen-client-urls', url, '--advertise-client-urls', url],
      ...[
        '--listen-peer-urls',
        `http://127.0.0.1:${port + 1}`,
        '--initial-advertise-peer-urls',
        `http://127.0.0.1:${port + 1}`,
      ],
      ...['--initial-cluster', `default=http://127.0.0.1:${port + 1}`, '--log-level', 'error'],
      ...['--cert-file', files.cert, '--key-file', files.key],
    ],
    { stdio: 'ignore' },
  );
  await answering(port, child);
  const session = await dial({ host: '127.0.0.1', port, ca: caPem });
  const range = '/etcdserverpb.KV/Range';
  return {
    put: async (key, value) =>
      void (await unaryBytes(session, '/etcdserverpb.KV/Put', fields(bytes(1, Buffer.from(key)), bytes(2, value)))),
    get: (key) => unaryBytes(session, range, fields(bytes(1, Buffer.from(key)))),
    list: (key, limit) =>
      // A range end of one zero byte is "everything from the key on".
      unaryBytes(session, range, fields(bytes(1, Buffer.from(key)), bytes(2, Buffer.alloc(1)), number(3, limit))),
    stop: () => stop(session, child),
  };
}

async function stop(session: ClientHttp2Session, child: ChildProcess): Promise<void> {
  session.destroy();
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await ended;
}

async function certificates(dir: string): Promise<{ caPem: string; files: { cert: string; key: string } }> {
  const [ca, leaf] = [newKey(), newKey()];
  const times = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 86_400_000 };
  const base = { issuerCommonName: 'bench', ...times };
  const authority = await issueCertificate(
    { ...base, kind: 'ca', commonName: 'bench', publicKey: ca.spki },
    ca,
    systemRandom,
  );
  const names = { dnsNames: ['localhost'], addresses: ['127.0.0.1'] };
  const server = await issueCertificate(
    { ...base, kind: 'server', commonName: 'etcd', publicKey: leaf.spki, ...names },
    ca,
    systemRandom,
  );
  const files = { cert: join(dir, 'etcd.crt'), key: join(dir, 'etcd.key') };
  writeFileSync(files.cert, server.pem);
  writeFileSync(files.key, privateKeyPem(leaf), { mode: 0o600 });
  return { caPem: authority.pem, files };
}

async function answering(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (child.exitCode !== null) throw new Error(`etcd ended with ${child.exitCode}`);
    const up = await new Promise<boolean>((resolve) => {
      const probe = connect({ host: '127.0.0.1', port });
      probe.on('connect', () => (probe.destroy(), resolve(true)));
      probe.on('error', () => resolve(false));
    });
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('etcd does not listen');
}

// The three messages that are asked of etcd, written as protobuf writes them.
const fields = (...parts: Buffer[]): Buffer => Buffer.concat(parts);

function bytes(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  while (rest > 127) {
    out.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return Buffer.from([...out, rest]);
}
