type Line = readonly [' ' | '-' | '+', string];

const contextLines = 3;
/** Above this many lines a text is compared as one block: manifests never are that long. */
const linesMax = 4000;

/** The unified diff of two texts; empty when they are equal. */
export function unifiedDiff(before: string, after: string, names: { before: string; after: string }): string {
  if (before === after) return '';
  const lines = compare(splitLines(before), splitLines(after));
  const hunks = hunksOf(lines).map(({ from, to }) => hunkText(lines, from, to));
  return `--- ${names.before}\n+++ ${names.after}\n${hunks.join('')}`;
}

function splitLines(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** Longest common subsequence, by the table: simple, and exact. */
function compare(a: readonly string[], b: readonly string[]): Line[] {
  if (a.length > linesMax || b.length > linesMax) return [...a.map(removed), ...b.map(added)];
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      lines.push([' ', left]);
      i++;
      j++;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(removed(left));
      i++;
    } else if (right !== undefined) {
      lines.push(added(right));
      j++;
    }
  }
  return lines;
}

function removed(text: string): Line {
  return ['-', text];
}

function added(text: string): Line {
  return ['+', text];
}

/** Ranges of lines with something changed, with their context, joined where they touch. */
function hunksOf(lines: readonly Line[]): { from: number; to: number }[] {
  const hunks: { from: number; to: number }[] = [];
  for (const [at, [mark]] of lines.entries()) {
    if (mark === ' ') continue;
    const [from, to] = [Math.max(0, at - contextLines), Math.min(lines.length, at + contextLines + 1)];
    const last = hunks.at(-1);
    if (last !== undefined && from <= last.to) last.to = to;
    else hunks.push({ from, to });
  }
  return hunks;
}

function hunkText(lines: readonly Line[], from: number, to: number): string {
  const count = (part: readonly Line[], other: '-' | '+'): number => part.filter(([mark]) => mark !== other).length;
  const [head, body] = [lines.slice(0, from), lines.slice(from, to)];
  const range = (other: '-' | '+'): string => {
    const length = count(body, other);
    return `${count(head, other) + (length === 0 ? 0 : 1)},${length}`;
  };
  return `@@ -${range('+')} +${range('-')} @@\n${body.map(([mark, text]) => `${mark}${text}\n`).join('')}`;
}
