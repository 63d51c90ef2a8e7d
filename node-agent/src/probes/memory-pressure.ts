import { formatBytes } from '@flotilla/kit';
import { parseMemory } from '../host/meminfo.js';
import { isFalse, isTrue, isUnknown, type HostProbe } from './probe.js';

/** Where the kubelet itself begins to evict. */
const availableBytesMin = 100 * 1024 * 1024;
/** Share of a minute in which nothing could run because everything waited for memory. */
const stalledPercentMax = 20;

/** `full avg60` of /proc/pressure/memory, in percent; undefined where the kernel does not count it. */
export function fullStallPercent(pressure: string): number | undefined {
  const value = /^full .*\bavg60=(\d+(?:\.\d+)?)/m.exec(pressure)?.[1];
  return value === undefined ? undefined : Number(value);
}

export const memoryPressure: HostProbe = {
  type: 'MemoryPressure',
  everyMs: 10_000,
  deadlineMs: 2_000,
  async read({ host }) {
    const meminfo = await host.read('/proc/meminfo');
    if (meminfo === undefined) return isUnknown('Unmeasured', '/proc/meminfo could not be read');
    const { availableBytes } = parseMemory(meminfo);
    const stalled = fullStallPercent((await host.read('/proc/pressure/memory').catch(() => undefined)) ?? '');
    const waits = stalled === undefined ? '' : `; ${stalled} % of the last minute were lost waiting for it`;
    const message = `${formatBytes(availableBytes)} of memory are available${waits}`;
    if (availableBytes < availableBytesMin) return isTrue('LittleAvailable', message);
    if (stalled !== undefined && stalled > stalledPercentMax) return isTrue('Stalled', message);
    return isFalse('EnoughAvailable', message);
  },
};
