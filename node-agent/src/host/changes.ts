import { FlotillaError } from '@flotilla/kit';
import type { Host } from './host.js';
import { readUnit } from './units.js';

/** One thing that was changed on the host, with what was there before: exactly what `leave` needs to undo it. */
export type Change =
  | {
      readonly type: 'file';
      readonly path: string;
      readonly previous: { readonly backup: string; readonly mode: number } | null;
    }
  | { readonly type: 'symlink'; readonly path: string; readonly previousTarget: string | null }
  /** A directory others will fill (kubelet, containerd): all but `keep` is ours. */
  | {
      readonly type: 'dir';
      readonly path: string;
      readonly existed: boolean;
      readonly keep: readonly string[];
      readonly mode: number;
    }
  /** A directory made only to hold something of ours: it goes when it is empty again. */
  | { readonly type: 'empty-dir'; readonly path: string }
  /** A table of the packet filter that was not there: what others make of it goes once it holds no rule. */
  | { readonly type: 'nft-table'; readonly family: string; readonly name: string }
  /** `value` is what we set; undefined when others (kube-proxy) are going to set it. */
  | { readonly type: 'sysctl'; readonly key: string; readonly previous: string; readonly value: string | undefined }
  | { readonly type: 'module'; readonly name: string }
  | { readonly type: 'unit'; readonly unit: string; readonly wasEnabled: boolean; readonly wasActive: boolean }
  | { readonly type: 'hosts-line'; readonly line: string };

export interface RecordedChange {
  readonly id: number;
  readonly change: Change;
}

/** Where changes are remembered; durable when `record` returns. */
export interface ChangeLog {
  record(change: Change): Promise<void>;
  undone(id: number): Promise<void>;
  /** Changes that stand, oldest first. */
  standing(): readonly RecordedChange[];
}

const entriesKeptMax = 1000;

/**
 * The only way steps change what outlives them. Each change is on disk in the journal, with what it replaces, before
 * the host is touched; doing it again is harmless and is recorded once.
 */
export class HostChanges {
  constructor(
    private readonly host: Host,
    readonly log: ChangeLog,
    private readonly backupDir: string,
  ) {}

  /** Whether a standing change made this path or a directory above it ours. */
  owns(path: string): boolean {
    return this.log.standing().some(({ change }) => {
      if (change.type === 'file' || change.type === 'symlink') return change.path === path;
      return change.type === 'dir' && (change.path === path ? !change.existed : path.startsWith(`${change.path}/`));
    });
  }

