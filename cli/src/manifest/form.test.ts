import { expect, test } from 'vitest';
import { NodePool } from '@flotilla/proto';
import { workers } from '../testing/examples.js';
import { durationText, isWhole, toReadable, withRemovals, writtenPart } from './form.js';

test('what the server writes is left out', () => {
  expect(writtenPart('NodePool', NodePool.toJSON(workers))).toEqual({
    spec: {
      role: 'NODE_POOL_ROLE_WORKER',
      size: 3,
      template: { kubernetesVersion: 'v1.34.4', labels: { tier: 'web' } },
    },
  });
});

test('as people write it: constants without prefix, sizes and durations in units', () => {
  const document = {
    meta: { labels: { a: 'b' } },
    spec: {
      role: 'NODE_POOL_ROLE_WORKER',
      selector: { minMemoryBytes: '17179869184', minDiskBytes: '40000000001' },
      drainTimeout: { seconds: '5400' },
    },
  };
  expect(toReadable({ kind: 'NodePool', name: 'batch', cluster: 'demo' }, document)).toEqual({
    kind: 'NodePool',
    meta: { name: 'batch', labels: { a: 'b' } },
    cluster: 'demo',
    spec: {
      role: 'WORKER',
      selector: { minMemoryBytes: '16GiB', minDiskBytes: 40_000_000_001 },
      drainTimeout: '90m',
    },
  });
});

test.each([
  [{ seconds: '172800' }, '2d'],
  [{ seconds: '3600' }, '1h'],
  [{ seconds: '90' }, '90s'],
  [{ nanos: 500_000_000 }, '500ms'],
  ['5m', '5m'],
])('%j is %s', (value, text) => {
  expect(durationText(value)).toBe(text);
});

test('a field that was taken out becomes null, one that was left stays, a map is whole', () => {
  const base = { spec: { size: 3, template: { labels: { a: '1' }, maxPods: 10 } } };
  expect(withRemovals(base, { spec: { template: { labels: {} } } })).toEqual({
    spec: { size: null, template: { labels: {}, maxPods: null } },
  });
  expect([isWhole('labels', {}), isWhole('drainTimeout', {}), isWhole('template', {}), isWhole('size', 3)]).toEqual([
    true,
    true,
    false,
    true,
  ]);
});
