import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KernelLog, parseKernelRecord } from './linux-kmsg.js';

describe('the log of the kernel', () => {
  it('records are read with number, time and text', () => {
    expect(parseKernelRecord('4,812,10000250,-;EXT4-fs (sda1): warning\n SUBSYSTEM=block\n')).toEqual({
      sequence: 812,
      atMs: 10_000.25,
      text: 'EXT4-fs (sda1): warning',
    });
    expect(parseKernelRecord('rubbish')).toBeUndefined();
  });

  it('where there is none, that is said, and nothing stays open', () => {
    const log = new KernelLog('/nowhere/kmsg');
    expect(log.read(-1)).toBeUndefined();
    expect(log.read(-1)).toBeUndefined();
    log.close();
  });

  it('only what is newer than asked for is given', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'flotilla-kmsg-'));
    // A plain file gives all its bytes at once; the kernel gives a record a read.
    await writeFile(join(dir, 'kmsg'), '6,5,1000,-;hello\n');
    expect(new KernelLog(join(dir, 'kmsg')).read(4)).toMatchObject([{ sequence: 5, text: 'hello' }]);
    expect(new KernelLog(join(dir, 'kmsg')).read(5)).toEqual([]);
    await rm(dir, { recursive: true });
  });
});
