import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../testing/server.js';
import { parseRange } from './respond.js';

const body = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
const sha256 = createHash('sha256').update(body).digest('hex');

let server: TestServer;

beforeAll(async () => {
  server = await openTestServer();
  await mkdir(join(server.dataDir, 'artifacts', 'blobs'), { recursive: true });
  await writeFile(join(server.dataDir, 'artifacts', 'blobs', sha256), body);
});
afterAll(() => server.remove());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** One request whose path goes out exactly as it is written here. */
function ask(
  path: string,
  over: { method?: string; headers?: Record<string, string>; body?: Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port: server.port,
        path,
        method: over.method ?? 'GET',
        headers: over.headers ?? {},
        ca: server.admin.caPem,
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    request.on('error', reject);
    request.end(over.body);
  });
}

const blob = `/artifacts/v1/blobs/${sha256}`;

describe('downloads', () => {
  it('gives the whole, with the hash as its tag, for ever', async () => {
    const answer = await ask(blob);
    expect(answer.status).toBe(200);
    expect(answer.body.equals(body)).toBe(true);
    expect(answer.headers).toMatchObject({
      etag: `"${sha256}"`,
      'accept-ranges': 'bytes',
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });

  it('goes on where a download was cut, and gives nothing twice', async () => {
    const rest = await ask(blob, { headers: { range: 'bytes=4000-' } });
    expect([rest.status, rest.headers['content-range'], rest.body.equals(body.subarray(4000))]).toEqual([
      206,
      'bytes 4000-4999/5000',
      true,
    ]);
    const tail = await ask(blob, { headers: { range: 'bytes=-10' } });
    expect(tail.body.equals(body.subarray(4990))).toBe(true);
    expect((await ask(blob, { headers: { range: 'bytes=5000-' } })).status).toBe(416);
    expect((await ask(blob, { headers: { 'if-none-match': `"${sha256}"` } })).status).toBe(304);
    const changed = await ask(blob, { headers: { range: 'bytes=4000-', 'if-range': '"other"' } });
    expect([changed.status, changed.body.length]).toEqual([200, 5000]);
  });

  it('answers HEAD with the headers alone', async () => {
    const answer = await ask(blob, { method: 'HEAD' });
    expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, '5000', 0]);
  });

  it.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=0-99999', { start: 0, end: 4999 }],
    ['bytes=-99999', { start: 0, end: 4999 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=9-3', undefined],
    ['bytes=0-1,4-5', undefined],
    ['lines=1-2', undefined],
    ['bytes=-', undefined],
  ])('reads the range %s', (header, range) => {
    expect(parseRange(header, 5000)).toEqual(range);
  });
});

describe('paths', () => {
  it.each([
    '/artifacts/v1/blobs/../../master.key',
    '/artifacts/v1/blobs/..%2f..%2fmaster.key',
    '/artifacts/v1/blobs/%2e%2e/%2e%2e/master.key',
    '/artifacts/v1/manifests/../../../admin.json/amd64',
    '/artifacts/v1/manifests/v1.34.4/../../x',
    '/agent/../admin.json',
    '/agent/amd64/..',
    '/agent/',
    '/artifacts/v1/blobs/',
    '//etc/passwd',
    '/install.sh/',
    '/install.sh%00',
    '/artifacts',
    `/artifacts/v1/blobs/${sha256.toUpperCase()}`,
    `/${'a'.repeat(600)}`,
  ])('%s is nothing', async (path) => {
    const answer = await ask(path);
    expect([answer.status, (JSON.parse(answer.body.toString()) as { code: string }).code]).toEqual([404, 'NOT_FOUND']);
  });

  it('takes GET and HEAD only', async () => {
    expect((await ask('/healthz', { method: 'POST' })).status).toBe(400);
    expect((await ask('/healthz', { method: 'DELETE' })).status).toBe(400);
  });

  it('shows health, readiness, metrics and the CA', async () => {
    expect((await ask('/healthz')).body.toString()).toBe('ok\n');
    expect(JSON.parse((await ask('/readyz')).body.toString())).toEqual({ ready: true, problems: [] });
    expect((await ask('/metrics')).body.toString()).toMatch(/^flotilla_agents_connected 0$/m);
    expect((await ask('/ca.pem')).body.toString()).toBe(server.admin.caPem);
  });

  it('says what to do when there is no agent to hand out', async () => {
    const answer = await ask('/install.sh');
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'AGENT_NOT_BUILT' });
  });

  it('says what to do when a version is not mirrored', async () => {
    const answer = await ask('/artifacts/v1/manifests/v1.34.4/amd64');
    expect([answer.status, answer.body.toString()]).toEqual([
      404,
      expect.stringContaining('flotilla artifacts sync v1.34.4'),
    ]);
  });

  it('keeps bundles for those who have a key', async () => {
    expect((await ask('/artifacts/v1/bundle?version=v1.34.4')).status).toBe(401);
    const headers = { authorization: `Bearer ${server.admin.apiKey}` };
    expect((await ask('/artifacts/v1/bundle?version=nope', { headers })).status).toBe(400);
    const refused = await ask('/artifacts/v1/bundle', { method: 'PUT', headers, body: Buffer.from('no bundle') });
    expect([refused.status, refused.body.toString()]).toEqual([422, expect.stringContaining('BUNDLE_INVALID')]);
    expect((await ask('/healthz')).status).toBe(200);
  });
});
