import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { useStage } from '../testing/setup.js';
import { moments, setStage } from './moments.js';

const stage = useStage();
const home = dirname(fileURLToPath(import.meta.url));

/** A description is one screen: what a terminal of common size shows at once. */
const linesMax = 40;
const columnsMax = 100;

test.each(Object.entries(moments))('%s', async (name, { ask, set }) => {
  const { server, terminal } = stage;
  setStage(server.fleet);
  set(server.fleet);
  expect(await terminal.flotilla('describe', ...ask)).toBe(0);
  const shown = terminal.stdout.text.replaceAll(String(server.port), '7440');
  expect(shown).toBe(readFileSync(join(home, `${name}.txt`), 'utf8'));
  const lines = shown.split('\n');
  expect(lines.length).toBeLessThanOrEqual(linesMax);
  // Tables of events and nodes may be wider; prose never is.
  expect(lines.slice(1, lines.indexOf('')).filter((line) => line.length > columnsMax)).toEqual([]);
});

test('every text belongs to a moment', () => {
  const texts = readdirSync(home).filter((name) => name.endsWith('.txt'));
  expect(texts.sort()).toEqual(Object.keys(moments).map((name) => `${name}.txt`).sort());
});
