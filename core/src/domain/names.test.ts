import { dnsLabelProblem } from '@flotilla/kit';
import { expect, test } from 'vitest';
import { machineNameOf, suffixedName } from './names.js';

test.each([
  ['node1', 'node1'],
  ['Node_1.example.com', 'node-1'],
  ['--x--', 'x'],
  ['', 'machine'],
  ['日本', 'machine'],
  ['a'.repeat(80), 'a'.repeat(60)],
])('%j becomes %j', (hostname, name) => {
  expect(machineNameOf(hostname)).toBe(name);
  expect(dnsLabelProblem(machineNameOf(hostname))).toBeUndefined();
});

test('a suffix keeps the name a label', () => {
  expect(suffixedName('web', 2)).toBe('web-2');
  expect(suffixedName('a'.repeat(63), 12)).toHaveLength(63);
  expect(dnsLabelProblem(suffixedName(`${'a'.repeat(60)}-bc`, 12))).toBeUndefined();
});