  async writeFile(path: string, content: string, mode: number): Promise<void> {
    const stat = await this.host.stat(path);
    if (stat !== undefined && stat.kind !== 'file') {
      throw new FlotillaError('PATH_FOREIGN', `${path} is there and is not a plain file`, {
        kind: 'precondition',
        remedy: `Move ${path} away; Flotilla does not replace what it does not understand.`,
      });
    }
    if (!this.#stands((change) => change.type === 'file' && change.path === path)) {
      const previous = stat === undefined ? null : { backup: await this.#backup(path), mode: stat.mode };
      await this.log.record({ type: 'file', path, previous });
    }
    await this.host.writeAtomic(path, content, mode);
  }

  async symlink(path: string, target: string): Promise<void> {
    if (!this.#stands((change) => change.type === 'symlink' && change.path === path)) {
      const stat = await this.host.stat(path);
      if (stat !== undefined && stat.kind !== 'symlink') {
        throw new FlotillaError('PATH_FOREIGN', `${path} is there and was not put there by Flotilla`, {
          kind: 'precondition',
          remedy: `Move ${path} away, or remove the software it belongs to.`,
        });
      }
      const previousTarget = (await this.host.readLink(path)) ?? null;
      await this.log.record({ type: 'symlink', path, previousTarget });
    }
    await this.host.symlink(path, target);
  }

  /** Claims a directory: what others put into it from now on goes when we leave. */
  async claimDir(path: string, mode: number): Promise<void> {
    await this.ensureDir(path.slice(0, path.lastIndexOf('/')), 0o755);
    if (!this.claims(path)) {
      const entries = await this.host.list(path);
      if (entries !== undefined && entries.length > entriesKeptMax) {
        throw new FlotillaError('PATH_FOREIGN', `${path} already holds ${entries.length} entries of others`, {
          kind: 'precondition',
          remedy: `Empty ${path}, or use another machine.`,
        });
      }
      const before = (await this.host.stat(path))?.mode ?? mode;
      await this.log.record({ type: 'dir', path, existed: entries !== undefined, keep: entries ?? [], mode: before });
    }
    await this.host.makeDir(path, mode);
  }

  /** Makes a directory, and those above it, that go again when they are empty. */
  async ensureDir(path: string, mode: number): Promise<void> {
    if (path === '' || (await this.host.exists(path))) return;
    await this.ensureDir(path.slice(0, path.lastIndexOf('/')), mode);
    if (!this.#stands((change) => change.type === 'empty-dir' && change.path === path))
      await this.log.record({ type: 'empty-dir', path });
    await this.host.makeDir(path, mode);
  }

  claims(path: string): boolean {
    return this.#stands((change) => change.type === 'dir' && change.path === path);
  }

  /** `key` in dots, for example net.ipv4.ip_forward. */
  async setSysctl(key: string, value: string): Promise<void> {
    const path = sysctlPath(key);
    const previous = (await this.host.read(path))?.trim();
    if (previous === undefined) {
      throw new FlotillaError('SYSCTL_MISSING', `the kernel has no ${key}`, { kind: 'precondition' });
    }
    if (previous === value) return;
    if (!this.#stands((change) => change.type === 'sysctl' && change.key === key)) {
      await this.log.record({ type: 'sysctl', key, previous, value });
    }
    await this.host.writeDirect(path, value);
  }

  /** Remembers a setting that others are going to change. */
  async noteSysctl(key: string): Promise<void> {
    const previous = (await this.host.read(sysctlPath(key)))?.trim();
    if (previous === undefined || this.#stands((change) => change.type === 'sysctl' && change.key === key)) return;
    await this.log.record({ type: 'sysctl', key, previous, value: undefined });
  }

  /** Remembers that a file, or a directory, is not there, because others are going to make it. */
  async noteAbsent(path: string, kind: 'file' | 'empty-dir'): Promise<void> {
    if ((await this.host.exists(path)) || this.#stands((change) => 'path' in change && change.path === path)) return;
    await this.log.record(kind === 'file' ? { type: 'file', path, previous: null } : { type: 'empty-dir', path });
  }

  async noteTableAbsent(family: string, name: string): Promise<void> {
    if (this.#stands((change) => change.type === 'nft-table' && change.family === family && change.name === name))
      return;
    await this.log.record({ type: 'nft-table', family, name });
  }

  async loadModule(name: string): Promise<void> {
    if (!this.#stands((change) => change.type === 'module' && change.name === name)) {
      await this.log.record({ type: 'module', name });
    }
    const result = await this.host.run(['modprobe', name], { timeoutMs: 30_000 });
    if (result.exitCode !== 0) {
      throw new FlotillaError('MODULE_MISSING', `modprobe ${name}: ${result.stderr.trim()}`, {
        kind: 'precondition',
        remedy: `Install the kernel package that contains ${name}, or a kernel that has it built in.`,
      });
    }
  }

  /** Records how the unit stood before it is enabled and started. */
  async noteUnit(unit: string): Promise<void> {
    if (this.#stands((change) => change.type === 'unit' && change.unit === unit)) return;
    const state = await readUnit(this.host, unit);
    await this.log.record({ type: 'unit', unit, wasEnabled: state.enabled, wasActive: state.active });
  }

  async addHostsLine(line: string): Promise<void> {
    if (!this.#stands((change) => change.type === 'hosts-line' && change.line === line)) {
      await this.log.record({ type: 'hosts-line', line });
    }
    const hosts = (await this.host.read('/etc/hosts')) ?? '';
    if (hosts.split('\n').includes(line)) return;
    const mode = (await this.host.stat('/etc/hosts'))?.mode ?? 0o644;
    await this.host.writeAtomic(
      '/etc/hosts',
      `${hosts}${hosts === '' || hosts.endsWith('\n') ? '' : '\n'}${line}\n`,
      mode,
    );
  }

  standing(): readonly RecordedChange[] {
    return this.log.standing();
  }

  #stands(match: (change: Change) => boolean): boolean {
    return this.log.standing().some(({ change }) => match(change));
  }

  async #backup(path: string): Promise<string> {
    const backup = `${this.backupDir}/${path.slice(1).replaceAll('/', '--')}`;
    await this.host.makeDir(this.backupDir, 0o700);
    await this.host.writeAtomic(backup, (await this.host.read(path)) ?? '', 0o600);
    return backup;
  }
}

export function sysctlPath(key: string): string {
  return `/proc/sys/${key.replaceAll('.', '/')}`;
}
