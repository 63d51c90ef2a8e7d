import { chmodSync } from 'node:fs';
import { join } from 'node:path';

import type { BedState, ServerState } from '../pure/bed-state.js';
import { JOIN_SCRIPT, KEEP_SCRIPT, planNspawnArgv } from '../pure/launch.js';
import { bridgeName, KEEPERS, machineName, portName } from '../pure/names.js';
import { TestbedError } from '../pure/errors.js';
import { killAll, killProcess, makeCgroup, processesOf, removeCgroups } from './cgroups.js';
import { exists, readText, removeTree, writeText } from './files.js';
import { hasInterface } from './network.js';
import type { BedPaths, ServerPaths } from './paths.js';
import { start } from './run.js';
import { mountDisk, REAL_DIRECTORIES } from './storage.js';
import { waitFor } from './wait.js';

const GONE_TIMEOUT_MS = 20_000;
const START_TIMEOUT_MS = 20_000;
const MODULE_DIRS = ['/lib/modules', '/usr/lib/modules'];

/** Writes the two scripts that outlive this process. */
export function installScripts(paths: BedPaths): void {
  for (const [path, text] of [[paths.joinScript, JOIN_SCRIPT], [paths.keepScript, KEEP_SCRIPT]] as const) {
    writeText(path, text);
    chmodSync(path, 0o755);
  }
}

/** Process id of the server's boot loop, or null when the server is off. */
function keeperPid(bed: string, paths: ServerPaths): number | null {
  return livePid(join(paths.run, 'keeper.pid'), processesOf(bed, KEEPERS));
}

/** A process id from a file, but only if that process is in the expected cgroup: numbers are used again. */
function livePid(file: string, members: readonly number[]): number | null {
  const pid = Number(readText(file) ?? '0');
  return members.includes(pid) ? pid : null;
}

/** On is: its boot loop runs, so it is up, booting or rebooting. */
export function isOn(bed: string, paths: ServerPaths): boolean {
  return keeperPid(bed, paths) !== null;
}

/** Process id, on the host, of the server's init; null while it is off or between two boots. */
export function leaderPid(bed: string, server: string): number | null {
  const members = processesOf(bed, server);
  // systemd-nspawn itself is the first process; the init is the one that is number 1 exactly one level down.
  const levels = namespacePids(process.pid).length;
  for (const pid of members) {
    const numbers = namespacePids(pid);
    if (numbers.length === levels + 1 && numbers.at(-1) === 1) return pid;
  }
  return null;
}

function namespacePids(pid: number): number[] {
  const line = /^NSpid:\s*(.*)$/m.exec(readText(`/proc/${String(pid)}/status`) ?? '')?.[1];
  return line === undefined ? [] : line.trim().split(/\s+/).map(Number);
}

/** Starts the server's boot loop, detached from this process, and waits until systemd-nspawn has started. */
export async function powerOn(bed: BedState, server: ServerState, paths: BedPaths): Promise<void> {
  const own = paths.server(server.name);
  if (isOn(bed.name, own)) return;
  await mountDisk(bed, server, own);
  for (const name of ['keeper.pid', 'nspawn.pid', 'exit-code']) removeTree(join(own.run, name));
  const launch = planNspawnArgv({
    machine: machineName(bed.name, server.name),
    hostname: server.name,
    bridge: bridgeName(bed.name),
    rootDir: own.root,
    binds: REAL_DIRECTORIES.map((path) => [own.data(path), path] as const),
    readOnlyBinds: MODULE_DIRS.filter((dir) => exists(dir)).slice(0, 1).map((dir) => [dir, '/usr/lib/modules'] as const),
  });
  const join_ = paths.joinScript;
  const keeper = makeCgroup(bed.name, KEEPERS);
  const machine = makeCgroup(bed.name, server.name);
  const argv = [join_, ...keeper, '--', paths.keepScript, own.run, machineName(bed.name, server.name), join_, ...machine, '--', ...launch];
  const child = start(argv, { detached: true, stdio: 'ignore', cwd: '/', env: { PATH: process.env['PATH'] ?? '', SYSTEMD_NSPAWN_API_VFS_WRITABLE: '1' } });
  child.on('error', () => undefined);
  child.unref();
  await waitFor(`start of ${server.name}`, START_TIMEOUT_MS, () => {
    if (exists(join(own.run, 'exit-code'))) throw new TestbedError('BOOT_FAILED', `${server.name} did not start: ${lastWords(own)}`);
    return leaderPid(bed.name, server.name) !== null;
  });
}

/** The end of the server's console. */
export function lastWords(paths: ServerPaths): string {
  return (readText(paths.consoleLog) ?? '').trim().split('\n').slice(-3).join(' | ');
}

/** Cuts the power: everything of the server is killed at once, in no order; its disk stays as it was at that moment. */
export async function powerCut(bed: string, server: string, paths: BedPaths): Promise<void> {
  const keeper = keeperPid(bed, paths.server(server));
  // First the boot loop, or it would take this for a crash and write about it.
  if (keeper !== null) killProcess(keeper);
  await killAll(bed, server);
  await waitFor(`end of the cable of ${server}`, GONE_TIMEOUT_MS, () => !hasInterface(portName(bed, server)));
  await removeCgroups(bed, server);
  removeTree(join('/run/systemd/nspawn/propagate', machineName(bed, server)));
  for (const name of ['keeper.pid', 'nspawn.pid']) removeTree(join(paths.server(server).run, name));
}
