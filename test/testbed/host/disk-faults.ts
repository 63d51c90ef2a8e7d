import { closeSync, openSync, statfsSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';

import { TestbedError } from '../pure/errors.js';
import { parseMounts } from '../pure/mount-table.js';
import { exists, listNames, readText, removeTree, writeKernelFile } from './files.js';
import type { ServerPaths } from './paths.js';
import { runOk } from './run.js';

const MIB = 1024 * 1024;
/** The last of it is taken by writing: what an allocation in one piece leaves over. */
const REST_MIB = 64;

/** Files that take the space; on the server's own disk, where the server cannot see them. */
function ballast(paths: ServerPaths): string[] {
  return listNames(paths.disk)
    .filter((name) => name.startsWith('ballast-'))
    .map((name) => join(paths.disk, name));
}

/** Takes all free space of the server's disk but `leaveMiB`; a second call takes what has become free since. */
export async function fillDisk(server: string, paths: ServerPaths, leaveMiB: number): Promise<void> {
  requireOwnDisk(server, paths);
  const file = join(paths.disk, `ballast-${String(ballast(paths).length)}`);
  const freeMiB = (): number => {
    const { bavail, bsize } = statfsSync(paths.disk);
    return Math.floor((bavail * bsize) / MIB);
  };
  const takeMiB = freeMiB() - leaveMiB - REST_MIB;
  if (takeMiB > 0) await runOk(['fallocate', '-l', `${String(takeMiB)}MiB`, file]);
  const handle = openSync(file, 'a');
  try {
    const block = Buffer.alloc(MIB);
    while (leaveMiB === 0 || freeMiB() > leaveMiB) writeSync(handle, block);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(handle);
  }
}

export function emptyDisk(paths: ServerPaths): void {
  for (const file of ballast(paths)) removeTree(file);
}

/** The kernel's own switch for tests: an error of this file system, answered as its mount option says. */
export function failDisk(server: string, paths: ServerPaths): void {
  requireOwnDisk(server, paths);
  const mounts = parseMounts(readText('/proc/self/mounts') ?? '');
  const device = mounts.find(({ target }) => target === paths.disk)?.source ?? '';
  const trigger = `/sys/fs/ext4/${basename(device)}/trigger_fs_error`;
  if (!exists(trigger)) throw new TestbedError('NO_TRIGGER', `the kernel has no ${trigger}`);
  writeKernelFile(trigger, '1');
}

function requireOwnDisk(server: string, paths: ServerPaths): void {
  if (exists(paths.image)) return;
  throw new TestbedError(
    'SHARED_DISK',
    `${server} shares the disk of this host: filling or failing it would be felt everywhere`,
    'Make the server with a disk of its own (--disk MIB).',
  );
}
