import { FlotillaError, seededRandom, SimClock, silentLogger } from '@flotilla/kit';
import { describe, expect, test } from 'vitest';
import { Loop, type LoopOptions } from './loop.js';
import type { Key } from './reconciler.js';

function aLoop(over: Partial<LoopOptions>) {
  const clock = new SimClock();
  const loop = new Loop({
    clock,
    random: seededRandom(1),
    log: silentLogger,
    work: () => Promise.resolve(undefined),
    allKeys: async function* () {},
    restMs: () => 0,
    resyncMs: 60_000,
    workers: 4,
    ...over,
  });
  const controller = new AbortController();
  const running = loop.run(controller.signal);
  const stop = async (): Promise<void> => {
    controller.abort(new Error('over'));
    await running;
  };
  /** Time passes in steps, each with room for what it wakes. */
  const pass = async (durationMs: number): Promise<void> => {
    await loop.idle();
    for (let passedMs = 0; passedMs < durationMs; passedMs += 100) {
      await clock.advance(100);
      await loop.idle();
    }
  };
  return { clock, loop, stop, pass };
}

describe('the loop', () => {
  test('looks once at a key that is woken often, and once more when it is woken meanwhile', async () => {
    const looks: string[] = [];
    const { loop, stop } = aLoop({
      work: (key) => {
        looks.push(key);
        if (looks.length === 1) loop.wake('pool:a');
        return Promise.resolve(undefined);
      },
    });
    for (let i = 0; i < 10; i++) loop.wake('pool:a');
    await loop.idle();
    expect(looks).toEqual(['pool:a', 'pool:a']);
    await stop();
  });

  test('never looks at a key twice at the same time, at others side by side', async () => {
    let now = 0;
    let most = 0;
    const perKey = new Map<Key, number>();
    const { loop, stop } = aLoop({
      work: async (key) => {
        most = Math.max(most, ++now);
        perKey.set(key, (perKey.get(key) ?? 0) + 1);
        expect(perKey.get(key)).toBe(1);
        for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
        perKey.set(key, 0);
        now -= 1;
        return undefined;
      },
    });
    for (let i = 0; i < 40; i++) loop.wake(`machine:${i % 10}`);
    await loop.idle();
    expect(most).toBe(4);
    await stop();
  });

  test('comes back to a failure after a growing while, and to a conflict at once', async () => {
    let fails = 2;
    const at: number[] = [];
    const { clock, loop, stop, pass } = aLoop({
      work: () => {
        at.push(clock.now().monotonicMs);
        if (fails-- > 0) throw new Error('no');
        return Promise.resolve(undefined);
      },
    });
    loop.wake('machine:a');
    await pass(2_000);
    expect(at).toHaveLength(3);
    expect(at[1]).toBeGreaterThan(at[0] ?? 0);
    let conflicts = 2;
    const other = aLoop({
      work: () => {
        if (conflicts-- > 0) throw new FlotillaError('CONFLICT', 'x', { kind: 'conflict' });
        return Promise.resolve(undefined);
      },
    });
    other.loop.wake('machine:a');
    await other.loop.idle();
    expect(conflicts).toBe(-1);
    await stop();
    await other.stop();
  });

  test('looks again when it was asked to, and at everything each minute', async () => {
    const looks: string[] = [];
    const { clock, stop, pass } = aLoop({
      work: (key) => {
        looks.push(`${key} ${clock.now().monotonicMs}`);
        return Promise.resolve(looks.length === 1 ? 5_000 : undefined);
      },
      allKeys: async function* () {
        yield ['cluster:a'];
      },
    });
    await pass(61_000);
    expect(looks).toEqual(['cluster:a 0', 'cluster:a 5000', 'cluster:a 60000']);
    await stop();
  });

  test('lets a key that is dear to look at rest', async () => {
    const at: number[] = [];
    const { clock, loop, stop } = aLoop({
      restMs: () => 500,
      work: () => {
        at.push(clock.now().monotonicMs);
        return Promise.resolve(undefined);
      },
    });
    for (let i = 0; i < 10; i++) {
      loop.wake('pool:a');
      await clock.advance(100);
    }
    await clock.advance(1_000);
    expect(at).toEqual([0, 500, 1000]);
    await stop();
  });
});
