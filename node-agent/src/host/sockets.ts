import type { Host } from './host.js';
import { processName } from './processes.js';

export interface Listener {
  readonly port: number;
  readonly inode: string;
}

const listenState = '0A';

/** TCP ports something listens on, IPv4 and IPv6. */
export async function readListeners(host: Host): Promise<readonly Listener[]> {
  const texts = [await host.read('/proc/net/tcp'), await host.read('/proc/net/tcp6')];
  return texts.flatMap((text) => parseListeners(text ?? ''));
}

export function parseListeners(text: string): readonly Listener[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listenState)
    .map((fields) => ({ port: Number.parseInt((fields[1] ?? '').split(':')[1] ?? '0', 16), inode: fields[9] ?? '' }));
}

export interface Holder {
  readonly pid: number;
  readonly name: string;
}

/** The process that has the socket open; undefined when it is in another namespace or has just ended. */
export async function holderOf(host: Host, inode: string): Promise<Holder | undefined> {
  for (const entry of (await host.list('/proc')) ?? []) {
    if (!/^\d+$/.test(entry)) continue;
    const files = await host.list(`/proc/${entry}/fd`).catch(() => undefined);
    for (const file of files ?? []) {
      const target = await host.readLink(`/proc/${entry}/fd/${file}`).catch(() => undefined);
      if (target === `socket:[${inode}]`) return { pid: Number(entry), name: await processName(host, Number(entry)) };
    }
  }
  return undefined;
}
