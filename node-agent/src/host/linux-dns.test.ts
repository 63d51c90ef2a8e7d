import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { resolveName } from './linux-dns.js';

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

/** A DNS server that answers every question with one address, or not at all. */
async function aServer(address: readonly number[] | undefined): Promise<string> {
  const socket = createSocket('udp4');
  open.push(socket);
  socket.on('message', (query, from) => {
    if (address === undefined) return;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(1, 6);
    header.writeUInt16BE(0, 10);
    const end = query.indexOf(0, 12) + 5;
    const answer = Buffer.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address);
    socket.send(Buffer.concat([header, query.subarray(12, end), answer]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return `127.0.0.1:${socket.address().port}`;
}

describe('resolving', () => {
  it('one server alone is asked', async () => {
    const server = await aServer([10, 96, 0, 1]);
    expect(await resolveName('kubernetes.default.svc.demo.local', { server, timeoutMs: 2_000 })).toEqual(['10.96.0.1']);
  });

  it('a server that is silent is given up', async () => {
    const server = await aServer(undefined);
    await expect(resolveName('kubernetes.default', { server, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'DNS_FAILED',
      metadata: { system: 'ETIMEOUT' },
    });
  });

  it('without a server, as this host resolves', async () => {
    expect(await resolveName('localhost', { timeoutMs: 2_000 })).toEqual(expect.arrayContaining(['127.0.0.1']));
  });
});
