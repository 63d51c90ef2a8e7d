import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { silentLogger, systemClock, systemRandom } from '@flotilla/kit';
import {
  GetServerInfoRequest,
  GetServerInfoResponse,
  VersionServiceClient,
  VersionServiceService,
} from '@flotilla/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { Authority } from './enroll/authority.js';
import { newKey, privateKeyPem } from './enroll/x509.js';
import { Listener, type ListenOptions } from './listen.js';
import { Connections, peerOf, type ConnectionLimits } from './listen/connections.js';
import { fakeSecrets } from './testing/secrets.js';

const run = promisify(execFile);

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const roomy: ConnectionLimits = {
  strangersMax: 100,
  strangersPerAddressMax: 100,
  connectionsMax: 1000,
  firstRequestMs: 10_000,
  stalledMs: 120_000,
};

async function openListener(over: Partial<ListenOptions> = {}, limits = roomy) {
  const connections = new Connections(systemClock, limits);
  const authority = await Authority.load({
    secrets: fakeSecrets(),
    clock: systemClock,
    random: systemRandom,
    instanceId: 'ins_test',
    serverNames: ['localhost', '127.0.0.1'],
  });
  const server = new grpc.Server();
  server.addService(VersionServiceService, {
    getVersion: () => undefined,
    listVersions: () => undefined,
    syncArtifacts: () => undefined,
    getServerInfo: (
      call: grpc.ServerUnaryCall<GetServerInfoRequest, GetServerInfoResponse>,
      callback: grpc.sendUnaryData<GetServerInfoResponse>,
    ) => {
      const { sslPeerCertificate } = call.getAuthContext();
      callback(null, GetServerInfoResponse.create({ version: sslPeerCertificate ? 'known' : 'stranger' }));
    },
  });
  const refused: string[] = [];
  const listener = new Listener({
    host: '127.0.0.1',
    port: 0,
    credentials: authority.serverCredentials,
    ticketSecret: systemRandom.bytes(32),
    upgrade: (_request, socket) => socket.destroy(),
    http: (request, response) => {
      const certificate = connections.certificateOf(peerOf(request.socket) ?? '');
      response.end(`web ${request.httpVersion}${certificate === undefined ? '' : ' with certificate'}`);
    },
    grpc: server,
    clock: systemClock,
    log: silentLogger,
    admission: { perSecond: 1000, burst: 1000, waitingMax: 100 },
    connections,
    handshakeMs: 10_000,
    onRefused: (why) => refused.push(why),
    ...over,
  });
  const { port } = await listener.open();
  closing.push(() => {
    listener.close();
    server.forceShutdown();
  });
  return { authority, connections, port, refused };
}

type Opened = Awaited<ReturnType<typeof openListener>>;

async function curl(port: number, ca: string, ...flags: string[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'flotilla-curl-'));
  closing.push(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, 'ca.pem'), ca);
  const { stdout } = await run('curl', [
    '-sS',
    '--max-time',
    '10',
    '--cacert',
    join(dir, 'ca.pem'),
    ...flags,
    `https://127.0.0.1:${port}/`,
  ]);
  return stdout;
}

function serverInfo({ port, authority }: Opened, key?: string, cert?: string): Promise<GetServerInfoResponse> {
  const credentials = grpc.credentials.createSsl(
    Buffer.from(authority.caPem),
    key === undefined ? null : Buffer.from(key),
    cert === undefined ? null : Buffer.from(cert),
  );
  const client = new VersionServiceClient(`127.0.0.1:${port}`, credentials);
  closing.push(() => client.close());
  return new Promise((resolve, reject) =>
    client.getServerInfo(GetServerInfoRequest.create(), (error, answer) => (error ? reject(error) : resolve(answer))),
  );
}

