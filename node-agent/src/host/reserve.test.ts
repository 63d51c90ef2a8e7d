import { FlotillaError } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { FakeHost } from './fake-host.js';
import { keepReserve, withReserve } from './reserve.js';

const dir = '/var/lib/flotilla-agent';
const full = (): FlotillaError => new FlotillaError('DISK_FULL', 'ENOSPC');

describe('space put aside', () => {
  it('fault 19: is given up for what must not fail, and made again', async () => {
    const host = new FakeHost();
    host.dir(dir);
    await keepReserve(host, dir);
    const seen: boolean[] = [];
    const work = (): Promise<string> => {
      seen.push(host.entries.has(`${dir}/reserve`));
      return seen.length === 1 ? Promise.reject(full()) : Promise.resolve('saved');
    };
    expect(await withReserve(host, dir, work)).toBe('saved');
    expect(seen).toEqual([true, false]);
    expect(host.entries.has(`${dir}/reserve`)).toBe(true);
  });

  it('without one, or for another reason, the failure is told as it is', async () => {
    const host = new FakeHost();
    host.dir(dir);
    await expect(withReserve(host, dir, () => Promise.reject(full()))).rejects.toMatchObject({ code: 'DISK_FULL' });
    await keepReserve(host, dir);
    const broken = new FlotillaError('FILESYSTEM_READ_ONLY', 'EROFS');
    await expect(withReserve(host, dir, () => Promise.reject(broken))).rejects.toBe(broken);
    expect(host.entries.has(`${dir}/reserve`)).toBe(true);
  });
});
