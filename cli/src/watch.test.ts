import { describe, expect, test } from 'vitest';
import { FlotillaError, seededRandom } from '@flotilla/kit';
import { Connection } from './client.js';
import { loadAdminFile } from './context.js';
import type { Session } from './call.js';
import { useStage } from './testing/setup.js';
import { watchUntil, type WatchOptions } from './watch.js';

const stage = useStage();

async function options(changes: Partial<WatchOptions> = {}): Promise<WatchOptions> {
  const { env } = stage.terminal;
  const context = await loadAdminFile(env, stage.terminal.vars['FLOTILLA_ADMIN_FILE'] ?? '');
  const session: Session = { context, connection: new Connection(context, 5000, env.signal), project: 'default' };
  const onLost = (): void => undefined;
  return {
    session,
    clock: env.clock,
    random: seededRandom(1),
    signal: env.signal,
    resyncMs: 60_000,
    onLost,
    ...changes,
  };
}

describe('watchUntil', () => {
  test('looks at once, and what is there already ends it', async () => {
    let looks = 0;
    expect(await watchUntil(await options(), () => Promise.resolve(++looks === 1))).toBe('done');
    expect(looks).toBe(1);
  });

  test('looks again by itself, without any event', async () => {
    let looks = 0;
    expect(await watchUntil(await options({ resyncMs: 1 }), () => Promise.resolve(++looks === 3))).toBe('done');
  });

  test('the time is over: timeout, never an error', async () => {
    expect(await watchUntil(await options({ timeoutMs: 50 }), () => Promise.resolve(false))).toBe('timeout');
  });

  test('an error of the first look ends it, even one that would be waited out later', async () => {
    const away = new FlotillaError('SERVER_UNREACHABLE', 'away', { kind: 'unavailable' });
    await expect(watchUntil(await options(), () => Promise.reject(away))).rejects.toBe(away);
  });

  test('a server that goes away later is said once and waited for', async () => {
    const said: string[] = [];
    let looks = 0;
    const look = (): Promise<boolean> => {
      looks++;
      if (looks === 2 || looks === 3) return Promise.reject(new FlotillaError('AWAY', 'away', { kind: 'unavailable' }));
      return Promise.resolve(looks === 4);
    };
    expect(await watchUntil(await options({ resyncMs: 1, onLost: ({ code }) => said.push(code) }), look)).toBe('done');
    expect(said).toEqual(['AWAY']);
  });

  test('any other error ends it', async () => {
    let looks = 0;
    const revoked = new FlotillaError('KEY_REVOKED', 'no', { kind: 'unauthenticated' });
    const look = (): Promise<boolean> => (++looks === 1 ? Promise.resolve(false) : Promise.reject(revoked));
    await expect(watchUntil(await options({ resyncMs: 1 }), look)).rejects.toBe(revoked);
  });

  test('Ctrl-C ends it at once and stops listening', async () => {
    const watching = watchUntil(await options(), () => Promise.resolve(false));
    await expect.poll(() => stage.server.watching).toBe(1);
    stage.terminal.interrupt.abort(new Error('interrupted'));
    await expect(watching).rejects.toThrow('interrupted');
    await expect.poll(() => stage.server.watching).toBe(0);
  });
});
