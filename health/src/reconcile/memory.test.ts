import { HealthVerdict } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { HealthMemory } from './memory.js';

const held = { verdict: HealthVerdict.HOST_GONE, causes: new Map([['HostGone', 7]]) };

test('remembers while a node is sick, says when the time to act moved, and forgets who is gone', () => {
  const memory = new HealthMemory();
  expect(memory.remember('a', { clusterId: 'c', held, dueAtMs: 100 })).toBe(true);
  expect(memory.remember('a', { clusterId: 'c', held, dueAtMs: 100 })).toBe(false);
  expect(memory.remember('a', { clusterId: 'c', held, dueAtMs: undefined })).toBe(true);
  expect(memory.heldOf('a')).toBe(held);
  memory.remember('b', { clusterId: 'other', held, dueAtMs: 5 });
  memory.keepOnly('c', new Set());
  expect([memory.heldOf('a'), memory.dueOf('b')]).toEqual([undefined, 5]);
  expect(memory.remember('b', { clusterId: 'other', held: undefined, dueAtMs: undefined })).toBe(true);
  expect(memory.dueOf('b')).toBeUndefined();
});

test('a rung is seen since its own beginning', () => {
  const memory = new HealthMemory();
  expect(memory.rungSeenMs('a', 'rep_1/1-1', 10)).toBe(10);
  expect(memory.rungSeenMs('a', 'rep_1/1-1', 50)).toBe(10);
  expect(memory.rungSeenMs('a', 'rep_1/2-1', 60)).toBe(60);
});
