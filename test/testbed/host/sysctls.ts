import { lstatSync } from 'node:fs';
import { join } from 'node:path';

import { listNames, readText, removeTree, writeKernelFile, writeText } from './files.js';

/** Gone after a reboot of the host, as the values are. */
const BASELINE = '/run/flotilla-testbed/host-sysctls.json';
const SHARED_TREES = ['kernel', 'vm', 'fs'];
const SHARED_KEYS = ['net/ipv4/ip_forward'];
/** Counters, name spaces of their own, and mounts: not settings. */
const NOT_SETTINGS = [
  /^kernel\/(random|pty|ns_last_pid|cad_pid|hostname|domainname|sched_domain|sem|shm|msg|auto_msgmni|tainted|firmware_config|usermodehelper|acct)/,
  /^vm\/(stat_refresh|compact_memory|drop_caches|numa_stat)/,
  /^fs\/(binfmt_misc|mqueue|quota|file-nr|dentry|inode|aio-nr|xfs)/,
];
const SERVERS_MIN_INOTIFY_INSTANCES = 8192;
const SERVERS_MIN_INOTIFY_WATCHES = 524_288;

/**
 * Remembers the host's settings once, before the first bed: servers share kernel, vm and fs settings with the host
 * (systemd and kubelet write them at start). Then raises the inotify limits, which all servers together use up.
 */
export function rememberAndRaise(): void {
  if (readText(BASELINE) === null) writeText(BASELINE, `${JSON.stringify(readSettings(), null, 1)}\n`, 0o600);
  raise('fs/inotify/max_user_instances', SERVERS_MIN_INOTIFY_INSTANCES);
  raise('fs/inotify/max_user_watches', SERVERS_MIN_INOTIFY_WATCHES);
}

/** Puts every setting back that differs from before the first bed; gives the ones that would not go back. */
export function restoreSettings(): string[] {
  const text = readText(BASELINE);
  const failed: string[] = [];
  const before: unknown = text === null ? {} : JSON.parse(text);
  for (const [key, value] of Object.entries(before ?? {})) {
    const path = join('/proc/sys', key);
    if (typeof value !== 'string' || readSetting(path) === value) continue;
    try {
      writeKernelFile(path, value);
    } catch {
      failed.push(key.replaceAll('/', '.'));
    }
  }
  removeTree(BASELINE);
  return failed;
}

function raise(key: string, atLeast: number): void {
  const path = join('/proc/sys', key);
  if (Number(readText(path)) < atLeast) writeKernelFile(path, String(atLeast));
}

function readSettings(): Record<string, string> {
  const settings: Record<string, string> = {};
  const visit = (key: string): void => {
    if (NOT_SETTINGS.some((pattern) => pattern.test(key))) return;
    const path = join('/proc/sys', key);
    const stat = lstatSync(path);
    if (stat.isDirectory()) for (const name of listNames(path)) visit(`${key}/${name}`);
    else if ((stat.mode & 0o200) !== 0) {
      const value = readSetting(path);
      if (value !== null) settings[key] = value;
    }
  };
  for (const key of [...SHARED_TREES, ...SHARED_KEYS]) visit(key);
  return settings;
}

/** null for settings that can only be written. */
function readSetting(path: string): string | null {
  try {
    return readText(path);
  } catch {
    return null;
  }
}
