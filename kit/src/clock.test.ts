import { expect, test } from 'vitest';
import { systemClock } from './clock.js';
import { SimClock } from './sim-clock.js';

test('sleepers wake in order of due time, then of arrival', async () => {
  const clock = new SimClock();
  const woken: string[] = [];
  const sleep = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms);
    woken.push(`${name}@${clock.now().monotonicMs}`);
  };
  const all = Promise.all([sleep('b', 20), sleep('a', 10), sleep('c', 20)]);
  await clock.advance(15);
  expect(woken).toEqual(['a@10']);
  await clock.advance(10);
  await all;
  expect(woken).toEqual(['a@10', 'b@20', 'c@20']);
  expect(clock.now().monotonicMs).toBe(25);
});

test('a sleep set by a woken sleeper inside the same advance is honoured', async () => {
  const clock = new SimClock();
  let ticks = 0;
  const loop = (async () => {
    while (ticks < 5) {
      await clock.sleep(10);
      ticks++;
    }
  })();
  await clock.advance(50);
  await loop;
  expect(ticks).toBe(5);
});

test('an aborted sleep rejects with the reason and leaves no sleeper', async () => {
  const clock = new SimClock();
  const controller = new AbortController();
  const sleep = clock.sleep(1000, controller.signal);
  controller.abort(new Error('enough'));
  await expect(sleep).rejects.toThrow('enough');
  expect(clock.sleeping).toBe(0);
});

test('a step of the wall clock leaves monotonic time alone', () => {
  const clock = new SimClock(1_000);
  clock.stepWall(-500);
  expect(clock.now()).toEqual({ wallMs: 500, monotonicMs: 0 });
});

test('waitForSleepers resolves only once the code is waiting', async () => {
  const clock = new SimClock();
  let waiting = false;
  const seen = clock.waitForSleepers(1).then(() => (waiting = true));
  expect(waiting).toBe(false);
  void clock.sleep(5);
  await seen;
  expect(clock.nextDueMs).toBe(5);
});

test('the system clock refuses to sleep on an aborted signal', async () => {
  await expect(systemClock.sleep(10_000, AbortSignal.abort(new Error('off')))).rejects.toThrow('off');
});
