import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpGet } from './http.js';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // A TCP server has an address and port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const get = (url: string, headers: Record<string, string> = {}): ReturnType<typeof httpGet> =>
  httpGet({ url, headers, idleTimeoutMs: 2_000 });

async function textOf(answer: Awaited<ReturnType<typeof httpGet>>): Promise<string> {
  return Buffer.concat(await answer.body.toArray()).toString();
}

describe('httpGet', () => {
  it('follows redirects, and shows credentials only to the host they are for', async () => {
    const other = await serve((request, response) => response.end(request.headers.authorization ?? 'none'));
    const first = await serve((request, response) => {
      if (request.url === '/same') response.end(request.headers.authorization ?? 'none');
      else response.writeHead(307, { location: request.url === '/near' ? '/same' : `${other}/far` }).end();
    });
    const headers = { authorization: 'Bearer secret' };
    expect(await textOf(await get(`${first}/near`, headers))).toBe('Bearer secret');
    expect(await textOf(await get(`${first}/far`, headers))).toBe('none');
  });

  it('does not follow redirects for ever', async () => {
    const base = await serve((_request, response) => response.writeHead(302, { location: '/again' }).end());
    await expect(get(base)).rejects.toThrow('more than 5 redirects');
  });

  it('refuses other protocols', async () => {
    const base = await serve((_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end());
    await expect(get(base)).rejects.toThrow('file: is not a protocol for downloads');
  });

  it('gives up on a server that says nothing', async () => {
    const base = await serve(() => undefined);
    await expect(httpGet({ url: base, headers: {}, idleTimeoutMs: 20 })).rejects.toThrow('no data from');
  });

  it('stops when asked to', async () => {
    const abort = new AbortController();
    const base = await serve(() => abort.abort());
    await expect(httpGet({ url: base, headers: {}, idleTimeoutMs: 2_000, signal: abort.signal })).rejects.toThrow();
  });
});
