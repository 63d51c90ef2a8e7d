import { createHash } from 'node:crypto';
import { lstatSync, openSync, closeSync, readSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';

import { countLines, type Section, type Snapshot } from '../pure/snapshot-diff.js';
import { isNoisyMount, isNoisyPath, isNoisySysctl, isNoisyUnit } from '../pure/snapshot-noise.js';
import { processesOf } from './cgroups.js';
import { isGone, readText } from './files.js';
import { REAL_DIRECTORIES } from './storage.js';

/** Below these the content counts; elsewhere (the distribution's own files) size and time of change tell enough. */
const HASHED = /^\/(boot|etc|home|opt|root|run|srv|usr\/local|usr\/lib\/(systemd|modules-load\.d|sysctl\.d)|var)(\/|$)/;
/** File systems of the server itself; anything mounted elsewhere is compared as a mount and not walked. */
const WALKED_MOUNTS: readonly string[] = ['/', '/run', '/tmp', ...REAL_DIRECTORIES];
const HASH_CHUNK_BYTES = 1024 * 1024;

export interface SnapshotSource {
  readonly leaderPid: number;
  readonly bed: string;
  readonly server: string;
  readonly exec: (argv: readonly string[]) => Promise<string>;
}

/** Reads the server from the outside where that is possible, so that looking leaves no trace in it. */
export async function takeSnapshot(source: SnapshotSource): Promise<Snapshot> {
  const { leaderPid, bed, server, exec } = source;
  // First: the commands below are processes themselves.
  const processes = countLines(processesOf(bed, server).map((pid) => commandLine(pid, leaderPid)));
  const mounts = readMounts(leaderPid);
  return {
    version: 1,
    server,
    sections: {
      files: readFiles(leaderPid, mounts),
      firewall: countLines(
        (await exec(['nft', '--stateless', 'list', 'ruleset'])).split('\n').map((text) => text.trim()),
      ),
      listeners: await readListeners(exec),
      modules: countLines((readText('/proc/modules') ?? '').split('\n').map((text) => text.split(' ')[0] ?? '')),
      mounts: Object.fromEntries([...mounts].filter(([target]) => !isNoisyMount(target))),
      network: await readNetwork(exec),
      processes,
      sysctls: await readSysctls(exec),
      units: await readUnits(exec),
    },
  };
}

/** Names a process by its command; systemd-nspawn itself, which is outside of the server, is not one of its processes. */
function commandLine(pid: number, leader: number): string {
  const text = (readText(`/proc/${String(pid)}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
  if (text.includes('systemd-nspawn') || pid === leader) return '';
  return text;
}

function readMounts(leader: number): Map<string, string> {
  const rows = (readText(`/proc/${String(leader)}/mountinfo`) ?? '').split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const target = left.split(' ')[4];
    return target === undefined ? [] : [[target, right.split(' ')[0] ?? ''] as const];
  });
  return new Map(rows);
}

function readFiles(leader: number, mounts: ReadonlyMap<string, string>): Section {
  const root = `/proc/${String(leader)}/root`;
  const files: Record<string, string> = {};
  const visit = (path: string): void => {
    for (const name of namesIn(root + path)) {
      const child = join(path, name);
      if (isNoisyPath(child)) continue;
      const what = describeFile(root, child);
      if (what === null) continue;
      files[child] = what.text;
      if (what.stat.isDirectory() && (!mounts.has(child) || WALKED_MOUNTS.includes(child))) visit(child);
    }
  };
  visit('/');
  return files;
}

/** A directory that went away while it was looked at is empty. */
function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function describeFile(root: string, path: string): { readonly text: string; readonly stat: Stats } | null {
  try {
    const stat = lstatSync(root + path);
    const owner = `${(stat.mode & 0o7777).toString(8).padStart(4, '0')} ${String(stat.uid)}:${String(stat.gid)}`;
    if (stat.isSymbolicLink()) return { stat, text: `link -> ${readlinkSync(root + path)}` };
    if (stat.isDirectory()) return { stat, text: `directory ${owner}` };
    if (!stat.isFile()) return { stat, text: `special ${owner}` };
    const content = HASHED.test(path) ? hashFile(root + path) : `changed ${String(Math.floor(stat.mtimeMs))}`;
    return { stat, text: `file ${owner} ${String(stat.size)} bytes ${content}` };
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

function hashFile(path: string): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(HASH_CHUNK_BYTES);
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) hash.update(chunk.subarray(0, size));
  } catch (error) {
    // Files of a kernel's own below a container's root have a size and no content.
    if (error instanceof Error && 'code' in error && error.code === 'EINVAL') return 'unreadable';
    throw error;
  } finally {
    closeSync(file);
  }
  return hash.digest('hex').slice(0, 16);
}

type Exec = SnapshotSource['exec'];

async function readUnits(exec: Exec): Promise<Section> {
  const files = await exec(['systemctl', 'list-unit-files', '--no-legend', '--plain', '--no-pager']);
  const states = await exec(['systemctl', 'list-units', '--all', '--no-legend', '--plain', '--no-pager']);
  const units: Record<string, string> = {};
  for (const line of files.split('\n')) {
    const [name = '', state = ''] = line.trim().split(/\s+/);
    if (name !== '' && !isNoisyUnit(name)) units[name] = state;
  }
  for (const line of states.split('\n')) {
    const [name = '', load = '', active = ''] = line.trim().split(/\s+/);
    // "inactive" comes and goes with what systemd happens to remember.
    if (name === '' || isNoisyUnit(name) || load !== 'loaded' || active === 'inactive') continue;
    units[name] = [units[name] ?? '', active].filter((text) => text !== '').join(' ');
  }
  return units;
}

async function readSysctls(exec: Exec): Promise<Section> {
  const lines = (await exec(['sysctl', '--all', '--ignore'])).split('\n');
  const rows = lines.flatMap((line) => {
    const at = line.indexOf(' = ');
    const key = line.slice(0, Math.max(at, 0));
    return at < 0 || isNoisySysctl(key) ? [] : [[key, line.slice(at + 3)] as const];
  });
  return Object.fromEntries(rows);
}

async function readNetwork(exec: Exec): Promise<Section> {
  const links = (await exec(['ip', '-o', 'link', 'show'])).split('\n').map((line) => /^\d+: ([^:@]+)/.exec(line)?.[1]);
  const addresses = (await exec(['ip', '-o', 'address', 'show', 'scope', 'global']))
    .split('\n')
    .map((line) => /^\d+: (\S+)\s+(inet6? \S+)/.exec(line)?.slice(1, 3).join(' '));
  const routes = ['-4', '-6'].map(async (family) => exec(['ip', family, 'route', 'show', 'table', 'all']));
  const rules = ['-4', '-6'].map(async (family) => exec(['ip', family, 'rule', 'show']));
  // Link-local IPv6 comes with each interface by itself, a moment later.
  const routeLines = (await Promise.all(routes))
    .join('\n')
    .split('\n')
    .filter((line) => !/fe80::|ff00::|anycast/.test(line));
  return {
    ...countLines(links.map((name) => (name === undefined ? '' : `link ${name}`))),
    ...countLines(addresses.map((text) => (text === undefined ? '' : `address ${text}`))),
    ...countLines(routeLines.map((text) => (text.trim() === '' ? '' : `route ${text.trim()}`))),
    ...countLines(
      (await Promise.all(rules))
        .join('\n')
        .split('\n')
        .map((text) => (text.trim() === '' ? '' : `rule ${text.replace(/\s+/g, ' ').trim()}`)),
    ),
  };
}

async function readListeners(exec: Exec): Promise<Section> {
  const lines = (await exec(['ss', '--no-header', '--listening', '--numeric', '--tcp', '--udp'])).split('\n');
  return countLines(
    lines
      .map((line) => line.trim().split(/\s+/))
      .map(([protocol = '', , , , address = '']) => `${protocol} ${address}`.trim()),
  );
}
