import { readFileSync } from 'node:fs';

/** What a process takes, as the kernel counts it. */
export interface ProcessCost {
  readonly rssBytes: number;
  /** Highest RSS so far. */
  readonly peakBytes: number;
  /** Pages that no other process shares. */
  readonly privateBytes: number;
  readonly anonymousBytes: number;
  readonly cpuMs: number;
  readonly threads: number;
}

/** USER_HZ of Linux on every architecture we run on. */
const msPerTick = 10;

export function readProcessCost(pid: number): ProcessCost {
  const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  return parseProcessCost(read('status'), read('smaps_rollup'), read('stat'));
}

export function parseProcessCost(status: string, rollup: string, stat: string): ProcessCost {
  const kib = (text: string, key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024;
  // The command stands in brackets and may hold blanks; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    rssBytes: kib(status, 'VmRSS'),
    peakBytes: kib(status, 'VmHWM'),
    privateBytes: kib(rollup, 'Private_Clean') + kib(rollup, 'Private_Dirty'),
    anonymousBytes: kib(rollup, 'Anonymous'),
    cpuMs: (Number(fields[11]) + Number(fields[12])) * msPerTick,
    threads: Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1] ?? Number.NaN),
  };
}
