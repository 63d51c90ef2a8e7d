import { Bootstrap, MachineRole } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { fakeOthers, fakeSystemd, type FakeUnit } from '../../host/fake-programs.js';
import { failed, type FakeHost } from '../../host/fake-host.js';
import { aCleanHost, aCluster, aTarget } from '../../work/fake-world.js';
import type { CheckContext } from './check.js';
import { preflightChecks, runChecks } from './preflight.js';

function setUp(
  spoil: (host: FakeHost, units: Map<string, FakeUnit>) => void = () => undefined,
  more: Partial<CheckContext> = {},
): CheckContext {
  const host = aCleanHost();
  const systemd = fakeSystemd();
  host.programs.push(systemd.program, fakeOthers);
  host.reachable.add('10.0.0.5:6443');
  spoil(host, systemd.units);
  return {
    host,
    facts: {
      arch: 'amd64',
      cpus: 4,
      memoryBytes: 8e9,
      cgroupVersion: 2,
      hostname: 'edge-7',
      kernel: '6.1.0',
      nodeAddress: '10.0.0.7',
    },
    target: aTarget(),
    controlPlane: false,
    clockSkewMs: 0,
    artifacts: undefined,
    changes: { owns: () => false, standing: () => [], claims: () => false },
    joined: false,
    ...more,
  };
}

async function codes(context: CheckContext, skipped: readonly string[] = []): Promise<readonly string[]> {
  const results = await runChecks(context, skipped);
  return results.filter(({ state }) => state === 'failed').flatMap(({ problems }) => problems.map(({ code }) => code));
}

const facts = setUp().facts;
const listening = (port: number): string =>
  `header\n   0: 00000000:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n`;

