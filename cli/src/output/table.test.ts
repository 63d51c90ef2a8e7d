import { expect, test } from 'vitest';
import { cut, renderTable } from './table.js';

const columns = [{ header: 'NAME' }, { header: 'AGE' }, { header: 'ID', wide: true as const }];
const rows = [
  [{ text: 'a' }, { text: '3m' }, { text: 'x1' }, { text: '! broken' }],
  [{ text: 'longer' }, { text: '' }, { text: 'x2' }],
];
const plain = (text: string): string => text;
const options = { wide: false, headers: true, columnsMax: undefined };

test('two spaces between, none behind, what is wrong at the end', () => {
  expect(renderTable(columns, rows, plain, options).lines).toEqual(['NAME    AGE', 'a       3m   ! broken', 'longer']);
});

test('wide columns only when wanted', () => {
  expect(renderTable(columns, rows, plain, { ...options, wide: true }).lines).toEqual([
    'NAME    AGE  ID',
    'a       3m   x1  ! broken',
    'longer       x2',
  ]);
});

test('widths of an earlier table are kept, so that added rows stand below it', () => {
  const { widths } = renderTable(columns, rows, plain, options);
  expect(
    renderTable(columns, [[{ text: 'b' }, { text: '1s' }]], plain, { ...options, headers: false, widths }).lines,
  ).toEqual(['b       1s']);
});

test('paint touches the text, not the space around it', () => {
  const painted = renderTable(
    columns,
    [[{ text: 'a', tone: 'good' as const }, { text: '1s' }]],
    (text, tone) => (tone === 'good' ? `<${text}>` : text),
    { ...options, headers: false },
  );
  expect(painted.lines).toEqual(['<a>     1s']);
});

test('lines are cut where the terminal ends', () => {
  expect(renderTable(columns, rows, plain, { ...options, columnsMax: 16 }).lines).toEqual([
    'NAME    AGE',
    'a       3m   ! …',
    'longer',
  ]);
  expect(cut('abc', 0)).toBe('');
  expect(cut('abc  ', 3)).toBe('abc  ');
});
