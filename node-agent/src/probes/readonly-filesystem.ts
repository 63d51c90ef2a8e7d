import { FlotillaError } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import { readMounts } from '../host/mounts.js';
import { paths } from '../host/paths.js';
import { isFalse, isTrue, type Finding, type HostProbe } from './probe.js';

/** Name of the file that is written, synced and removed; small enough for any disk. */
const fileName = '.flotilla-write-probe';

/** A write that reaches the disk is the only proof that one can. A full disk is another probe's business. */
export const readonlyFilesystem: HostProbe = {
  type: 'ReadonlyFilesystem',
  everyMs: 30_000,
  deadlineMs: 20_000,
  late: isTrue('WriteHangs', 'a small write to /var/lib does not reach the disk'),
  async read({ host, stateDir, nodeName }) {
    const stuck = await readOnlyMounts(host);
    if (stuck.length > 0) return isTrue('MountedReadOnly', `${stuck.join(', ')} is mounted read-only`);
    const places = nodeName === undefined ? [stateDir] : [stateDir, paths.kubelet];
    for (const place of places) {
      const found = await write(host, place);
      if (found !== undefined) return found;
    }
    return isFalse('Writable', 'a small file was written, synced and removed');
  },
};

async function readOnlyMounts(host: Host): Promise<readonly string[]> {
  const mounts = await readMounts(host);
  const readOnly = (path: string): boolean => mounts.filter((mount) => mount.path === path).pop()?.readOnly === true;
  return ['/', '/var', '/var/lib'].filter(readOnly);
}

async function write(host: Host, dir: string): Promise<Finding | undefined> {
  const path = `${dir}/${fileName}`;
  try {
    if ((await host.stat(dir))?.kind !== 'directory') return undefined;
    await host.writeAtomic(path, 'x', 0o600);
    await host.remove(path);
    return undefined;
  } catch (error) {
    if (!(error instanceof FlotillaError)) throw error;
    if (error.code === 'DISK_FULL') return undefined;
    if (error.code === 'FILESYSTEM_READ_ONLY') return isTrue('MountedReadOnly', error.message);
    return isTrue('WriteFails', error.message);
  }
}
