import type { FakeHost } from '@flotilla/node-agent/testing';
import { FlotillaError } from '@flotilla/kit';
import type { Chaos } from './chaos.js';

export const journalPath = '/var/lib/flotilla-agent/journal.jsonl';
export const targetPath = '/var/lib/flotilla-agent/target.json';

/** As what a kubelet registers, from the target that its agent holds. */
export interface Registration {
  readonly nodeName: string;
  readonly providerId: string;
  readonly labels: Record<string, string>;
  readonly endpoint: string;
}

export function heldTarget(host: FakeHost): (Registration & { readonly role: string }) | undefined {
  const text = host.content(targetPath);
  if (text === undefined) return undefined;
  const target = JSON.parse(text) as {
    role?: string;
    nodeName?: string;
    providerId?: string;
    labels?: Record<string, string>;
    cluster?: { endpoint?: string };
  }; // written by the agent
  return {
    role: target.role ?? '',
    nodeName: target.nodeName ?? '',
    providerId: target.providerId ?? '',
    labels: target.labels ?? {},
    endpoint: target.cluster?.endpoint ?? '',
  };
}

export interface DiskWorld {
  readonly chaos: Chaos;
  /** What the kernel answers to writes. */
  state(): 'ok' | 'full' | 'read-only';
  /** The agent's process ends here. */
  crash(where: string): never;
  onJournalLine(line: string): void;
  onTargetFile(text: string): void;
}

/** Appends and replacements of files go wrong in the ways of disks and of processes that die. */
export function faultyDisk(disk: FakeHost, world: DiskWorld): void {
  const { chaos } = world;
  const append = disk.append.bind(disk);
  const writeAtomic = disk.writeAtomic.bind(disk);
  disk.onWrite = (path) => {
    const state = world.state();
    if (state === 'ok' || path.startsWith('/proc') || path.startsWith('/run')) return;
    const [code, text] = state === 'full' ? ['DISK_FULL', 'ENOSPC'] : ['FILESYSTEM_READ_ONLY', 'EROFS'];
    throw new FlotillaError(code, `cannot write ${path}: ${text}`, { kind: 'exhausted', retry: 'later' });
  };
  /** Nothing of the line, a part of it, or all of it is on disk, and the process is gone. */
  const tornAppend = async (path: string, content: string, mode: number): Promise<void> => {
    const share = Math.floor(chaos.random.fraction() * 3) / 2;
    const part = content.slice(0, Math.floor(content.length * share));
    if (part !== '') await append(path, part, mode);
    if (part === content) world.onJournalLine(content);
    world.crash('inside a journal line');
  };
  disk.append = async (path, content, mode) => {
    if (path === journalPath && chaos.strikes('agentCrash')) await tornAppend(path, content, mode);
    await append(path, content, mode);
    if (path === journalPath) world.onJournalLine(content);
    if (path === journalPath && chaos.strikes('agentCrash')) world.crash('after a journal line');
  };
  disk.writeAtomic = async (path, content, mode) => {
    if (path === targetPath && chaos.strikes('agentCrash')) world.crash('before a target was saved');
    await writeAtomic(path, content, mode);
    if (path === targetPath) world.onTargetFile(content);
    if (path === targetPath && chaos.strikes('agentCrash')) world.crash('after a target was saved');
  };
}
