import { expect, test } from 'vitest';
import { same } from './same.js';

test('equal by value', () => {
  expect(
    same(
      { a: 1, b: undefined, c: [new Date(1), 2n, new Uint8Array([1])] },
      { c: [new Date(1), 2n, Buffer.from([1])], a: 1 },
    ),
  ).toBe(true);
});

test.each([
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, {}],
  [[1, 2], [1]],
  [[], {}],
  [new Date(1), new Date(2)],
  [1, 1n],
  [null, {}],
  [new Uint8Array([1]), new Uint8Array([2])],
])('%o is not %o', (a, b) => expect(same(a, b)).toBe(false));
