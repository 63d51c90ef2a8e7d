import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRuntimeStatus } from './cri.js';
import { fakeRuntimeStatus } from './fake-programs.js';
import { unixRpc } from './linux-rpc.js';

let dir: string;
const open: { close(done?: () => void): unknown }[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flotilla-rpc-'));
});
afterEach(async () => {
  for (const server of open.splice(0)) server.close();
  await rm(dir, { recursive: true });
});

async function aServer(answer: (stream: ServerHttp2Stream, path: string) => void): Promise<string> {
  const socket = join(dir, 'containerd.sock');
  const server: Http2Server = createServer();
  server.on('stream', (stream, headers) => answer(stream, String(headers[':path'])));
  open.push(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return socket;
}

const method = '/runtime.v1.RuntimeService/Status';

describe('a gRPC call over a unix socket', () => {
  it('gives the message of the answer', async () => {
    const status = fakeRuntimeStatus({ network: false });
    const paths: string[] = [];
    const socket = await aServer((stream, path) => {
      paths.push(path);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.concat([Buffer.of(0, 0, 0, 0, status.length), status]));
    });
    expect(parseRuntimeStatus(await unixRpc({ socket, method, timeoutMs: 5_000 }))).toEqual([
      { type: 'RuntimeReady', status: true, reason: '', message: '' },
      { type: 'NetworkReady', status: false, reason: '', message: 'NetworkReady is false' },
    ]);
    expect(paths).toEqual([method]);
  });

  it('an error of the daemon is told with its words', async () => {
    const socket = await aServer((stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '12', 'grpc-message': 'unknown service' }, { endStream: true });
    });
    await expect(unixRpc({ socket, method, timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'RPC_FAILED',
      message: `${socket} did not answer: gRPC status 12 unknown service`,
    });
  });

  it('a daemon that accepts and says nothing is given up at the deadline', async () => {
    const socket = join(dir, 'deaf.sock');
    const server = createNetServer(() => undefined);
    open.push(server);
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    await expect(unixRpc({ socket, method, timeoutMs: 50 })).rejects.toMatchObject({
      metadata: { system: 'ETIMEDOUT' },
    });
  });

  it('nobody there is told by the system’s code', async () => {
    const socket = join(dir, 'absent.sock');
    await expect(unixRpc({ socket, method, timeoutMs: 5_000 })).rejects.toMatchObject({
      metadata: { system: 'ENOENT' },
    });
  });

  it('bytes that are no such message give no conditions, and end', () => {
    expect(parseRuntimeStatus(Buffer.of(0xff, 0xff, 0xff))).toEqual([]);
    expect(parseRuntimeStatus(Buffer.of(10, 200, 1, 10, 255))).toEqual([]);
    expect(parseRuntimeStatus(new Uint8Array())).toEqual([]);
  });
});
