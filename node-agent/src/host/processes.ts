import type { Host } from './host.js';

export interface ProcessInfo {
  readonly pid: number;
  /** Path of the running program; empty for kernel threads. */
  readonly executable: string;
}

/** All processes, from /proc. One that ends meanwhile is left out. */
export async function listProcesses(host: Host): Promise<readonly ProcessInfo[]> {
  const found: ProcessInfo[] = [];
  for (const entry of (await host.list('/proc')) ?? []) {
    if (!/^\d+$/.test(entry)) continue;
    const executable = await host.readLink(`/proc/${entry}/exe`).catch(() => undefined);
    if (executable === undefined) continue;
    // The kernel marks a program whose file was replaced or removed.
    found.push({ pid: Number(entry), executable: executable.replace(/ \(deleted\)$/, '') });
  }
  return found;
}

/** Command name as people know it, for messages. */
export async function processName(host: Host, pid: number): Promise<string> {
  return ((await host.read(`/proc/${pid}/comm`).catch(() => undefined)) ?? 'unknown').trim();
}
