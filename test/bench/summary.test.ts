import { expect, test } from 'vitest';
import { percentile, summarise } from './summary.js';

test('min, median and max of odd and even numbers of values', () => {
  expect(summarise([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
  expect(summarise([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
  expect(summarise([7])).toEqual({ min: 7, median: 7, max: 7 });
});

test('a percentile is a value that was measured, by nearest rank', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([100, 198, 200]);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});
