import { expect, test } from 'vitest';
import { same } from './same.js';

test.each([
  [{ a: 1 }, { a: 1 }, true],
  [{ a: 1 }, { a: 1, b: undefined }, true],
  [{ a: 1 }, { a: 2 }, false],
  [[1, [2]], [1, [2]], true],
  [[1], { 0: 1 }, false],
  [[1, 2], [1], false],
  [new Date(5), new Date(5), true],
  [new Date(5), new Date(6), false],
  [new Date(5), {}, false],
  [undefined, undefined, true],
  [undefined, {}, false],
  [null, {}, false],
])('%j and %j: %s', (a, b, expected) => {
  expect(same(a, b)).toBe(expected);
  expect(same(b, a)).toBe(expected);
});
