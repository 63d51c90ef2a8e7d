import { FlotillaError } from '@flotilla/kit';
import { ConditionStatus } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { agentCrashLoop, noteStart } from './agent-crash-loop.js';
import { dnsHealthy } from './dns-healthy.js';
import { aProbeWorld } from './fake-probe-context.js';
import { kernelProblem } from './kernel-problem.js';
import { isFalse, isTrue } from './probe.js';
import { rebootRequired } from './reboot-required.js';

const stateDir = '/var/lib/flotilla-agent';

describe('KernelProblem', () => {
  const log = (host: ReturnType<typeof aProbeWorld>['host'], text: string, atMs = 10_000_000) =>
    host.kernelRecords.push({ sequence: host.kernelRecords.length, atMs, text });

  it.each([
    ['EXT4-fs (sda1): Remounting filesystem read-only', 'FilesystemRemounted'],
    ['I/O error, dev sdb, sector 8 op 0x0:(READ)', 'IoError'],
    ['INFO: task kworker/0:1:12 blocked for more than 120 seconds.', 'TaskHung'],
    ['Out of memory: Killed process 812 (kubelet) total-vm:1kB', 'SystemOutOfMemory'],
  ])('%s is %s', async (text, reason) => {
    const { host, context } = aProbeWorld();
    const probe = kernelProblem();
    log(host, text);
    expect(await probe.read(context())).toMatchObject({ status: ConditionStatus.TRUE, reason });
  });

  it.each([
    'Memory cgroup out of memory: Killed process 9 (kubelet)',
    'Out of memory: Killed process 9 (java) total-vm:1kB',
    'eth0: link becomes ready',
  ])('%s is no problem of this node', async (text) => {
    const { host, context } = aProbeWorld();
    log(host, text);
    expect(await kernelProblem().read(context())).toMatchObject({ status: ConditionStatus.FALSE });
  });

  it('ends when the matching probe works again, never by silence alone', async () => {
    const { host, clock, said, context } = aProbeWorld();
    const probe = kernelProblem();
    log(host, 'I/O error, dev sdb, sector 8');
    const status = async () => (await probe.read(context()))?.status;
    expect(await status()).toBe(ConditionStatus.TRUE);
    // An old success, however much time passes, clears nothing.
    said.set('ReadonlyFilesystem', { finding: isFalse('Writable', ''), atMs: clock.now().monotonicMs });
    await clock.advance(3_600_000);
    expect(await status()).toBe(ConditionStatus.TRUE);
    said.set('ReadonlyFilesystem', { finding: isTrue('WriteFails', ''), atMs: clock.now().monotonicMs });
    expect(await status()).toBe(ConditionStatus.TRUE);
    said.set('ReadonlyFilesystem', { finding: isFalse('Writable', ''), atMs: clock.now().monotonicMs });
    expect(await status()).toBe(ConditionStatus.FALSE);
  });

  it('what happened hours before this process began is history', async () => {
    const { host, context } = aProbeWorld();
    log(host, 'I/O error, dev sdb, sector 8', 9_000_000);
    expect(await kernelProblem().read(context())).toMatchObject({ reason: 'Quiet' });
  });
});

describe('AgentCrashLoop', () => {
  it('fault 15: five starts in ten minutes are a loop; ten quiet minutes end it; a reboot is none', async () => {
    const { host, clock, context } = aProbeWorld();
    const reason = async (bootId = 'boot-1') => (await agentCrashLoop.read(context({ bootId })))?.reason;
    for (let start = 0; start < 5; start++) {
      expect(await reason()).toBe('Steady');
      await noteStart({ host, clock }, stateDir, 'boot-1');
    }
    expect(await reason()).toBe('RestartsOften');
    expect(await reason('boot-2')).toBe('Steady');
    host.put('/proc/uptime', '10601.00 1.00\n');
    expect(await reason()).toBe('Steady');
  });

  it('fault 20: a start is never kept from by a disk that cannot be written', async () => {
    const { host, clock } = aProbeWorld();
    host.onWrite = () => {
      throw new FlotillaError('FILESYSTEM_READ_ONLY', 'EROFS');
    };
    await expect(noteStart({ host, clock }, stateDir, 'boot-1')).resolves.toBeUndefined();
  });
});

describe('DnsHealthy and RebootRequired', () => {
  it('asks the cluster’s own DNS for the name every cluster has', async () => {
    const { host, context } = aProbeWorld();
    expect(await dnsHealthy.read(context())).toMatchObject({ status: ConditionStatus.FALSE, reason: 'NoAnswer' });
    host.names.set('kubernetes.default.svc.demo.local', ['10.96.0.1']);
    expect(await dnsHealthy.read(context())).toMatchObject({ status: ConditionStatus.TRUE });
    expect(await dnsHealthy.read(context({ nodeName: undefined }))).toBeUndefined();
  });

  it('tells which packages want a reboot', async () => {
    const { host, context } = aProbeWorld();
    expect(await rebootRequired.read(context())).toMatchObject({ status: ConditionStatus.FALSE });
    host.put('/var/run/reboot-required', '');
    host.put('/var/run/reboot-required.pkgs', 'linux-image-6.1\nlibc6\nlibc6\n');
    expect((await rebootRequired.read(context()))?.message).toContain('for linux-image-6.1, libc6');
  });
});
