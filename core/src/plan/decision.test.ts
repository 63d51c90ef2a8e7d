import { expect, test } from 'vitest';
import { camelCase, counted } from './decision.js';

test('phases become reasons', () => {
  expect(camelCase('install-runtime')).toBe('InstallRuntime');
  expect(camelCase('join')).toBe('Join');
});

test('counts agree with their nouns', () => {
  expect([counted(0, 'node'), counted(1, 'node'), counted(2, 'node')]).toEqual(['0 nodes', '1 node', '2 nodes']);
});
