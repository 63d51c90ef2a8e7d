import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { FlotillaError, systemCode, type Clock } from '@flotilla/kit';

const pollMs = 500;

/**
 * Runs `work` while no other process of this machine does so for the same directory. The lock is a name in the kernel's
 * abstract socket space: it vanishes with the process that holds it, so there is nothing stale to break. Waits at most
 * `waitMsMax`, then `ARTIFACT_BUSY`.
 */
export async function withLock<Result>(
  directory: string,
  options: { readonly clock: Clock; readonly waitMsMax: number; readonly signal?: AbortSignal | undefined },
  work: () => Promise<Result>,
): Promise<Result> {
  const path = await realpath(directory);
  const name = `\0flotilla-artifacts-${createHash('sha256').update(path).digest('hex')}`;
  const deadlineMs = options.clock.now().monotonicMs + options.waitMsMax;
  for (;;) {
    const server = await listen(name);
    if (server) {
      try {
        return await work();
      } finally {
        await new Promise<void>((resolve) => server.close(() => resolve()));
      }
    }
    if (options.clock.now().monotonicMs >= deadlineMs) {
      throw new FlotillaError('ARTIFACT_BUSY', `Another process is working in ${directory}.`, {
        kind: 'unavailable',
        remedy: 'Wait until the other sync, import or build is done, then try again.',
      });
    }
    await options.clock.sleep(pollMs, options.signal);
  }
}

function listen(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.on('error', (error) => {
      if (systemCode(error) === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => resolve(server));
  });
}
