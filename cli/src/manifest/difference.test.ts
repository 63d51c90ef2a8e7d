import { expect, test } from 'vitest';
import { differences, overlay, textAt } from './difference.js';

test('only what is wanted and differs', () => {
  const existing = { size: 3, template: { labels: { a: '1' }, maxPods: 10 }, selector: {} };
  expect(differences({ size: 3, template: { maxPods: 20 } }, existing)).toEqual(['template.maxPods']);
  expect(differences({ template: { labels: { b: '2' } } }, existing)).toEqual(['template.labels']);
  expect(differences({ size: null, selector: { os: '' } }, { size: 3 })).toEqual(['size']);
  expect(differences({ taints: [{ key: 'a', value: '' }] }, { taints: [{ key: 'a' }] })).toEqual([]);
  expect(differences({ selector: { arch: 'amd64' } }, undefined)).toEqual(['selector.arch']);
});

test('laid over: deep, labels whole, null takes away', () => {
  expect(
    overlay(
      { size: 3, template: { labels: { a: '1' }, maxPods: 10 } },
      { size: null, template: { labels: { b: '2' } } },
    ),
  ).toEqual({ template: { labels: { b: '2' }, maxPods: 10 } });
});

test('values for people', () => {
  expect([textAt({ a: { b: 'x' } }, 'a.b'), textAt({ a: 3 }, 'a'), textAt({}, 'a.b')]).toEqual(['x', '3', 'nothing']);
});
