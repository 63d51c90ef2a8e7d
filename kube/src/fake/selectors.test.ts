import { expect, test } from 'vitest';
import { fieldMatcher, labelMatcher } from './selectors.js';

const object = { metadata: { name: 'n', labels: { a: '1', b: '' } }, spec: { nodeName: 'x' } };

test.each([
  ['', true],
  ['a=1', true],
  ['a==1,b', true],
  ['a!=1', false],
  ['c!=1', true],
  ['!c', true],
  ['!a', false],
  ['c', false],
])('labels %j match: %j', (selector, matches) => {
  expect(labelMatcher(selector)(object)).toBe(matches);
});

test('fields match where Kubernetes indexes them; all else is refused, not misread', () => {
  expect(fieldMatcher('spec.nodeName=x,metadata.name!=m')(object)).toBe(true);
  expect(fieldMatcher('spec.nodeName=y')(object)).toBe(false);
  expect(() => fieldMatcher('spec.image=x')).toThrow(/not supported/);
  expect(() => labelMatcher('a in (1,2)')).toThrow(/set expressions/);
});
