import { ConditionStatus, Probe } from '@flotilla/proto';
import { formatBytes, formatDuration } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import { readMounts } from '../host/mounts.js';
import { kubeletHealthy } from '../host/kubelet.js';
import { parseMemory } from '../host/meminfo.js';
import { paths } from '../host/paths.js';

const diskPressureRatio = 0.1;
const memoryPressureBytes = 100 * 1024 * 1024;
const skewMsMax = 5 * 60_000;

export interface ProbeInput {
  readonly host: Host;
  /** Whether a kubelet and a runtime should be running here. */
  readonly joined: boolean;
  readonly clockSkewMs: number | undefined;
  /** Further findings of the agent itself. */
  readonly extra: readonly Probe[];
}

function probe(type: string, status: ConditionStatus, reason: string, message: string): Probe {
  return Probe.create({ type, status, reason, message });
}

const yes = ConditionStatus.TRUE;
const no = ConditionStatus.FALSE;

/** Every probe of this host; cheap enough for each heartbeat: two loopback questions and three small files. */
export async function readProbes(input: ProbeInput): Promise<readonly Probe[]> {
  const { host, joined } = input;
  const found = [await disk(host), await readOnly(host), await memory(host), clock(input.clockSkewMs), ...input.extra];
  if (!joined) return found;
  const kubelet = await kubeletHealthy(host);
  const runtime = await host.exists(paths.containerdSocket);
  return [
    kubelet
      ? probe('KubeletHealthy', yes, 'Healthy', 'the kubelet answers its health check')
      : probe('KubeletHealthy', no, 'NoAnswer', 'the kubelet does not answer on 127.0.0.1:10248'),
    runtime
      ? probe('ContainerRuntimeHealthy', yes, 'Healthy', 'containerd has its socket open')
      : probe('ContainerRuntimeHealthy', no, 'SocketMissing', `${paths.containerdSocket} is not there`),
    ...found,
  ];
}

async function disk(host: Host): Promise<Probe> {
  const space = await host.space('/var/lib');
  if (space === undefined)
    return probe('DiskPressure', ConditionStatus.UNKNOWN, 'Unmeasured', '/var/lib could not be measured');
  const low = space.freeBytes < space.totalBytes * diskPressureRatio;
  const message = `${formatBytes(space.freeBytes)} of ${formatBytes(space.totalBytes)} are free in /var/lib`;
  return low ? probe('DiskPressure', yes, 'LittleFree', message) : probe('DiskPressure', no, 'EnoughFree', message);
}

async function readOnly(host: Host): Promise<Probe> {
  const mounts = await readMounts(host);
  const of = (path: string): boolean => mounts.filter((mount) => mount.path === path).pop()?.readOnly === true;
  const stuck = ['/', '/var', '/var/lib'].filter(of);
  return stuck.length === 0
    ? probe('ReadonlyFilesystem', no, 'Writable', 'the file systems are writable')
    : probe('ReadonlyFilesystem', yes, 'MountedReadOnly', `${stuck.join(', ')} is mounted read-only`);
}

async function memory(host: Host): Promise<Probe> {
  const { availableBytes } = parseMemory((await host.read('/proc/meminfo')) ?? '');
  const message = `${formatBytes(availableBytes)} of memory are available`;
  return availableBytes < memoryPressureBytes
    ? probe('MemoryPressure', yes, 'LittleAvailable', message)
    : probe('MemoryPressure', no, 'EnoughAvailable', message);
}

function clock(skewMs: number | undefined): Probe {
  if (skewMs === undefined)
    return probe('ClockSkew', ConditionStatus.UNKNOWN, 'Unmeasured', 'the server was not heard yet');
  const message = `this clock is ${formatDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the control plane's`;
  return Math.abs(skewMs) > skewMsMax
    ? probe('ClockSkew', yes, 'Skewed', message)
    : probe('ClockSkew', no, 'InStep', message);
}
