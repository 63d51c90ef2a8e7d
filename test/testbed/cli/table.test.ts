import { expect, test } from 'vitest';

import { formatTable } from './table.js';

test('columns are as wide as their widest cell and rows end without blanks', () => {
  expect(
    formatTable(
      ['A', 'NAME'],
      [
        ['long', 'x'],
        ['b', ''],
      ],
    ),
  ).toBe('A     NAME\nlong  x\nb\n');
});
