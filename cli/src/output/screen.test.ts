import { expect, test } from 'vitest';
import { FakeOutput } from '../testing/fake-env.js';
import { Screen } from './screen.js';

const escape = String.fromCharCode(27);

test('paints over what it painted, and takes it back', () => {
  const output = new FakeOutput(true);
  const screen = new Screen(output);
  screen.paint(['a', 'b']);
  screen.paint(['c']);
  screen.clear();
  screen.clear();
  expect(output.text).toBe(`a\nb\n${escape}[2A${escape}[0Jc\n${escape}[1A${escape}[0J`);
});

test('only what fits on a terminal can be painted over', () => {
  const output = new FakeOutput(true);
  output.rows = 3;
  expect([new Screen(output).fits(2), new Screen(output).fits(3), new Screen(new FakeOutput()).fits(1)]).toEqual([
    true,
    false,
    false,
  ]);
});
