import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyedQueue } from './keyed-queue.js';

test('a key asked for while it runs, runs once more', () => {
  const queue = new KeyedQueue(10);
  queue.add('a');
  expect(queue.take()).toBe('a');
  queue.add('a');
  queue.add('a');
  expect(queue.take()).toBeUndefined();
  queue.done('a');
  expect(queue.take()).toBe('a');
  queue.done('a');
  expect(queue.take()).toBeUndefined();
});

test('no key ever runs twice at once and none that was asked for is lost', () => {
  const act = fc.tuple(fc.constantFrom('add', 'take', 'done'), fc.integer({ min: 0, max: 4 }));
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const queue = new KeyedQueue(100);
      const held = new Set<string>();
      const wanted = new Set<string>();
      for (const [what, n] of acts) {
        const key = `k${n}`;
        if (what === 'add') {
          queue.add(key);
          wanted.add(key);
        } else if (what === 'take') {
          const taken = queue.take();
          if (taken === undefined) continue;
          expect(held.has(taken)).toBe(false);
          held.add(taken);
          wanted.delete(taken);
        } else if (held.delete(key)) queue.done(key);
      }
      for (const key of held) queue.done(key);
      for (let key = queue.take(); key !== undefined; key = queue.take()) wanted.delete(key);
      expect([...wanted]).toEqual([]);
    }),
  );
});

test('a full queue throws rather than grow', () => {
  const queue = new KeyedQueue(1);
  queue.add('a');
  queue.add('a');
  expect(() => queue.add('b')).toThrow('full (1 keys)');
});

test('ready resolves when a key arrives and when aborted', async () => {
  const queue = new KeyedQueue(1);
  const first = queue.ready(new AbortController().signal);
  queue.add('a');
  await first;
  expect(queue.take()).toBe('a');
  const controller = new AbortController();
  const second = queue.ready(controller.signal);
  controller.abort();
  await second;
});
