import { FlotillaError } from '@flotilla/kit';
import type { Host } from './host.js';

const reserveBytes = 64 * 1024;

function reservePath(dir: string): string {
  return `${dir}/reserve`;
}

/** Puts space aside for a day on which the disk is full. Without effect on one that is full already. */
export async function keepReserve(host: Host, dir: string): Promise<void> {
  if ((await host.stat(reservePath(dir)))?.sizeBytes === reserveBytes) return;
  await host.writeAtomic(reservePath(dir), '0'.repeat(reserveBytes), 0o600).catch(() => undefined);
}

/**
 * Work that must not fail for want of a few kilobytes: on a full disk the reserve is given up for it and made again
 * afterwards, as soon as there is space. A machine whose certificate cannot be renewed would be lost.
 */
export async function withReserve<T>(host: Host, dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FlotillaError) || error.code !== 'DISK_FULL') throw error;
    if (!(await host.exists(reservePath(dir)))) throw error;
    await host.remove(reservePath(dir));
    const result = await work();
    await keepReserve(host, dir);
    return result;
  }
}
