import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { BedState, ServerState } from '../pure/bed-state.js';
import { DISK_SCRIPT, JOIN_SCRIPT, KEEP_SCRIPT, planNspawnArgv, WAIT_SCRIPT } from '../pure/launch.js';
import { bridgeName, KEEPERS, machineName, portName } from '../pure/names.js';
import { TestbedError } from '../pure/errors.js';
import { isIn, killAll, killProcess, makeCgroup, processesOf, removeCgroups } from './cgroups.js';
import { exists, readText, removeEmptyDir, removeTree, writeText } from './files.js';
import { hasInterface } from './network.js';
import type { BedPaths, ServerPaths } from './paths.js';
import { run, start } from './run.js';
import { mountDisk, planDiskCheck, REAL_DIRECTORIES } from './storage.js';
import { waitFor } from './wait.js';

const NSPAWN_DIR = '/run/systemd/nspawn';
const GONE_TIMEOUT_MS = 20_000;
const START_TIMEOUT_MS = 20_000;
const MODULE_DIRS = ['/lib/modules', '/usr/lib/modules'];

/** Writes the scripts that outlive this process. */
export function installScripts(paths: BedPaths): void {
  for (const [path, text] of [
    [paths.joinScript, JOIN_SCRIPT],
    [paths.keepScript, KEEP_SCRIPT],
    [paths.waitScript, WAIT_SCRIPT],
    [paths.diskScript, DISK_SCRIPT],
  ] as const) {
    writeText(path, text);
    chmodSync(path, 0o755);
  }
}

/** Process id of the server's boot loop, or null when the server is off. */
function keeperPid(bed: string, paths: ServerPaths): number | null {
  const pid = Number(readText(join(paths.run, 'keeper.pid')) ?? '0');
  return pid > 0 && isIn(pid, bed, KEEPERS) ? pid : null;
}

/** On is: its boot loop runs, so it is up, booting or rebooting. */
export function isOn(bed: string, paths: ServerPaths): boolean {
  return keeperPid(bed, paths) !== null;
}

/** Process id, on the host, of the server's init; null while it is off or between two boots. */
export function leaderPid(bed: string, server: string, paths: ServerPaths): number | null {
  const nspawn = Number(readText(join(paths.run, 'nspawn.pid')) ?? '0');
  if (!(nspawn > 0) || !isIn(nspawn, bed, server)) return null;
  // The init is number 1 exactly one level down; number 1 further down is the init of a container in the server.
  const levels = namespacePids(process.pid).length;
  const children = readText(`/proc/${String(nspawn)}/task/${String(nspawn)}/children`);
  const candidates =
    children === null
      ? processesOf(bed, server)
      : children
          .split(/\s+/)
          .filter((text) => text !== '')
          .map(Number);
  return candidates.find((pid) => namespacePids(pid).length === levels + 1 && namespacePids(pid).at(-1) === 1) ?? null;
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
    readOnlyBinds: MODULE_DIRS.filter((dir) => exists(dir))
      .slice(0, 1)
      .map((dir) => [dir, '/usr/lib/modules'] as const),
  });
  const keeper = makeCgroup(bed.name, KEEPERS);
  const machine = makeCgroup(bed.name, server.name);
  const check = planDiskCheck(bed, server, own);
  const argv = [
    paths.joinScript,
    ...keeper,
    '--',
    paths.keepScript,
    own.run,
    machineName(bed.name, server.name),
    ...(check.length === 0 ? [] : [paths.diskScript, ...check]),
    '--',
    paths.joinScript,
    ...machine,
    '--',
    ...launch,
  ];
  const child = start(argv, {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', SYSTEMD_NSPAWN_API_VFS_WRITABLE: '1' },
  });
  child.on('error', () => undefined);
  child.unref();
  await waitFor(`start of ${server.name}`, START_TIMEOUT_MS, () => {
    if (exists(join(own.run, 'exit-code')))
      throw new TestbedError('BOOT_FAILED', `${server.name} did not start: ${lastWords(own)}`);
    return leaderPid(bed.name, server.name, own) !== null;
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
  // The kernel may keep the server's network namespace for a while after its last process: pull the cable at this end.
  if (hasInterface(portName(bed, server))) await run(['ip', 'link', 'delete', 'dev', portName(bed, server)]);
  await waitFor(`end of the cable of ${server}`, GONE_TIMEOUT_MS, () => !hasInterface(portName(bed, server)));
  await removeCgroups(bed, server);
  forgetMachine(machineName(bed, server), paths.server(server).root);
  for (const name of ['keeper.pid', 'nspawn.pid']) removeTree(join(paths.server(server).run, name));
}

/** Removes what systemd-nspawn leaves in /run when it is killed. */
function forgetMachine(machine: string, root: string): void {
  removeTree(join(NSPAWN_DIR, 'propagate', machine));
  if (!exists(root)) return;
  const { dev, ino } = statSync(root, { bigint: true });
  removeTree(join(NSPAWN_DIR, 'locks', `inode-${String(dev)}:${String(ino)}`));
}

/** With the last bed: the directories that systemd-nspawn made, unless someone else uses them. */
export function forgetNspawn(): void {
  for (const dir of ['locks', 'propagate', '.']) removeEmptyDir(join(NSPAWN_DIR, dir));
}
