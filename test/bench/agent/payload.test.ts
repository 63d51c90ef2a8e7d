import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseLauncher } from './payload.js';

test('the flags and the environment are those of the launcher that is installed', () => {
  const launcher = readFileSync(join(import.meta.dirname, '../../../installer/flotilla-agent'), 'utf8');
  const { flags, env } = parseLauncher(launcher);
  expect(flags.length).toBeGreaterThan(2);
  expect(flags.every((flag) => /^--[a-z0-9-]+(=\S+)?$/.test(flag) && launcher.includes(flag))).toBe(true);
  expect(env).toMatchObject({ MALLOC_ARENA_MAX: '1' });
});

test('a launcher of another shape is refused', () => {
  expect(() => parseLauncher('#!/bin/sh\nexec node agent.cjs\n')).toThrow(/shape/);
});
