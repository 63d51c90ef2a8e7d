import { expect, test } from 'vitest';
import { summarise } from './summary.js';

test('min, median and max of odd and even numbers of values', () => {
  expect(summarise([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
  expect(summarise([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
  expect(summarise([7])).toEqual({ min: 7, median: 7, max: 7 });
});