describe('the one listener', () => {
  it('serves the web to curl, whether it offers HTTP/1.1 alone or HTTP/2 too', async () => {
    const opened = await openListener();
    expect(await curl(opened.port, opened.authority.caPem, '--http1.1')).toBe('web 1.1');
    expect(await curl(opened.port, opened.authority.caPem, '--http2')).toBe('web 1.1');
  });

  it('lets curl check the pin of the server key, and refuse another', async () => {
    const opened = await openListener();
    const pin = ['--insecure', '--pinnedpubkey'];
    expect(await curl(opened.port, opened.authority.caPem, ...pin, opened.authority.publicKeyPin)).toBe('web 1.1');
    const other = `sha256//${Buffer.alloc(32).toString('base64')}`;
    await expect(curl(opened.port, opened.authority.caPem, ...pin, other)).rejects.toThrow(/pubkey|pinned/i);
  });

  it('serves gRPC with and without a client certificate, and ignores one of another authority', async () => {
    const opened = await openListener();
    expect((await serverInfo(opened)).version).toBe('stranger');
    const key = newKey();
    const machine = { projectId: 'prj_a', machineId: 'mch_a', publicKey: key.spki };
    const ours = await opened.authority.issueMachine(machine);
    expect((await serverInfo(opened, privateKeyPem(key), ours.pem)).version).toBe('known');
    const stranger = await openListener();
    const theirs = await stranger.authority.issueMachine(machine);
    expect((await serverInfo(opened, privateKeyPem(key), theirs.pem)).version).toBe('stranger');
  });

  it('speaks TLS 1.3 only', async () => {
    const { port } = await openListener();
    const failed = new Promise<string>((resolve) => {
      const socket = connectTls({ host: '127.0.0.1', port, maxVersion: 'TLSv1.2', rejectUnauthorized: false });
      socket.on('error', (error: Error) => resolve(error.message));
      socket.on('secureConnect', () => resolve('connected'));
    });
    expect(await failed).toMatch(/protocol version|alert/i);
  });

  it('closes a handshake that stalls, and forgets the connection', async () => {
    const { port, refused, connections } = await openListener({ handshakeMs: 100 });
    const socket = connectTcp(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('close', resolve).on('error', () => undefined));
    expect(refused).toEqual(['handshake']);
    await expect.poll(() => connections.size).toBe(0);
  });

  it('refuses more strangers from one address than the limit, and takes new ones once some left', async () => {
    const opened = await openListener(
      {},
      {
        strangersMax: 100,
        strangersPerAddressMax: 2,
        connectionsMax: 1000,
        firstRequestMs: 10_000,
        stalledMs: 120_000,
      },
    );
    const held = [connectTcp(opened.port, '127.0.0.1'), connectTcp(opened.port, '127.0.0.1')];
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const third = connectTcp(opened.port, '127.0.0.1');
    await new Promise((resolve) =>
      third
        .once('close', resolve)
        .on('error', () => undefined)
        .resume(),
    );
    expect(opened.refused).toContain('limit');
    for (const socket of held) socket.destroy();
    await expect.poll(() => opened.connections.size).toBe(0);
    expect(await curl(opened.port, opened.authority.caPem)).toBe('web 1.1');
    await expect.poll(() => opened.connections.strangers).toBe(0);
  });

  it('lets a storm wait in line instead of failing', async () => {
    const opened = await openListener({ admission: { perSecond: 100, burst: 1, waitingMax: 50 } });
    const answers = await Promise.all(Array.from({ length: 10 }, () => serverInfo(opened)));
    expect(answers.map((answer) => answer.version)).toEqual(Array.from({ length: 10 }, () => 'stranger'));
    expect(opened.refused).toEqual([]);
  });

  it('resumes TLS sessions with tickets that outlive a restart', async () => {
    const ticketSecret = systemRandom.bytes(32);
    const opened = await openListener({ ticketSecret });
    const key = newKey();
    const cert = await opened.authority.issueMachine({ projectId: 'prj_a', machineId: 'mch_a', publicKey: key.spki });
    const dial = (port: number, session?: Buffer) =>
      new Promise<{ session: Buffer; reused: boolean; text: string }>((resolve, reject) => {
        const socket = connectTls({
          host: '127.0.0.1',
          port,
          ca: opened.authority.caPem,
          key: privateKeyPem(key),
          cert: cert.pem,
          ALPNProtocols: ['http/1.1'],
          ...(session ? { session } : {}),
        });
        socket.on('error', reject);
        let ticket = Buffer.alloc(0);
        socket.on('session', (given) => (ticket = given));
        socket.on('data', (data: Buffer) => {
          resolve({ session: ticket, reused: socket.isSessionReused(), text: data.toString() });
          socket.destroy();
        });
        socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
      });
    const first = await dial(opened.port);
    expect(first.reused).toBe(false);
    const again = await openListener({ ticketSecret, credentials: opened.authority.serverCredentials });
    const resumed = await dial(again.port, first.session);
    expect(resumed.reused).toBe(true);
    // Whoever resumes is still known: revocation is looked at for them too.
    expect(resumed.text).toContain('with certificate');
    const elsewhere = await openListener({ credentials: opened.authority.serverCredentials });
    expect((await dial(elsewhere.port, first.session)).reused).toBe(false);
  });
});
