import { expect, test } from 'vitest';
import { field, labelText, sentence } from './describe.js';

test('a field is wrapped below itself at 100 columns', () => {
  const text = 'Remediation is paused by the breaker since 2m40s: 5 of 8 unhealthy exceeds the limit of 1 (20 % of 8)';
  expect(field('Held', text)).toEqual([
    'Held     Remediation is paused by the breaker since 2m40s: 5 of 8 unhealthy exceeds the limit of 1',
    '         (20 % of 8)',
  ]);
  expect(field('Held', '')).toEqual([]);
  expect(field('Pools', 'a\nb')).toEqual(['Pools    a', '         b']);
});

test('what is too long to wrap stays whole', () => {
  const url = `https://${'x'.repeat(120)}`;
  expect(field('Reach', `see ${url} there`)).toEqual(['Reach    see', `         ${url}`, '         there']);
});

test('sentences end once', () => {
  expect(sentence('Running', '')).toBe('Running.');
  expect(sentence('Failed', 'swap is on')).toBe('Failed. swap is on.');
  expect(sentence('Pending', 'It waits.')).toBe('Pending. It waits.');
});

test('labels in order', () => {
  expect([labelText({}), labelText({ b: '2', a: '1' })]).toEqual(['-', 'a=1, b=2']);
});
