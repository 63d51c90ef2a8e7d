import { expect, test } from 'vitest';

import type { BedState, Partition } from './bed-state.js';
import { planPartitionRules } from './partition-rules.js';

function rulesOf(...partitions: Partition[]): string[] {
  const server = { diskMiB: null, phase: 'made', partitions: [] } as const;
  const bed: BedState = {
    version: 1,
    name: 'demo',
    subnet: '10.77.0.0/24',
    baseDir: '/base',
    servers: [
      { ...server, name: 'alpha', address: '10.77.0.11', partitions },
      { ...server, name: 'bravo', address: '10.77.0.12' },
    ],
  };
  let hook = '';
  return planPartitionRules(bed)
    .split('\n')
    .flatMap((line) => {
      hook = /chain (\w+)/.exec(line)?.[1] ?? hook;
      return line.endsWith(' drop') ? [`${hook}: ${line.trim()}`] : [];
    });
}

test('no partition, no rule', () => {
  expect(rulesOf()).toEqual([]);
});

test('all in both directions is every frame of the port, to servers and to the host', () => {
  expect(rulesOf({ from: 'all', direction: 'both' })).toEqual([
    'forward: oifname "vb-demo-alpha" drop',
    'forward: iifname "vb-demo-alpha" drop',
    'input: iifname "vb-demo-alpha" drop',
    'output: oifname "vb-demo-alpha" drop',
  ]);
});

test('in drops only what would reach the server, out only what it sends', () => {
  expect(rulesOf({ from: ['bravo'], direction: 'in' })).toEqual([
    'forward: iifname "vb-demo-bravo" oifname "vb-demo-alpha" drop',
  ]);
  expect(rulesOf({ from: ['bravo'], direction: 'out' })).toEqual([
    'forward: iifname "vb-demo-alpha" oifname "vb-demo-bravo" drop',
  ]);
  expect(rulesOf({ from: 'host', direction: 'in' })).toEqual(['output: oifname "vb-demo-alpha" drop']);
  expect(rulesOf({ from: 'host', direction: 'out' })).toEqual(['input: iifname "vb-demo-alpha" drop']);
});

test('a share of the frames is lost at random', () => {
  expect(rulesOf({ from: ['bravo'], direction: 'in', lossPercent: 30 })).toEqual([
    'forward: iifname "vb-demo-bravo" oifname "vb-demo-alpha" numgen random mod 100 < 30 drop',
  ]);
});

test('partitions add up, and the same one twice is one rule', () => {
  const half: Partition = { from: ['bravo'], direction: 'in' };
  expect(rulesOf(half, half, { from: 'host', direction: 'in' })).toHaveLength(2);
});
