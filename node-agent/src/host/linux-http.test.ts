import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxHost } from './linux.js';
import { download, httpGet } from './linux-http.js';
import { noProxy } from './proxy.js';
import { containing } from '../fake-match.js';

const content = 'x'.repeat(300_000);
const sha256 = createHash('sha256').update(content).digest('hex');
let dir: string;
let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const ranges: (string | undefined)[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flotilla-http-'));
  ranges.length = 0;
  answer = (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? '0');
    response.writeHead(request.headers.range === undefined ? 200 : 206).end(content.slice(from));
  };
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/blob`; // a TCP server
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dir, { recursive: true });
});

const request = (more: object = {}) => ({
  url,
  path: join(dir, 'kubelet'),
  sha256,
  sizeBytes: content.length,
  mode: 0o755,
  timeoutMs: 2_000,
  ...more,
});

describe('downloading', () => {
  it('the file appears whole, with its mode, and nothing else stays', async () => {
    const seen: number[] = [];
    await download(request({ onProgress: (bytes: number) => seen.push(bytes) }), noProxy);
    expect(await readFile(join(dir, 'kubelet'), 'utf8')).toBe(content);
    expect((await stat(join(dir, 'kubelet'))).mode & 0o777).toBe(0o755);
    expect(await readdir(dir)).toEqual(['kubelet']);
    expect(seen.at(-1)).toBe(content.length);
  });

  it('goes on where it was cut', async () => {
    answer = (_request, response) => {
      response.writeHead(200);
      response.write(content.slice(0, 100_000), () => response.destroy());
    };
    await expect(download(request(), noProxy)).rejects.toMatchObject({ code: 'HTTP_FAILED', retry: 'later' });
    const have = (await stat(join(dir, 'kubelet.part'))).size;
    expect(have).toBeGreaterThan(0);
    answer = (asked, response) => {
      const from = Number(/bytes=(\d+)-/.exec(asked.headers.range ?? '')?.[1] ?? '0');
      response.writeHead(206).end(content.slice(from));
    };
    await download(request(), noProxy);
    expect(ranges).toEqual([undefined, `bytes=${have}-`]);
    expect(await readFile(join(dir, 'kubelet'), 'utf8')).toBe(content);
  });

  it('a server that ignores the range is read from the start', async () => {
    await writeFile(join(dir, 'kubelet.part'), content.slice(0, 1_000));
    answer = (_request, response) => response.writeHead(200).end(content);
    await download(request(), noProxy);
    expect(await readFile(join(dir, 'kubelet'), 'utf8')).toBe(content);
  });

  it.each([
    ['other bytes', 'y'.repeat(300_000), 'DOWNLOAD_CORRUPT'],
    ['more bytes', `${content}z`, 'HTTP_FAILED'],
    ['fewer bytes', content.slice(1), 'DOWNLOAD_CORRUPT'],
  ])('%s never get the name of the file', async (_name, served, code) => {
    answer = (_request, response) => response.writeHead(200).end(served);
    await expect(download(request(), noProxy)).rejects.toMatchObject({ code });
    expect(await readdir(dir)).not.toContain('kubelet');
  });

  it('an old file stays until the new one is whole', async () => {
    await writeFile(join(dir, 'kubelet'), 'old');
    answer = (_request, response) => response.writeHead(200).end('y'.repeat(300_000));
    await expect(download(request(), noProxy)).rejects.toMatchObject({ code: 'DOWNLOAD_CORRUPT' });
    expect(await readFile(join(dir, 'kubelet'), 'utf8')).toBe('old');
  });

  it('a full disk is told as one, not as a server that does not answer', async () => {
    await symlink('/dev/full', join(dir, 'kubelet.part'));
    await expect(linuxHost().download(request())).rejects.toMatchObject({
      code: 'DISK_FULL',
      remedy: containing('Free space'),
    });
  });

  it('a missing blob is told with its cure, and a server that hangs is given up', async () => {
    answer = (_request, response) => response.writeHead(404).end();
    await expect(download(request(), noProxy)).rejects.toMatchObject({
      code: 'DOWNLOAD_REFUSED',
      remedy: containing('Sync'),
    });
    answer = () => undefined;
    await expect(download(request({ timeoutMs: 200 }), noProxy)).rejects.toMatchObject({ code: 'HTTP_FAILED' });
  });
});

describe('asking', () => {
  it('gives status and text, refuses https without a CA and answers without an end', async () => {
    answer = (_request, response) => response.writeHead(418).end('tea');
    expect(await httpGet({ url, timeoutMs: 1_000 }, noProxy)).toMatchObject({ status: 418, body: 'tea' });
    await expect(httpGet({ url: 'https://127.0.0.1:1/', timeoutMs: 1_000 }, noProxy)).rejects.toMatchObject({
      code: 'HTTP_UNVERIFIED',
    });
    answer = (_request, response) => response.writeHead(200).end('x'.repeat(2_000_000));
    await expect(httpGet({ url, timeoutMs: 1_000 }, noProxy)).rejects.toMatchObject({ code: 'HTTP_FAILED' });
  });
});
