import { expect, test } from 'vitest';

import { baseName, baseRecipe } from './recipe.js';

test('another release or another content is another base', () => {
  const debian = baseRecipe('debian', 'bookworm');
  expect(baseName(debian)).toMatch(/^debian-bookworm-[0-9a-f]{12}$/);
  expect(baseName(baseRecipe('debian', 'bookworm'))).toBe(baseName(debian));
  expect(baseName({ ...debian, packages: [...debian.packages, 'nano'] })).not.toBe(baseName(debian));
});

test('a server comes as little prepared as a real one', () => {
  const { packages } = baseRecipe('debian', 'bookworm');
  expect(packages.filter((name) => /node|kube|containerd|docker/.test(name))).toEqual([]);
  expect(packages).toContain('curl');
});
