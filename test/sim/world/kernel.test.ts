import { expect, it } from 'vitest';
import { processClock } from './clock.js';
import { Kernel, Process } from './kernel.js';

it('events happen in order of time, then of arrival; each settles before the next', async () => {
  const kernel = new Kernel(1, 0);
  const seen: string[] = [];
  await kernel.during(async () => {
    kernel.at(20, () => seen.push('late'));
    kernel.at(10, () => {
      seen.push('first');
      setImmediate(() => seen.push('what the first began'));
    });
    kernel.at(10, () => seen.push('second'));
    await kernel.runUntil(100);
  });
  expect(seen).toEqual(['first', 'what the first began', 'second', 'late']);
  expect(kernel.nowMs).toBe(100);
});

it('a paused process wakes when it goes on, a dead one never', async () => {
  const kernel = new Kernel(1, 0);
  const [paused, dead] = [new Process(kernel, 'paused'), new Process(kernel, 'dead')];
  const woken: string[] = [];
  await kernel.during(async () => {
    const sleeps = [paused, dead].map((process) =>
      processClock(kernel, process)
        .sleep(10)
        .then(() => woken.push(`${process.name} at ${kernel.nowMs}`)),
    );
    paused.pause(50);
    dead.kill();
    await kernel.runUntil(200);
    expect(sleeps).toHaveLength(2);
  });
  expect(woken).toEqual(['paused at 50']);
});

it('a world that never comes to rest is told, not waited for', async () => {
  const kernel = new Kernel(1, 0);
  const spin = (): void => void setImmediate(spin);
  await expect(
    kernel.during(async () => {
      kernel.at(1, spin);
      await kernel.runUntil(2);
    }),
  ).rejects.toThrow('does not come to rest');
});

it('a rule that is broken ends the run at the event that broke it', async () => {
  const kernel = new Kernel(1, 0);
  await expect(
    kernel.during(async () => {
      kernel.at(5, () => kernel.fail(new Error('broken')));
      await kernel.runUntil(10);
    }),
  ).rejects.toThrow('broken');
  expect(kernel.nowMs).toBe(5);
});
