import { FlotillaError, toFlotillaError, unreachable } from '@flotilla/kit';
import { sysctlPath, type Change, type ChangeLog } from './changes.js';
import type { Host } from './host.js';
import { mountsBelow } from './mounts.js';
import { readUnit, systemctl } from './units.js';

/**
 * Takes back one change. Doing it twice is harmless, so a crash between undoing and noting it costs nothing.
 * What a person changed after us (another sysctl value, an edited hosts file) stays as they left it.
 */
export async function undoChange(host: Host, change: Change): Promise<void> {
  switch (change.type) {
    case 'file':
      return undoFile(host, change);
    case 'symlink':
      if (change.previousTarget !== null) return host.symlink(change.path, change.previousTarget);
      if ((await host.stat(change.path))?.kind === 'symlink') await host.remove(change.path);
      return;
    case 'dir':
      return undoDir(host, change);
    case 'empty-dir':
      await host.removeEmptyDir(change.path);
      return;
    case 'nft-table':
      return undoTable(host, change);
    case 'sysctl': {
      const current = (await host.read(sysctlPath(change.key)))?.trim();
      // Ours, or set by others as foreseen; what a person set since then stays.
      const foreseen = change.value === undefined || current === change.value;
      if (current === undefined || current === change.previous || !foreseen) return;
      return host.writeDirect(sysctlPath(change.key), change.previous);
    }
    case 'module':
      // In use by others, built in, or gone: all fine. A module that stays is harmless and goes with the next boot.
      await host.run(['modprobe', '-r', change.name], { timeoutMs: 30_000 });
      return;
    case 'unit':
      return undoUnit(host, change);
    case 'hosts-line': {
      const hosts = (await host.read('/etc/hosts')) ?? '';
      const kept = hosts.split('\n').filter((line) => line !== change.line);
      const mode = (await host.stat('/etc/hosts'))?.mode ?? 0o644;
      if (kept.join('\n') !== hosts) await host.writeAtomic('/etc/hosts', kept.join('\n'), mode);
      return;
    }
    default:
      return unreachable(change);
  }
}

async function undoFile(host: Host, change: Extract<Change, { type: 'file' }>): Promise<void> {
  if (change.previous === null) return host.remove(change.path);
  const before = await host.read(change.previous.backup);
  // Noted as undone after this; a backup that is gone means an earlier run was cut between the two.
  if (before === undefined) return;
  await host.writeAtomic(change.path, before, change.previous.mode);
  await host.remove(change.previous.backup);
}

/** Takes back one file of ours alone, before everything else. */
export async function undoOwnFile(host: Host, log: ChangeLog, path: string): Promise<void> {
  for (const { id, change } of log.standing()) {
    if (change.type !== 'file' || change.path !== path) continue;
    await undoFile(host, change);
    await log.undone(id);
  }
}

async function undoDir(host: Host, change: Extract<Change, { type: 'dir' }>): Promise<void> {
  const entries = await host.list(change.path);
  if (entries === undefined) return;
  const [mount] = await mountsBelow(host, change.path);
  if (mount !== undefined) {
    throw new FlotillaError('STILL_MOUNTED', `${mount.path} is still mounted (${mount.type})`, {
      kind: 'unavailable',
      remedy: `Find what uses it (fuser -vm ${mount.path}), end it, and run flotilla-agent leave again.`,
    });
  }
  for (const entry of entries) {
    if (!change.keep.includes(entry)) await host.remove(`${change.path}/${entry}`);
  }
  if (!change.existed) await host.removeEmptyDir(change.path);
  else if ((await host.stat(change.path))?.mode !== change.mode) await host.chmod(change.path, change.mode);
}

/** iptables makes its tables on first use; one that was not there and holds no rule (again) is taken away. */
async function undoTable(host: Host, { family, name }: Extract<Change, { type: 'nft-table' }>): Promise<void> {
  const listed = await host.run(['nft', 'list', 'table', family, name], { timeoutMs: 30_000 });
  if (listed.exitCode !== 0 || !isEmptyTable(listed.stdout)) return;
  await host.run(['nft', 'delete', 'table', family, name], { timeoutMs: 30_000 });
}

/** Nothing but the table, its base chains and their hooks. */
export function isEmptyTable(listing: string): boolean {
  const lines = listing.split('\n').map((line) => line.trim());
  return lines.every(
    (line) =>
      line === '' ||
      line === '}' ||
      /^table |^chain (INPUT|OUTPUT|FORWARD|PREROUTING|POSTROUTING) \{$|^type \S+ hook /.test(line) ||
      line.startsWith('#'),
  );
}

async function undoUnit(host: Host, change: Extract<Change, { type: 'unit' }>): Promise<void> {
  const now = await readUnit(host, change.unit);
  if (!change.wasActive && now.active) await systemctl(host, 'stop', change.unit);
  if (!change.wasEnabled && now.enabled) await systemctl(host, 'disable', change.unit);
}

/** A change that could not be taken back, and why. */
export interface NotUndone {
  readonly change: Change;
  readonly error: FlotillaError;
}

/**
 * Takes back everything that stands, newest first. One that fails does not keep the others from being undone; it stays
 * in the log and is told.
 */
export async function undoAll(
  host: Host,
  log: ChangeLog,
  onEach: (change: Change) => void,
): Promise<readonly NotUndone[]> {
  const failed: NotUndone[] = [];
  for (const { id, change } of [...log.standing()].reverse()) {
    onEach(change);
    try {
      await undoChange(host, change);
      await expectGone(host, change);
    } catch (error) {
      failed.push({ change, error: toFlotillaError(error) });
      continue;
    }
    await log.undone(id);
  }
  return failed;
}

async function expectGone(host: Host, change: Change): Promise<void> {
  const left = await remains(host, change);
  if (left === undefined) return;
  throw new FlotillaError('NOT_UNDONE', `${left} is still there`, {
    kind: 'unavailable',
    remedy: 'Find what holds it, and run flotilla-agent leave again.',
  });
}

/** Whether the host still shows the change: what the proof of a clean machine looks at. */
export async function remains(host: Host, change: Change): Promise<string | undefined> {
  switch (change.type) {
    case 'file':
      return change.previous === null && (await host.exists(change.path)) ? change.path : undefined;
    case 'symlink':
      return change.previousTarget === null && (await host.stat(change.path))?.kind === 'symlink'
        ? change.path
        : undefined;
    case 'dir': {
      const ours = ((await host.list(change.path)) ?? []).filter((entry) => !change.keep.includes(entry));
      if (ours.length > 0) return `${change.path}/${ours[0] ?? ''}`;
      return !change.existed && (await host.exists(change.path)) ? change.path : undefined;
    }
    case 'hosts-line':
      return ((await host.read('/etc/hosts')) ?? '').split('\n').includes(change.line)
        ? `/etc/hosts: ${change.line}`
        : undefined;
    case 'unit': {
      const state = await readUnit(host, change.unit);
      return (state.active && !change.wasActive) || (state.enabled && !change.wasEnabled) ? change.unit : undefined;
    }
    case 'empty-dir':
    case 'nft-table':
    case 'sysctl':
    case 'module':
      return undefined;
    default:
      return unreachable(change);
  }
}
