/** MemTotal and MemAvailable in bytes, from /proc/meminfo. */
export function parseMemory(meminfo: string): { readonly totalBytes: number; readonly availableBytes: number } {
  const kib = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? '0');
  return { totalBytes: kib('MemTotal') * 1024, availableBytes: kib('MemAvailable') * 1024 };
}
