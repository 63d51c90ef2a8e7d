import { randomBytes } from 'node:crypto';
import { closeSync, openSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { type BedState, type ServerState } from '../pure/bed-state.js';
import { TestbedError } from '../pure/errors.js';
import { hostAddress } from '../pure/names.js';
import { mountsBelow, parseMounts } from '../pure/mount-table.js';
import { makeDir, readText, removeTree, writeText } from './files.js';
import type { ServerPaths } from './paths.js';
import { run, runOk } from './run.js';
import { waitFor } from './wait.js';

const MIB = 1024 * 1024;
const UNMOUNT_TIMEOUT_MS = 20_000;
const DISK_OPTIONS = 'loop,errors=remount-ro';
/** An overlay cannot carry another overlay, so these are directories of the disk itself. */
export const REAL_DIRECTORIES = ['/var/lib/containerd', '/var/lib/kubelet', '/var/lib/etcd'] as const;

/** Makes the disk of a new server, empty but for what an installer leaves: a name, an identity, an address. */
export async function makeDisk(bed: BedState, server: ServerState, paths: ServerPaths): Promise<void> {
  makeDir(paths.run);
  if (server.diskMiB !== null) {
    closeSync(openSync(paths.image, 'w', 0o600));
    truncateSync(paths.image, server.diskMiB * MIB);
    await runOk(['mkfs.ext4', '-q', '-m', '0', '-F', paths.image]);
  }
  await mountDisk(bed, server, paths);
  const files: Record<string, string> = {
    '/etc/hostname': `${server.name}\n`,
    '/etc/machine-id': `${randomBytes(16).toString('hex')}\n`,
    // Nothing listens there unless a test wants it; a look-up then fails at once, and not after a long wait.
    '/etc/resolv.conf': `nameserver ${hostAddress(bed.subnet)}\n`,
    '/etc/default/testbed-network': `ADDRESS=${server.address}/24\nGATEWAY=${hostAddress(bed.subnet)}\n`,
  };
  for (const [path, text] of Object.entries(files)) writeText(join(paths.root, path), text);
}

/** Mounts disk and root; what is already mounted stays. */
export async function mountDisk(bed: BedState, server: ServerState, paths: ServerPaths): Promise<void> {
  await shareMounts(dirname(paths.dir));
  makeDir(paths.disk);
  makeDir(paths.root);
  if (server.diskMiB !== null && !isMounted(paths.disk)) {
    // The loop device is dropped by the kernel together with the mount.
    await runOk(['mount', '-t', 'ext4', '-o', DISK_OPTIONS, paths.image, paths.disk]);
  }
  for (const dir of [paths.upper, paths.work, ...REAL_DIRECTORIES.map((path) => paths.data(path))]) makeDir(dir);
  if (!isMounted(paths.root)) {
    await runOk(['mount', '-t', 'overlay', 'overlay', '-o', overlayOptions(bed, paths), paths.root]);
  }
}

/**
 * Each server starts with a hidden copy of the host's mounts, the disks of the others among them. Below a shared mount an
 * unmount is one for the copies too: otherwise a disk that failed could not be let go while another server runs.
 */
async function shareMounts(dir: string): Promise<void> {
  makeDir(dir);
  // What is mounted there already would be hidden by it.
  if (hostMountsBelow(dir).length > 0) return;
  await runOk(['mount', '--bind', dir, dir]);
  await runOk(['mount', '--make-shared', dir]);
}

function overlayOptions(bed: BedState, paths: ServerPaths): string {
  return `lowerdir=${bed.baseDir},upperdir=${paths.upper},workdir=${paths.work}`;
}

/** The command before each boot: a disk that takes no more writes is checked and mounted anew. Empty = a shared disk. */
export function planDiskCheck(bed: BedState, server: ServerState, paths: ServerPaths): string[] {
  if (server.diskMiB === null) return [];
  return [paths.image, paths.disk, paths.root, DISK_OPTIONS, overlayOptions(bed, paths)];
}

function isMounted(dir: string): boolean {
  return hostMountsBelow(dir).some(({ target }) => target === dir);
}

export function hostMountsBelow(dir: string): ReturnType<typeof mountsBelow> {
  return mountsBelow(parseMounts(readText('/proc/self/mounts') ?? ''), dir);
}

/**
 * Unmounts everything at or below a directory and then removes it.
 * @throws TestbedError BUSY, with nothing removed, when a mount would not go
 */
export async function removeMountedTree(dir: string): Promise<void> {
  let said = '';
  await waitFor(`unmounting ${dir}`, UNMOUNT_TIMEOUT_MS, async () => {
    for (const { target } of hostMountsBelow(dir)) said = (await run(['umount', target])).stderr.trim();
    return hostMountsBelow(dir).length === 0;
  }).catch(() => {
    throw new TestbedError(
      'BUSY',
      `cannot unmount ${dir}: ${said}`,
      'Close whatever still works in it, then take the bed down again.',
    );
  });
  removeTree(dir);
}

/** Loop devices whose file lies below a directory, as /dev/loopN. */
export async function loopDevicesBelow(dir: string): Promise<string[]> {
  const list = await runOk(['losetup', '--list', '--noheadings', '--raw', '--output', 'NAME,BACK-FILE']);
  return list.split('\n').flatMap((line) => {
    const [device = '', file = ''] = line.split(' ');
    return file.startsWith(`${dir}/`) ? [device] : [];
  });
}
