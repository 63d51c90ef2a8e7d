import { accessSync, constants } from 'node:fs';

import { TestbedError, messageOf } from '../pure/errors.js';
import { canFreeze, hostTrees } from './cgroups.js';
import { exists, readText } from './files.js';
import { run, runOk } from './run.js';

/** Command -> Debian package that brings it. */
const COMMANDS: Readonly<Record<string, string>> = {
  'systemd-nspawn': 'systemd-container',
  debootstrap: 'debootstrap',
  nft: 'nftables',
  iptables: 'iptables',
  ip: 'iproute2',
  nsenter: 'util-linux',
  mount: 'mount',
  losetup: 'mount',
  'mkfs.ext4': 'e2fsprogs',
  tar: 'tar',
};

/** Kernel parts that Kubernetes servers use; a module cannot be loaded from inside a server as it has no right to the host's module files. */
const KERNEL_PARTS: Readonly<Record<string, string>> = {
  overlay: '/sys/module/overlay',
  br_netfilter: '/proc/sys/net/bridge',
  vxlan: '/sys/module/vxlan',
  loop: '/sys/module/loop',
};

export interface Prerequisites {
  readonly ok: boolean;
  /** One sentence for each thing that is in the way. */
  readonly reasons: readonly string[];
  /** What works, but not as on a full host. */
  readonly notes: readonly string[];
}

/**
 * Looks whether real servers can be booted here and installs missing host packages with apt-get.
 * Never throws for a host that cannot: callers skip and print the reasons.
 */
export async function ensurePrerequisites(log: (line: string) => void = () => undefined): Promise<Prerequisites> {
  if (process.platform !== 'linux')
    return { ok: false, reasons: [`this is ${process.platform}: systemd-nspawn needs Linux`], notes: [] };
  if (process.getuid?.() !== 0)
    return { ok: false, reasons: ['not root: run with sudo, booting servers needs it'], notes: [] };
  const reasons: string[] = [];
  const notes: string[] = [];
  try {
    await installMissing(log);
  } catch (error) {
    reasons.push(messageOf(error));
  }
  if (!canFreeze()) reasons.push('no cgroup hierarchy with a freezer is mounted at /sys/fs/cgroup');
  else if (!canWriteCgroups())
    reasons.push('/sys/fs/cgroup is read-only: this is a container without rights over its cgroups');
  if (!(readText('/proc/filesystems') ?? '').includes('\toverlay\n'))
    await loadPart('overlay', reasons, 'the kernel has no overlay file system');
  for (const part of ['br_netfilter', 'vxlan', 'loop']) await loadPart(part, notes, `the kernel has no ${part}`);
  return { ok: reasons.length === 0, reasons, notes };
}

/** {@link ensurePrerequisites}, but a host that cannot is an error. */
export async function requirePrerequisites(log: (line: string) => void): Promise<void> {
  const found = await ensurePrerequisites(log);
  for (const note of found.notes) log(`note: ${note}`);
  if (!found.ok)
    throw new TestbedError('HOST_UNFIT', `this host cannot boot test servers: ${found.reasons.join('; ')}`);
}

async function installMissing(log: (line: string) => void): Promise<void> {
  const missing = Object.keys(COMMANDS).filter((command) => !isInstalled(command));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((command) => COMMANDS[command] ?? command))].sort();
  if (!isInstalled('apt-get'))
    throw new TestbedError(
      'HOST_UNFIT',
      `missing: ${missing.join(', ')}; install ${packages.join(', ')} (no apt-get here)`,
    );
  log(`installing host packages: ${packages.join(', ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages];
  // Package lists may be missing or old; fetching them is only worth its time when the first try fails.
  if ((await run(install, { env })).code === 0) return;
  await runOk(['apt-get', 'update'], { env });
  await runOk(install, { env });
}

function isInstalled(command: string): boolean {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`;
  return path.split(':').some((dir) => exists(`${dir}/${command}`));
}

async function loadPart(part: string, problems: string[], problem: string): Promise<void> {
  const sign = KERNEL_PARTS[part] ?? `/sys/module/${part}`;
  if (exists(sign)) return;
  if (isInstalled('modprobe')) await run(['modprobe', part]);
  if (!exists(sign)) problems.push(problem);
}

function canWriteCgroups(): boolean {
  return hostTrees().every(({ dir }) => {
    try {
      accessSync(dir, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  });
}
