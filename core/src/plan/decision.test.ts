import { expect, test } from 'vitest';
import { camelCase } from './decision.js';

test('phases become reasons', () => {
  expect(camelCase('install-runtime')).toBe('InstallRuntime');
  expect(camelCase('join')).toBe('Join');
});
