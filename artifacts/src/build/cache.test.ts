import { readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { put, temporaryDir } from '../test-support/builders.js';
import { BuildCache } from './cache.js';
import type { Recipe } from './recipes.js';

const recipe: Recipe = { kind: 'c', component: 'pause', version: '3.10.1', source: 'int main', output: 'pause' };
const build = async (outDir: string): Promise<void> => {
  await put(join(outDir, 'pause'), 'program', 0o755);
};

describe('BuildCache', () => {
  it('finds what it was given, for that recipe and architecture only', async () => {
    const dir = await temporaryDir();
    const path = await new BuildCache(dir).fill(recipe, 'amd64', 'gcc', build);
    const cache = new BuildCache(dir);
    expect(await cache.find(recipe, 'amd64')).toBe(path);
    expect(await cache.find(recipe, 'arm64')).toBeUndefined();
    expect(await cache.find({ ...recipe, source: 'int main()' }, 'amd64')).toBeUndefined();
  });

  it('keeps nothing of a build that fails', async () => {
    const dir = await temporaryDir();
    const cache = new BuildCache(dir);
    const failing = cache.fill(recipe, 'amd64', 'gcc', async (outDir) => {
      await build(outDir);
      throw new Error('no room');
    });
    await expect(failing).rejects.toThrow('no room');
    expect(await readdir(dir)).toEqual([]);
    expect(await cache.find(recipe, 'amd64')).toBeUndefined();
  });

  it('builds again what was damaged', async () => {
    const cache = new BuildCache(await temporaryDir());
    const path = await cache.fill(recipe, 'amd64', 'gcc', build);
    await truncate(join(path, 'pause'), 3);
    expect(await cache.find(recipe, 'amd64')).toBeUndefined();
    await cache.fill(recipe, 'amd64', 'gcc', build);
    expect(await cache.find(recipe, 'amd64')).toBe(path);
    await writeFile(join(path, 'built.json'), '{');
    expect(await cache.find(recipe, 'amd64')).toBeUndefined();
  });

  it('clears what an interrupted build left', async () => {
    const dir = await temporaryDir();
    const cache = new BuildCache(dir);
    const path = await cache.fill(recipe, 'amd64', 'gcc', build);
    await put(join(dir, '.building-kubernetes-x', 'out', 'kubelet'), 'half');
    await cache.clearUnfinished();
    expect((await readdir(dir)).map((name) => join(dir, name))).toEqual([path]);
  });
});
