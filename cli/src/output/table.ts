import type { Painter, Tone } from './paint.js';

export interface Column {
  readonly header: string;
  /** Only with `-o wide`. */
  readonly wide?: true;
  /** Changes by itself, like an age: no reason to print a row again under `-w`. */
  readonly volatile?: true;
}

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export interface TableOptions {
  readonly wide: boolean;
  readonly headers: boolean;
  /** Lines are cut here; undefined = never, as on a pipe. */
  readonly columnsMax: number | undefined;
  /** From an earlier table of the same watch, so that added lines stay aligned. */
  readonly widths?: readonly number[];
}

export interface Table {
  readonly lines: readonly string[];
  readonly widths: readonly number[];
}

const gap = '  ';

/**
 * Borderless columns. A row may have one cell more than there are columns: it hangs behind without a header, for what is
 * wrong with that row.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paint: Painter,
  options: TableOptions,
): Table {
  const shown = columns.map((_, index) => index).filter((index) => options.wide || columns[index]?.wide !== true);
  const widths = shown.map((index, at) =>
    Math.max(
      columns[index]?.header.length ?? 0,
      options.widths?.[at] ?? 0,
      ...rows.map((row) => row[index]?.text.length ?? 0),
    ),
  );
  const toLine = (cells: readonly Cell[]): string => {
    const picked = [...shown, columns.length].map((index) => cells[index] ?? { text: '' });
    return joinCells(picked, widths, paint, options.columnsMax);
  };
  const headers = options.headers ? [toLine(columns.map(({ header }) => ({ text: header })))] : [];
  return { lines: [...headers, ...rows.map(toLine)], widths };
}

function joinCells(
  cells: readonly Cell[],
  widths: readonly number[],
  paint: Painter,
  columnsMax: number | undefined,
): string {
  const lastFilled = cells.findLastIndex((cell) => cell.text !== '');
  let line = '';
  let used = 0;
  for (let at = 0; at <= lastFilled; at++) {
    const { text, tone = 'plain' } = cells[at] ?? { text: '' };
    const padded = at === lastFilled ? text : text.padEnd(widths[at] ?? 0) + gap;
    const fitting = columnsMax === undefined ? padded : cut(padded, columnsMax - used);
    line += paint(fitting.trimEnd(), tone) + ' '.repeat(fitting.length - fitting.trimEnd().length);
    used += fitting.length;
  }
  return line;
}

/** The text, ended by … where it does not fit. */
export function cut(text: string, lengthMax: number): string {
  if (text.trimEnd().length <= lengthMax) return text;
  return lengthMax < 1 ? '' : `${text.slice(0, lengthMax - 1)}…`;
}
