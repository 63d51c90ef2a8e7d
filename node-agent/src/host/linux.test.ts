import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxHost } from './linux.js';

const host = linuxHost();
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flotilla-host-'));
});
afterEach(() => rm(dir, { recursive: true }));

describe('this machine', () => {
  it('absence is undefined, everything else that is wrong is an error with its cause', async () => {
    expect(await host.read(join(dir, 'no'))).toBeUndefined();
    expect(await host.list(join(dir, 'no'))).toBeUndefined();
    expect(await host.stat(join(dir, 'no', 'deeper'))).toBeUndefined();
    await writeFile(join(dir, 'file'), '');
    await expect(host.list(dir).then(() => host.read(dir))).rejects.toMatchObject({
      code: 'FILE_FAILED',
      metadata: { system: 'EISDIR' },
    });
  });

  it('writes atomically with the mode that is asked for, whatever was there', async () => {
    const path = join(dir, 'secret');
    await writeFile(path, 'old', { mode: 0o644 });
    await host.writeAtomic(path, 'new', 0o600);
    expect(await host.read(path)).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(dir)).toEqual(['secret']);
  });

  it('a link put where the file is written is replaced, not followed', async () => {
    await writeFile(join(dir, 'victim'), 'untouched');
    await symlink(join(dir, 'victim'), join(dir, 'secret'));
    await host.writeAtomic(join(dir, 'secret'), 'new', 0o600);
    expect(await host.read(join(dir, 'victim'))).toBe('untouched');
  });

  it('appends, links, removes trees and empty directories', async () => {
    await host.append(join(dir, 'log'), 'a\n', 0o600);
    await host.append(join(dir, 'log'), 'b\n', 0o600);
    expect(await host.read(join(dir, 'log'))).toBe('a\nb\n');
    await host.symlink(join(dir, 'link'), '/one');
    await host.symlink(join(dir, 'link'), '/two');
    expect(await host.readLink(join(dir, 'link'))).toBe('/two');
    await writeFile(join(dir, 'plain'), '');
    expect(await host.readLink(join(dir, 'plain'))).toBeUndefined();
    expect(await host.readLink(join(dir, 'nothing'))).toBeUndefined();
    await host.makeDir(join(dir, 'a/b'), 0o700);
    expect(await host.removeEmptyDir(join(dir, 'a'))).toBe(false);
    await host.remove(join(dir, 'a/b'));
    expect(await host.removeEmptyDir(join(dir, 'a'))).toBe(true);
    expect(await host.removeEmptyDir(join(dir, 'a'))).toBe(false);
    await host.remove(join(dir, 'a'));
  });

  it('reads files of /proc, whose size is 0', async () => {
    expect(await host.read('/proc/self/status')).toMatch(/^Name:/);
    expect(await host.read('/proc/no-such-file')).toBeUndefined();
    await expect(host.read('/proc/self')).rejects.toMatchObject({
      code: 'FILE_FAILED',
      metadata: { system: 'EISDIR' },
    });
  });

  it('reads a file of the kernel whole that is larger than the buffer, and a short one after it', async () => {
    const long = await host.read('/proc/self/smaps');
    expect(long?.length).toBeGreaterThan(70_000);
    expect(long).toMatch(/^[0-9a-f]+-[0-9a-f]+ .*\nVmFlags: [a-z ]*\n$/s);
    expect(await host.read('/proc/sys/kernel/ostype')).toBe('Linux\n');
  });

  it('a port that nobody listens on does not connect', async () => {
    expect(await host.connects('127.0.0.1', 1, 1_000)).toBe(false);
  });

  it('knows its address on the way to another without sending', async () => {
    expect(await host.addressTowards('127.0.0.1', 9)).toBe('127.0.0.1');
  });

  it('ending a process that has ended is no error', async () => {
    await expect(host.kill(2 ** 22 - 1, 'SIGTERM')).resolves.toBeUndefined();
  });
});
