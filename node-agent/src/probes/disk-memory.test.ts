import { FlotillaError } from '@flotilla/kit';
import { ConditionStatus } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { clockSkew } from './clock-skew.js';
import { diskPressure, inodePressure } from './disk.js';
import { aProbeWorld } from './fake-probe-context.js';
import { fullStallPercent, memoryPressure } from './memory-pressure.js';
import { readonlyFilesystem } from './readonly-filesystem.js';

describe('DiskPressure and InodePressure', () => {
  it('fault 19: a full disk, and one without inodes, are told and cleared by numbers', async () => {
    const { host, context } = aProbeWorld();
    host.disk = { totalBytes: 100e9, freeBytes: 5e9, totalInodes: 1000, freeInodes: 49 };
    expect(await diskPressure.read(context())).toMatchObject({ status: ConditionStatus.TRUE, reason: 'LittleFree' });
    expect(await inodePressure.read(context())).toMatchObject({ status: ConditionStatus.TRUE, reason: 'LittleFree' });
    host.disk = { totalBytes: 100e9, freeBytes: 10e9, totalInodes: 1000, freeInodes: 50 };
    expect(await diskPressure.read(context())).toMatchObject({ status: ConditionStatus.FALSE });
    expect(await inodePressure.read(context())).toMatchObject({ status: ConditionStatus.FALSE });
  });

  it('a file system that makes inodes as needed never runs out of them', async () => {
    const { host, context } = aProbeWorld();
    host.disk = { totalBytes: 1e9, freeBytes: 9e8, totalInodes: 0, freeInodes: 0 };
    expect((await inodePressure.read(context()))?.reason).toBe('NotCounted');
  });
});

describe('ReadonlyFilesystem', () => {
  const broken = (code: string, system: string) => () => {
    throw new FlotillaError(code, `cannot write: ${system}`, { metadata: { system } });
  };

  it('fault 20: a write that fails says so, whatever the mount table says; a write that works clears it', async () => {
    const { host, context } = aProbeWorld();
    const found = () => readonlyFilesystem.read(context());
    expect(await found()).toMatchObject({ status: ConditionStatus.FALSE, reason: 'Writable' });
    host.onWrite = broken('FILESYSTEM_READ_ONLY', 'EROFS');
    expect(await found()).toMatchObject({ status: ConditionStatus.TRUE, reason: 'MountedReadOnly' });
    host.onWrite = broken('FILE_FAILED', 'EIO');
    expect(await found()).toMatchObject({ status: ConditionStatus.TRUE, reason: 'WriteFails' });
    host.onWrite = () => undefined;
    expect(await found()).toMatchObject({ status: ConditionStatus.FALSE });
  });

  it('fault 19: a full disk is not a read-only one, and nothing is left of the probe', async () => {
    const { host, context } = aProbeWorld();
    const before = host.picture();
    host.onWrite = broken('DISK_FULL', 'ENOSPC');
    expect(await readonlyFilesystem.read(context())).toMatchObject({ status: ConditionStatus.FALSE });
    host.onWrite = () => undefined;
    await readonlyFilesystem.read(context());
    expect(host.picture()).toEqual(before);
  });
});

describe('MemoryPressure', () => {
  it('little memory, or a minute that was mostly waiting for it', async () => {
    const { host, context } = aProbeWorld();
    const reason = async () => (await memoryPressure.read(context()))?.reason;
    expect(await reason()).toBe('EnoughAvailable');
    const stall = (avg60: string) =>
      `some avg10=9.00 avg60=90.00 avg300=1.00 total=1\nfull avg10=0.00 avg60=${avg60} avg300=1 total=1\n`;
    host.put('/proc/pressure/memory', stall('20.01'));
    expect(await reason()).toBe('Stalled');
    host.put('/proc/pressure/memory', stall('20.00'));
    expect(await reason()).toBe('EnoughAvailable');
    host.put('/proc/meminfo', 'MemTotal: 8000000 kB\nMemAvailable: 102399 kB\n');
    expect(await reason()).toBe('LittleAvailable');
    expect(fullStallPercent('')).toBeUndefined();
  });
});

describe('ClockSkew', () => {
  it('five minutes are let pass; not knowing is not being wrong', async () => {
    const { context } = aProbeWorld();
    const status = async (clockSkewMs: number | undefined) => (await clockSkew.read(context({ clockSkewMs })))?.status;
    expect(await status(undefined)).toBe(ConditionStatus.UNKNOWN);
    expect(await status(-300_000)).toBe(ConditionStatus.FALSE);
    expect(await status(-300_001)).toBe(ConditionStatus.TRUE);
  });
});
