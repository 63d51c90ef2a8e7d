import { expect, test } from 'vitest';
import { seededRandom } from '@flotilla/kit';
import { unifiedDiff } from './unified.js';

const names = { before: 'a', after: 'b' };

test('equal texts have none', () => {
  expect(unifiedDiff('a\nb\n', 'a\nb\n', names)).toBe('');
});

test('changes far apart are two hunks, near ones are one', () => {
  const lines = Array.from({ length: 20 }, (_, at) => `line ${at}`);
  const changed = lines.map((line, at) => (at === 1 || at === 3 || at === 18 ? `${line}!` : line));
  const text = unifiedDiff(`${lines.join('\n')}\n`, `${changed.join('\n')}\n`, names);
  expect(text.match(/^@@ .*$/gm)).toEqual(['@@ -1,7 +1,7 @@', '@@ -16,5 +16,5 @@']);
});

/** Applies a unified diff, refusing any context that is not there. */
function patched(before: string, diff: string): string {
  const source = before.split('\n').slice(0, -1);
  const result: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const [, start] = /^@@ -(\d+),(\d+) /.exec(line) ?? [];
    if (start !== undefined) {
      const from = Math.max(0, Number(start) - (line.includes(`-${start},0 `) ? 0 : 1));
      result.push(...source.slice(at, from));
      at = from;
    } else if (line.startsWith('+')) result.push(line.slice(1));
    else {
      expect(source[at]).toBe(line.slice(1));
      if (line.startsWith(' ')) result.push(line.slice(1));
      at++;
    }
  }
  return [...result, ...source.slice(at)].map((line) => `${line}\n`).join('');
}

test('applied to the one text it gives the other, for many texts', () => {
  const random = seededRandom(7);
  const text = (): string => [...random.bytes(14)].map((byte) => `${'abcd'.charAt(byte % 4)}\n`).join('');
  for (let round = 0; round < 200; round++) {
    const [before, after] = [text(), text()];
    const diff = unifiedDiff(before, after, names);
    if (diff !== '') expect(patched(before, diff)).toBe(after);
  }
  expect(patched('', unifiedDiff('', 'a\nb\n', names))).toBe('a\nb\n');
});
