import { createHmac } from 'node:crypto';
import { MachineFacts, NetworkInterface } from '@flotilla/proto';
import { networkInterfaces, arch as osArch, cpus, hostname, release } from 'node:os';
import type { Host } from '../host/host.js';
import { parseMemory } from '../host/meminfo.js';
import type { HostFacts } from '../steps/step.js';

const architectures: Readonly<Record<string, 'amd64' | 'arm64'>> = { x64: 'amd64', arm64: 'arm64' };
/** Interfaces that others make and unmake all day. */
const passing = /^(lo|veth|cali|cni|flannel|docker|br-|virbr|kube-)/;

/** cgroup version as the kernel mounts it. */
export async function cgroupVersion(host: Host): Promise<0 | 1 | 2> {
  const mounts = (await host.read('/proc/self/mounts')) ?? '';
  if (/ \/sys\/fs\/cgroup cgroup2 /.test(mounts)) return 2;
  return / \/sys\/fs\/cgroup\/\S+ cgroup /.test(mounts) ? 1 : 0;
}

/** Facts that decide how steps act. `nodeAddress` comes from the link: the address the control plane is reached from. */
export async function readHostFacts(host: Host, nodeAddress: string): Promise<HostFacts> {
  return {
    arch: architectures[osArch()] ?? 'amd64',
    cpus: cpus().length,
    memoryBytes: parseMemory((await host.read('/proc/meminfo')) ?? '').totalBytes,
    cgroupVersion: await cgroupVersion(host),
    hostname: hostname(),
    kernel: release(),
    nodeAddress,
  };
}

/** The address others should use for this host: `preferred` unless it is a loopback, then the first global one. */
export function chooseNodeAddress(preferred: string | undefined): string {
  if (preferred !== undefined && preferred !== '' && !/^(127\.|::1$)/.test(preferred)) return preferred;
  const all = Object.entries(networkInterfaces()).flatMap(([name, entries]) =>
    passing.test(name) ? [] : (entries ?? []),
  );
  const outside = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  return (outside.find(({ family }) => family === 'IPv4') ?? outside[0])?.address ?? '127.0.0.1';
}

/** The network as it is now, without interfaces that come and go with pods. */
export function readInterfaces(): NetworkInterface[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !passing.test(name))
    .map(([name, entries]) =>
      NetworkInterface.create({
        name,
        mac: entries?.[0]?.mac ?? '',
        addresses: (entries ?? []).map(({ address }) => address),
      }),
    );
}

/** What can be told of a host in a millisecond. `withHardware` adds what takes longer. */
export async function readMachineFacts(host: Host, facts: HostFacts, agentVersion: string): Promise<MachineFacts> {
  const osRelease = (await host.read('/etc/os-release')) ?? (await host.read('/usr/lib/os-release')) ?? '';
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)`, 'm').exec(osRelease)?.[1] ?? '';
  const machineId = (await host.read('/etc/machine-id'))?.trim() ?? '';
  const space = await host.space('/var/lib');
  return MachineFacts.create({
    hostname: facts.hostname,
    // The machine id itself is a secret of the host (machine-id(5)); a keyed hash of it is not.
    machineIdHash:
      machineId === '' ? '' : createHmac('sha256', 'flotilla-machine-id-v1').update(machineId).digest('hex'),
    osId: value('ID'),
    osVersion: value('VERSION_ID'),
    osName: value('PRETTY_NAME'),
    kernel: facts.kernel,
    arch: facts.arch,
    cpus: facts.cpus,
    memoryBytes: BigInt(facts.memoryBytes),
    diskBytes: BigInt(space?.totalBytes ?? 0),
    diskFreeBytes: BigInt(space?.freeBytes ?? 0),
    interfaces: readInterfaces(),
    nodeAddress: facts.nodeAddress,
    cgroupVersion: facts.cgroupVersion,
    agentVersion,
  });
}
