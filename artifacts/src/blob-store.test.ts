import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BlobStore } from './blob-store.js';
import { put, sha256Of, temporaryDir } from './test-support/builders.js';

async function aStore(): Promise<{ dir: string; store: BlobStore }> {
  const dir = await temporaryDir();
  const store = new BlobStore(dir);
  await store.prepare();
  return { dir, store };
}

describe('BlobStore', () => {
  it('takes a finished file over under its hash', async () => {
    const { dir, store } = await aStore();
    const path = await store.partial('one');
    await writeFile(path, 'contents');
    const facts = await store.commit(path, { sha256: sha256Of('contents'), sizeBytes: 8 });
    expect(facts).toEqual({ sha256: sha256Of('contents'), sizeBytes: 8 });
    expect(await readFile(store.path(facts.sha256), 'utf8')).toBe('contents');
    expect(await readdir(join(dir, 'partial'))).toEqual([]);
  });

  it.each([
    ['hash', { sha256: sha256Of('other') }],
    ['size', { sizeBytes: 7 }],
  ])('refuses a wrong %s and leaves nothing behind', async (_what, expected) => {
    const { dir, store } = await aStore();
    const path = await store.partial('one');
    await writeFile(path, 'contents');
    await expect(store.commit(path, expected)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(await readdir(join(dir, 'partial'))).toEqual([]);
    expect(await readdir(join(dir, 'blobs'))).toEqual([]);
  });

  it('gives the same temporary path for the same key, so that a later process can go on', async () => {
    const { dir, store } = await aStore();
    expect(await new BlobStore(dir).partial('../a key')).toBe(await store.partial('../a key'));
    expect(await store.partial('another')).not.toBe(await store.partial('../a key'));
  });

  it('adopting the same file twice leaves nothing unfinished', async () => {
    const { dir, store } = await aStore();
    const source = await put(join(dir, 'source'), 'contents');
    await store.adopt(source);
    await store.adopt(source);
    expect(await readdir(join(dir, 'partial'))).toEqual([]);
    expect(await readFile(source, 'utf8')).toBe('contents');
  });

  it('copies, not links, what others may write to', async () => {
    const { dir, store } = await aStore();
    const source = await put(join(dir, 'source'), 'contents', 0o644);
    await chmod(source, 0o666);
    const { sha256 } = await store.adopt(source);
    await writeFile(source, 'replaced');
    expect(await readFile(store.path(sha256), 'utf8')).toBe('contents');
  });

  it('links what only we can write to', async () => {
    const { dir, store } = await aStore();
    const source = await put(join(dir, 'source'), 'contents');
    const { sha256 } = await store.adopt(source);
    expect((await stat(store.path(sha256))).ino).toBe((await stat(source)).ino);
  });

  it('remembers a result only while its contents are there', async () => {
    const { store } = await aStore();
    const path = await store.partial('one');
    await writeFile(path, 'contents');
    const facts = await store.commit(path);
    await store.remember('key', facts);
    expect(await store.recall('key')).toEqual(facts);
    expect(await store.recall('other key')).toBeUndefined();
    await store.drop(facts.sha256);
    expect(await store.recall('key')).toBeUndefined();
  });

  it('refuses to reserve more than the disk has, and says how much is missing', async () => {
    const { store } = await aStore();
    await expect(store.reserve(2 ** 60)).rejects.toMatchObject({ code: 'ARTIFACT_DISK_FULL', kind: 'exhausted' });
    await expect(store.reserve(1)).resolves.toBeUndefined();
  });

  it('sees a file that was changed after it was taken', async () => {
    const { store } = await aStore();
    const path = await store.partial('one');
    await writeFile(path, 'contents');
    const { sha256 } = await store.commit(path);
    expect(await store.intact(sha256, 8)).toBe('intact');
    await writeFile(store.path(sha256), 'c0ntents');
    expect(await store.intact(sha256, 8)).toBe('damaged');
    await store.drop(sha256);
    expect(await store.intact(sha256, 8)).toBe('missing');
  });

  it('never makes a path of something that is not a hash', async () => {
    const { store } = await aStore();
    expect(() => store.path('../../etc/passwd')).toThrow('not a sha256');
  });
});
