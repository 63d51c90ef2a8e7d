import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { goesThroughProxy, openTunnel } from './proxy.js';
import { containing } from '../fake-match.js';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

describe('the way out', () => {
  it.each([
    ['fleet.example.org', true],
    ['10.1.2.3', false],
    ['db.internal.example', false],
    ['internal.example', false],
    ['notinternal.example', true],
    ['127.0.0.1', false],
    ['localhost', false],
  ])('%s through the proxy: %s', (host, expected) => {
    expect(goesThroughProxy(host, { url: 'http://proxy:3128', except: ['.internal.example', '10.1.2.3'] })).toBe(
      expected,
    );
  });

  it('opens a tunnel with the credentials it has', async () => {
    const seen: (string | undefined)[] = [];
    const proxy = createServer();
    servers.push(proxy);
    proxy.on('connect', (request, socket) => {
      seen.push(request.url, request.headers['proxy-authorization']);
      socket.end('HTTP/1.1 200 OK\r\n\r\nhello');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo; // a TCP server
    const settings = { url: `http://me:p%40ss@127.0.0.1:${port}`, except: [] };
    const socket = await openTunnel(new URL('https://fleet.example.org:7440'), settings, 1_000);
    expect(socket).toBeInstanceOf(connect({ port, host: '127.0.0.1' }).destroy().constructor);
    socket?.destroy();
    expect(seen).toEqual(['fleet.example.org:7440', `Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
  });

  it('fault 35: a proxy that refuses is told as such', async () => {
    const proxy = createServer();
    servers.push(proxy);
    proxy.on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo; // a TCP server
    const settings = { url: `http://127.0.0.1:${port}`, except: [] };
    await expect(openTunnel(new URL('https://fleet.example.org:7440'), settings, 1_000)).rejects.toMatchObject({
      code: 'PROXY_FAILED',
      message: containing('403'),
    });
  });
});
