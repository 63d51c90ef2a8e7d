import { expect, test } from 'vitest';
import { nothing, type Reconciler } from './reconciler.js';
import { describeRegistry, registry } from './registry.js';

const some = (over: Partial<Reconciler>): Reconciler => ({
  name: 'pool',
  owner: 'pool',
  key: 'pool',
  reads: ['pool', 'machines'],
  writes: ['node.claim', 'event.append'],
  look: async () => nothing,
  ...over,
});

test('one owner for each kind of change', () => {
  expect(registry([some({})])).toHaveLength(1);
  expect(() => registry([some({}), some({ name: 'other' })])).toThrow('other and pool both write node.claim');
  expect(() => registry([some({ writes: ['target.write'] })])).toThrow(
    'pool writes target.write, which is owned by target',
  );
});

test('the house can be printed', () => {
  expect(describeRegistry([some({})])).toBe(
    'pool (by pool)\n  reads  pool, machines\n  writes node.claim, event.append',
  );
});
