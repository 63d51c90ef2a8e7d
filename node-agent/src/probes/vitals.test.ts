import { describe, expect, it } from 'vitest';
import { FakeHost } from '../host/fake-host.js';
import { parseCpu, VitalsReader } from './vitals.js';

function aHost(): FakeHost {
  return new FakeHost({
    '/proc/stat': 'cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1',
    '/proc/loadavg': '0.42 0.1 0.1 1/1 1',
    '/proc/uptime': '12345.67 1',
    '/proc/meminfo': 'MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n',
  });
}

describe('vitals', () => {
  it('the busy share is that since the last look', async () => {
    const host = aHost();
    const vitals = new VitalsReader(host);
    expect(await vitals.read()).toMatchObject({ load1m: 0.42, uptimeSeconds: 12345, cpuBusyRatio: 0.2 });
    host.put('/proc/stat', 'cpu  150 0 100 850 0 0 0 0 0 0\n');
    expect(await vitals.read()).toMatchObject({ cpuBusyRatio: 0.5, diskFreeBytes: 80e9 });
    expect((await vitals.read()).cpuBusyRatio).toBe(0);
    expect(parseCpu('')).toEqual({ busy: 0, total: 0 });
  });

  it('a disk that hangs holds no heartbeat up: its last number stands', async () => {
    const host = aHost();
    const vitals = new VitalsReader(host);
    await vitals.read();
    host.space = () => new Promise(() => undefined);
    await vitals.read();
    expect((await vitals.read()).diskFreeBytes).toBe(80e9);
  });
});