describe('preflight', () => {
  it('a clean host passes every check', async () => {
    const results = await runChecks(setUp(), []);
    expect(results.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(results).toHaveLength(preflightChecks.length);
  });

  it.each<[string, CheckContext]>([
    ['SWAP_ON', setUp((host) => host.put('/proc/swaps', 'Filename Type Size\n/dev/sda5 partition 2097148 0 -2\n'))],
    ['NOT_ROOT', setUp((host) => host.put('/proc/self/status', 'Uid:\t1000\t1000\t1000\t1000\n'))],
    ['SYSTEMD_MISSING', setUp((host) => host.entries.delete('/run/systemd/system'))],
    ['CGROUP_MISSING', setUp(undefined, { facts: { ...facts, cgroupVersion: 0 } })],
    ['CGROUP_CONTROLLERS', setUp((host) => host.put('/sys/fs/cgroup/cgroup.controllers', 'io\n'))],
    ['KERNEL_TOO_OLD', setUp(undefined, { facts: { ...facts, kernel: '5.4.0-100-generic' } })],
    ['MEMORY_LOW', setUp(undefined, { facts: { ...facts, memoryBytes: 1e9 } })],
    ['CPUS_LOW', setUp(undefined, { facts: { ...facts, cpus: 1 }, controlPlane: true })],
    ['DISK_SMALL', setUp((host) => void (host.disk = { totalBytes: 10e9, freeBytes: 9e9 }))],
    ['FILESYSTEM_READ_ONLY', setUp((host) => host.put('/proc/self/mounts', '/dev/sda1 / ext4 ro 0 0\n'))],
    ['HOSTNAME_INVALID', setUp(undefined, { facts: { ...facts, hostname: 'localhost' } })],
    ['MACHINE_ID_MISSING', setUp((host) => host.put('/etc/machine-id', 'uninitialized\n'))],
    ['CLOCK_SKEW', setUp(undefined, { clockSkewMs: -365 * 86_400_000 })],
    ['TOOL_MISSING', setUp((host) => host.installed.delete('iptables'))],
    ['PORT_IN_USE', setUp((host) => host.put('/proc/net/tcp', listening(10250)))],
    ['FOREIGN_CLUSTER', setUp((host) => host.dir('/etc/rancher/k3s'))],
    ['FOREIGN_CLUSTER', setUp((_host, units) => void units.set('kubelet.service', { enabled: true, active: true }))],
    ['FOREIGN_RUNTIME', setUp((_host, units) => void units.set('docker.service', { enabled: true, active: true }))],
    ['FOREIGN_RUNTIME', setUp((_host, units) => void units.set('containerd.service', { enabled: true, active: true }))],
    ['API_SERVER_UNREACHABLE', setUp((host) => host.reachable.clear())],
    [
      'MODULE_MISSING',
      setUp((host) => {
        host.entries.delete('/sys/module/br_netfilter');
        host.entries.delete('/proc/sys/net/bridge/bridge-nf-call-iptables');
        host.programs.unshift(([name]) => (name === 'modprobe' ? failed('not found') : undefined));
      }),
    ],
    [
      'IP_FORWARD_FIXED',
      setUp((host) => {
        host.onWrite = () => {
          throw new Error('EROFS');
        };
      }),
    ],
  ])('%s', async (code, context) => {
    expect(await codes(context)).toEqual([code]);
  });

  it('every failure is told at once, and every one has a cure', async () => {
    const context = setUp((host) => host.put('/proc/swaps', 'header\n/dev/sda5 partition 2097148 0 -2\n'), {
      facts: { ...facts, memoryBytes: 1e9, hostname: 'localhost' },
    });
    const results = await runChecks(context, []);
    const problems = results.filter(({ state }) => state === 'failed').flatMap((result) => result.problems);
    expect(problems.map(({ code }) => code)).toEqual(['MEMORY_LOW', 'SWAP_ON', 'HOSTNAME_INVALID']);
    expect(problems.filter(({ remedy }) => remedy === '')).toEqual([]);
  });

  it('names who holds a port, and what that means', async () => {
    const context = setUp((host) => {
      host.put('/proc/net/tcp', listening(10250));
      host.put('/proc/812/comm', 'k3s-agent\n');
      host.dir('/proc/812/fd');
      host.link('/proc/812/fd/7', 'socket:[4711]');
    });
    const found = (await runChecks(context, [])).find(({ name }) => name === 'ports')?.problems[0];
    expect(found?.message).toBe('10250/tcp is held by k3s-agent (pid 812).');
    expect(found?.remedy).toContain('k3s-uninstall.sh');
  });

  it('ports of a control plane matter only to a control plane', async () => {
    const spoil = (host: FakeHost): void => host.put('/proc/net/tcp', listening(6443));
    expect(await codes(setUp(spoil))).toEqual([]);
    expect(await codes(setUp(spoil, { controlPlane: true }))).toEqual(['PORT_IN_USE']);
  });

  it('the machine that initialises needs no API server yet', async () => {
    const target = aTarget({ role: MachineRole.CONTROL_PLANE });
    const init = { ...target, cluster: { ...aCluster(), bootstrap: Bootstrap.INIT } };
    expect(await codes(setUp((host) => host.reachable.clear(), { target: init, controlPlane: true }))).toEqual([]);
  });

  it('a check is skipped by its name only', async () => {
    const context = setUp(undefined, { facts: { ...facts, memoryBytes: 1e9 } });
    expect(await codes(context, ['memory'])).toEqual([]);
    expect(await codes(context, ['MEMORY_LOW', 'disk'])).toEqual(['MEMORY_LOW']);
  });

  it('cgroup v1 is a warning, not a failure', async () => {
    const results = await runChecks(setUp(undefined, { facts: { ...facts, cgroupVersion: 1 } }), []);
    expect(results.find(({ name }) => name === 'cgroup')).toMatchObject({
      state: 'warning',
      problems: [{ code: 'CGROUP_V1' }],
    });
  });

  it('a check that breaks is a failure, never a pass', async () => {
    const context = setUp((host) => {
      host.space = () => Promise.reject(new Error('EIO'));
    });
    expect(await codes(context)).toEqual(['CHECK_BROKEN']);
  });
});
