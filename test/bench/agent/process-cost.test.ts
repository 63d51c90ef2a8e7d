import { expect, test } from 'vitest';
import { parseProcessCost, readProcessCost } from './process-cost.js';

test('numbers are read in bytes and milliseconds, also of a process with brackets in its name', () => {
  const cost = parseProcessCost(
    'Name:\tnode\nVmHWM:\t   61000 kB\nVmRSS:\t   60000 kB\nThreads:\t6\n',
    'Rss:  60000 kB\nPrivate_Clean:  1000 kB\nPrivate_Dirty:  17000 kB\nAnonymous:  17000 kB\n',
    '42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 6 0 12345 0 0',
  );
  expect(cost).toEqual({
    rssBytes: 60_000 * 1024,
    peakBytes: 61_000 * 1024,
    privateBytes: 18_000 * 1024,
    anonymousBytes: 17_000 * 1024,
    cpuMs: 3_000,
    threads: 6,
  });
});

test('this very process can be read', () => {
  const { rssBytes, privateBytes } = readProcessCost(process.pid);
  expect(rssBytes).toBeGreaterThan(10_000_000);
  expect(privateBytes).toBeLessThanOrEqual(rssBytes);
});
