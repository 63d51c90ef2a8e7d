import { createServer, type Server } from 'node:net';

import { TestbedError } from '../pure/errors.js';
import { nowMs, sleep } from './wait.js';

const POLL_MS = 50;

/**
 * Runs `work` while no other process on this host holds the same name.
 * The lock is an abstract Unix socket: the kernel drops it with its owner, whatever kills that, and it leaves no file.
 * @throws TestbedError BUSY when it was not free within `timeoutMs`
 */
export async function withLock<T>(name: string, timeoutMs: number, work: () => Promise<T> | T): Promise<T> {
  const end = nowMs() + timeoutMs;
  let held = await tryListen(`\0flotilla-testbed-${name}`);
  while (held === null) {
    if (nowMs() > end)
      throw new TestbedError('BUSY', `another process is working on ${name}`, 'Wait until it has finished.');
    await sleep(POLL_MS);
    held = await tryListen(`\0flotilla-testbed-${name}`);
  }
  const server = held;
  try {
    return await work();
  } finally {
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  }
}

async function tryListen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(address, () => {
      resolve(server);
    });
  });
}
