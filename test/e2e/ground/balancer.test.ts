import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openBalancer } from './balancer.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

/** A member that says its name; gives how to switch it off. */
async function member(host: string, port: number): Promise<{ port: number; off: () => Promise<void> }> {
  const open = new Set<{ destroy(): unknown }>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.write(host);
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const off = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  cleanups.push(() => (server.listening ? off() : Promise.resolve()));
  return { port: (server.address() as AddressInfo).port, off }; // a TCP server has one
}

function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('data', (chunk) => {
      text += chunk.toString();
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

test('members take turns; one that is off is left out, and none means a closed connection', async () => {
  const one = await member('127.0.0.2', 0);
  const other = await member('127.0.0.3', one.port);
  cleanups.push(await openBalancer({ host: '127.0.0.1', port: one.port }, ['127.0.0.2', '127.0.0.3']));
  const answers = async (): Promise<Set<string>> => new Set([await ask(one.port), await ask(one.port)]);
  await expect.poll(answers, { timeout: 5000 }).toEqual(new Set(['127.0.0.2', '127.0.0.3']));
  await one.off();
  await expect.poll(answers, { timeout: 5000 }).toEqual(new Set(['127.0.0.3']));
  await other.off();
  await expect.poll(answers, { timeout: 5000 }).toEqual(new Set(['']));
});
