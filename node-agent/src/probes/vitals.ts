import type { Host } from '../host/host.js';
import { parseMemory } from '../host/meminfo.js';

export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** The first line of /proc/stat, in ticks. */
export function parseCpu(stat: string): CpuTimes {
  const ticks = (/^cpu\s+(.*)$/m.exec(stat)?.[1] ?? '').split(/\s+/).map(Number);
  const total = ticks.slice(0, 8).reduce((sum, value) => sum + value, 0);
  return { total, busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}

/**
 * Reads the numbers of a heartbeat: four small files of /proc, which are memory. The disk is another matter: it is
 * measured beside the heartbeat, so that one that hangs does not silence this machine.
 */
export class VitalsReader {
  #before: CpuTimes | undefined;
  #diskFreeBytes: number | undefined;
  #measuring: Promise<void> | undefined;

  constructor(private readonly host: Host) {}

  async read(): Promise<{
    readonly load1m: number;
    readonly cpuBusyRatio: number;
    readonly memoryAvailableBytes: number;
    readonly diskFreeBytes: number;
    readonly uptimeSeconds: number;
  }> {
    const read = async (path: string): Promise<string> => (await this.host.read(path)) ?? '';
    this.#measuring ??= this.#measure();
    const cpu = parseCpu(await read('/proc/stat'));
    const elapsed = cpu.total - (this.#before?.total ?? 0);
    const busy = cpu.busy - (this.#before?.busy ?? 0);
    this.#before = cpu;
    return {
      load1m: Number((await read('/proc/loadavg')).split(' ')[0] ?? '0') || 0,
      cpuBusyRatio: elapsed > 0 ? Math.min(1, Math.max(0, busy / elapsed)) : 0,
      memoryAvailableBytes: parseMemory(await read('/proc/meminfo')).availableBytes,
      diskFreeBytes: this.#diskFreeBytes ?? 0,
      uptimeSeconds: Math.floor(Number((await read('/proc/uptime')).split(' ')[0] ?? '0')) || 0,
    };
  }
  async #measure(): Promise<void> {
    try {
      this.#diskFreeBytes = (await this.host.space('/var/lib'))?.freeBytes;
    } catch {
      // The disk probe tells what is wrong with it; here the last number stands.
    } finally {
      this.#measuring = undefined;
    }
  }
}
