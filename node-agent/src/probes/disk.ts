import { formatBytes } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import { paths } from '../host/paths.js';
import { isFalse, isTrue, isUnknown, type HostProbe } from './probe.js';

/** Where the kubelet itself begins to evict (nodefs.available, nodefs.inodesFree). */
const freeRatioMin = 0.1;
const inodeRatioMin = 0.05;
const places = ['/var/lib', paths.kubelet, paths.containerd] as const;

interface Place {
  readonly path: string;
  readonly free: number;
  readonly total: number;
}

/** The fullest file system of those that matter; undefined when none could be measured. */
async function fullest(host: Host, of: 'bytes' | 'inodes'): Promise<Place | undefined> {
  let worst: Place | undefined;
  for (const path of places) {
    const space = await host.space(path);
    if (space === undefined) continue;
    const [free, total] = of === 'bytes' ? [space.freeBytes, space.totalBytes] : [space.freeInodes, space.totalInodes];
    if (total > 0 && (worst === undefined || free / total < worst.free / worst.total)) worst = { path, free, total };
  }
  return worst;
}

export const diskPressure: HostProbe = {
  type: 'DiskPressure',
  everyMs: 10_000,
  deadlineMs: 5_000,
  async read({ host }) {
    const worst = await fullest(host, 'bytes');
    if (worst === undefined) return isUnknown('Unmeasured', '/var/lib could not be measured');
    const message = `${formatBytes(worst.free)} of ${formatBytes(worst.total)} are free in ${worst.path}`;
    return worst.free < worst.total * freeRatioMin ? isTrue('LittleFree', message) : isFalse('EnoughFree', message);
  },
};

export const inodePressure: HostProbe = {
  type: 'InodePressure',
  everyMs: 60_000,
  deadlineMs: 5_000,
  async read({ host }) {
    const worst = await fullest(host, 'inodes');
    if (worst === undefined) return isFalse('NotCounted', 'the file systems of /var/lib make inodes as needed');
    const message = `${worst.free} of ${worst.total} inodes are free in ${worst.path}`;
    return worst.free < worst.total * inodeRatioMin ? isTrue('LittleFree', message) : isFalse('EnoughFree', message);
  },
};
