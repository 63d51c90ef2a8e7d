import { ConditionStatus } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeHost } from '../host/fake-host.js';
import { readProbes } from './probes.js';
import { parseCpu, VitalsReader } from './vitals.js';

const meminfo = (availableKib: number) => `MemTotal: 8000000 kB\nMemAvailable: ${availableKib} kB\n`;

function aHost(): FakeHost {
  return new FakeHost({ '/proc/self/mounts': '/dev/sda1 / ext4 rw 0 0\n', '/proc/meminfo': meminfo(4_000_000) });
}

async function reasons(host: FakeHost, joined = false, clockSkewMs: number | undefined = 0) {
  const probes = await readProbes({ host, joined, clockSkewMs, extra: [] });
  return Object.fromEntries(probes.map(({ type, reason }) => [type, reason]));
}

describe('probes', () => {
  it('a spare is not asked about a kubelet', async () => {
    expect(await reasons(aHost())).toEqual({
      DiskPressure: 'EnoughFree',
      ReadonlyFilesystem: 'Writable',
      MemoryPressure: 'EnoughAvailable',
      ClockSkew: 'InStep',
    });
  });

  it('fault-16: tells a dead kubelet and a missing runtime', async () => {
    const host = aHost();
    expect(await reasons(host, true)).toMatchObject({
      KubeletHealthy: 'NoAnswer',
      ContainerRuntimeHealthy: 'SocketMissing',
    });
    host.web.set('http://127.0.0.1:10248/healthz', { status: 200, body: 'ok' });
    host.put('/run/containerd/containerd.sock', '');
    expect(await reasons(host, true)).toMatchObject({ KubeletHealthy: 'Healthy', ContainerRuntimeHealthy: 'Healthy' });
  });

  it('fault-19 fault-20: tells a full disk, a read-only root, little memory and a wrong clock', async () => {
    const host = aHost();
    host.disk = { totalBytes: 100e9, freeBytes: 5e9 };
    host.put('/proc/self/mounts', '/dev/sda1 / ext4 ro 0 0\n');
    host.put('/proc/meminfo', meminfo(50_000));
    expect(await reasons(host, false, 600_000)).toEqual({
      DiskPressure: 'LittleFree',
      ReadonlyFilesystem: 'MountedReadOnly',
      MemoryPressure: 'LittleAvailable',
      ClockSkew: 'Skewed',
    });
  });

  it('what is not known is unknown, not false', async () => {
    const [clock] = (await readProbes({ host: aHost(), joined: false, clockSkewMs: undefined, extra: [] })).filter(
      ({ type }) => type === 'ClockSkew',
    );
    expect(clock?.status).toBe(ConditionStatus.UNKNOWN);
  });
});

describe('vitals', () => {
  it('the busy share is that since the last look', async () => {
    const host = aHost();
    for (const [path, text] of [
      ['/proc/stat', 'cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1'],
      ['/proc/loadavg', '0.42 0.1 0.1 1/1 1'],
      ['/proc/uptime', '12345.67 1'],
    ] as const)
      host.put(path, text);
    const vitals = new VitalsReader(host);
    expect(await vitals.read()).toMatchObject({ load1m: 0.42, uptimeSeconds: 12345, cpuBusyRatio: 0.2 });
    host.put('/proc/stat', 'cpu  150 0 100 850 0 0 0 0 0 0\n');
    expect((await vitals.read()).cpuBusyRatio).toBe(0.5);
    expect((await vitals.read()).cpuBusyRatio).toBe(0);
    expect(parseCpu('')).toEqual({ busy: 0, total: 0 });
  });
});
