import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { put, sha256Of, temporaryDir } from '../test-support/builders.js';
import {
  commitDir,
  commitFile,
  copyTree,
  diskFault,
  hashFile,
  listDir,
  readText,
  sizeOf,
  writeAtomic,
  writeFrom,
} from './disk.js';

describe('reading', () => {
  it('knows files by contents and size', async () => {
    const path = await put(join(await temporaryDir(), 'file'), 'contents');
    expect(await hashFile(path)).toEqual({ sha256: sha256Of('contents'), sizeBytes: 8 });
    expect(await sizeOf(path)).toBe(8);
    expect(await readText(path, 8)).toBe('contents');
  });

  it('says nothing of what is not there, and refuses what is too large', async () => {
    const dir = await temporaryDir();
    expect(await sizeOf(join(dir, 'no'))).toBeUndefined();
    expect(await readText(join(dir, 'no'), 10)).toBeUndefined();
    expect(await listDir(join(dir, 'no'))).toEqual([]);
    await put(join(dir, 'file'), 'contents');
    await expect(readText(join(dir, 'file'), 7)).rejects.toThrow('more than 7');
  });

  it('does not take a link for a file', async () => {
    const dir = await temporaryDir();
    await put(join(dir, 'file'), 'contents');
    await symlink('file', join(dir, 'link'));
    expect(await sizeOf(join(dir, 'link'))).toBeUndefined();
  });
});

describe('writing', () => {
  it('goes on at an offset, cutting off what lay beyond', async () => {
    const path = await put(join(await temporaryDir(), 'file'), 'contents');
    const stream = await writeFrom(path, 3);
    await new Promise<void>((resolve, reject) => {
      stream.on('error', reject);
      stream.end('!', resolve);
    });
    expect(await readFile(path, 'utf8')).toBe('con!');
  });

  it('does not follow a link that was planted', async () => {
    const dir = await temporaryDir();
    await put(join(dir, 'precious'), 'contents');
    await symlink('precious', join(dir, 'file'));
    await expect(writeFrom(join(dir, 'file'), 0)).rejects.toMatchObject({ code: 'ELOOP' });
    expect(await readFile(join(dir, 'precious'), 'utf8')).toBe('contents');
  });

  it('replaces at once and leaves no temporary name', async () => {
    const dir = await temporaryDir();
    await put(join(dir, 'file'), 'old');
    await writeAtomic(join(dir, 'file'), 'new');
    expect(await readdir(dir)).toEqual(['file']);
    expect(await readFile(join(dir, 'file'), 'utf8')).toBe('new');
    await put(join(dir, 'other'), 'newer');
    await commitFile(join(dir, 'other'), join(dir, 'file'));
    expect(await readdir(dir)).toEqual(['file']);
  });

  it('makes a directory appear whole', async () => {
    const dir = await temporaryDir();
    await put(join(dir, 'temporary', 'file'), 'x');
    await commitDir(join(dir, 'temporary'), join(dir, 'final'));
    expect(await readdir(join(dir, 'final'))).toEqual(['file']);
  });

  it('makes a writable copy of a directory that is not', async () => {
    const dir = await temporaryDir();
    await put(join(dir, 'from', 'deep', 'file'), 'x', 0o444);
    await chmod(join(dir, 'from', 'deep'), 0o555);
    await mkdir(join(dir, 'to'));
    await copyTree(join(dir, 'from'), join(dir, 'to'));
    expect((await stat(join(dir, 'to', 'deep', 'file'))).mode & 0o777).toBe(0o644);
    await writeFile(join(dir, 'to', 'deep', 'file'), 'y');
    await chmod(join(dir, 'from', 'deep'), 0o755);
  });
});

describe('diskFault', () => {
  const failure = (code: string, syscall: string): Error =>
    Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });

  it.each([
    ['ENOSPC', 'write', 'ARTIFACT_DISK_FULL'],
    ['EDQUOT', 'write', 'ARTIFACT_DISK_FULL'],
    ['EROFS', 'open', 'ARTIFACT_DISK_FAULT'],
    ['EACCES', 'open', 'ARTIFACT_DISK_FAULT'],
    ['EACCES', 'connect', undefined],
    ['ECONNRESET', 'read', undefined],
  ])('%s of %s: %s', (code, syscall, expected) => {
    expect(diskFault(failure(code, syscall))?.code).toBe(expected);
  });
});
