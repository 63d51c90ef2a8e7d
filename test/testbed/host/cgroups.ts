import { lstatSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

import { CGROUP_ROOT } from '../pure/names.js';
import { cgroupTrees, parseMembership, parseMounts, type CgroupTree } from '../pure/mount-table.js';
import { exists, isGone, listNames, readText, writeKernelFile } from './files.js';
import { waitFor } from './wait.js';

const KILL_TIMEOUT_MS = 20_000;
const FREEZE_TIMEOUT_MS = 10_000;

/** The host's cgroup hierarchies, version 1, 2 or both. */
export function hostTrees(): CgroupTree[] {
  return cgroupTrees(parseMounts(readText('/proc/self/mounts') ?? ''));
}

/** The hierarchy that can freeze: the freezer of version 1, else version 2. */
function freezerTree(): CgroupTree | undefined {
  const trees = hostTrees();
  return (
    trees.find((tree) => tree.controllers.split(',').includes('freezer')) ?? trees.find((tree) => tree.version === 2)
  );
}

export function canFreeze(): boolean {
  return freezerTree() !== undefined;
}

function dirIn(tree: CgroupTree, ...path: string[]): string {
  return join(tree.dir, CGROUP_ROOT, ...path);
}

/** Makes the cgroup in every hierarchy and gives the `cgroup.procs` files to join. */
export function makeCgroup(bed: string, leaf: string): string[] {
  return hostTrees().map((tree) => {
    const steps = [dirIn(tree), dirIn(tree, bed), dirIn(tree, bed, leaf)];
    let parent = tree.dir;
    for (const dir of steps) {
      delegate(tree, parent);
      mkdirSync(dir, { recursive: true });
      if (tree.controllers.split(',').includes('cpuset')) copyCpuset(parent, dir);
      parent = dir;
    }
    return join(parent, 'cgroup.procs');
  });
}

/** Version 2: hands every controller on to the children. */
function delegate(tree: CgroupTree, parent: string): void {
  if (tree.version !== 2) return;
  const controllers = (readText(join(parent, 'cgroup.controllers')) ?? '').split(/\s+/).filter((name) => name !== '');
  for (const name of controllers) writeKernelFile(join(parent, 'cgroup.subtree_control'), `+${name}`);
}

/** Version 1: a new cpuset is empty and takes no process until it has processors and memory. */
function copyCpuset(parent: string, dir: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const path = join(dir, file);
    if ((readText(path) ?? 'unknown').trim() === '') writeKernelFile(path, readText(join(parent, file)) ?? '');
  }
  const clone = join(dir, 'cgroup.clone_children');
  if (exists(clone)) writeKernelFile(clone, '1');
}

/** Whether a process belongs to a server (or the boot loops): process ids are used again, cgroups of ours are not. */
export function isIn(pid: number, bed: string, leaf: string): boolean {
  const ours = `/${CGROUP_ROOT}/${bed}/${leaf}`;
  const paths = parseMembership(readText(`/proc/${String(pid)}/cgroup`) ?? '').values();
  return [...paths].some((path) => `${path}/`.includes(`${ours}/`));
}

/** The `cgroup.procs` files of the cgroups that a process is in, so that another can join it. */
export function membershipFiles(pid: number): string[] {
  const membership = parseMembership(readText(`/proc/${String(pid)}/cgroup`) ?? '');
  return hostTrees().flatMap((tree) => {
    const path = membership.get(tree.controllers);
    const file = path === undefined ? '' : join(tree.dir, path, 'cgroup.procs');
    return file !== '' && exists(file) ? [file] : [];
  });
}

/** Every process of a bed, or of one of its servers, whatever it did to its parent or session. */
export function processesOf(bed: string, leaf = ''): number[] {
  const pids = new Set<number>();
  for (const tree of hostTrees()) collectPids(dirIn(tree, bed, leaf), pids);
  return [...pids].sort((a, b) => a - b);
}

function collectPids(dir: string, pids: Set<number>): void {
  for (const line of (readText(join(dir, 'cgroup.procs')) ?? '').split('\n')) {
    // 0 stands for a process outside our own process-id namespace.
    if (line !== '' && line !== '0') pids.add(Number(line));
  }
  for (const name of childDirs(dir)) collectPids(join(dir, name), pids);
}

function childDirs(dir: string): string[] {
  return listNames(dir).filter((name) => {
    try {
      return lstatSync(join(dir, name)).isDirectory();
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  });
}

/** Stops every process of the server at once, or lets them run again. The kernel keeps answering pings. */
export async function setFrozen(bed: string, server: string, frozen: boolean): Promise<void> {
  const tree = freezerTree();
  if (tree === undefined) return;
  const dir = dirIn(tree, bed, server);
  if (!exists(dir)) return;
  if (tree.version === 2) writeKernelFile(join(dir, 'cgroup.freeze'), frozen ? '1' : '0');
  else writeKernelFile(join(dir, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED');
  await waitFor(
    `${server} ${frozen ? 'frozen' : 'thawed'}`,
    FREEZE_TIMEOUT_MS,
    () => readFrozen(tree, dir) === (frozen ? 'yes' : 'no'),
  );
}

export function isFrozen(bed: string, server: string): boolean {
  const tree = freezerTree();
  return tree !== undefined && readFrozen(tree, dirIn(tree, bed, server)) !== 'no';
}

function readFrozen(tree: CgroupTree, dir: string): 'yes' | 'no' | 'partly' {
  if (tree.version === 2) return /^frozen 1$/m.test(readText(join(dir, 'cgroup.events')) ?? '') ? 'yes' : 'no';
  const state = (readText(join(dir, 'freezer.state')) ?? 'THAWED').trim();
  return state === 'FROZEN' ? 'yes' : state === 'THAWED' ? 'no' : 'partly';
}

/** Kills everything in the cgroup with SIGKILL and waits until nothing is left of it. */
export async function killAll(bed: string, leaf = ''): Promise<void> {
  await waitFor(`end of all processes of ${bed}/${leaf}`, KILL_TIMEOUT_MS, async () => {
    const pids = processesOf(bed, leaf);
    for (const pid of pids) killProcess(pid);
    // A frozen process takes the signal when it is thawed.
    const servers = leaf === '' ? cgroupsOf(bed) : [leaf];
    for (const server of servers) if (isFrozen(bed, server)) await setFrozen(bed, server, false);
    return pids.length === 0;
  });
}

export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Servers and keepers that have a cgroup in any hierarchy. */
export function cgroupsOf(bed: string): string[] {
  return [...new Set(hostTrees().flatMap((tree) => childDirs(dirIn(tree, bed))))].sort();
}

/** Beds that have a cgroup in any hierarchy. */
export function bedsWithCgroups(): string[] {
  return [...new Set(hostTrees().flatMap((tree) => childDirs(dirIn(tree))))].sort();
}

/** Removes the empty cgroups of a bed or of one server, and the common parent with the last bed. */
export async function removeCgroups(bed: string, leaf = ''): Promise<void> {
  for (const tree of hostTrees()) {
    const dir = dirIn(tree, bed, leaf);
    // A cgroup stays busy for a moment after its last process has ended.
    await waitFor(`removal of ${dir}`, KILL_TIMEOUT_MS, () => removeCgroupTree(dir));
    if (leaf === '' && childDirs(dirIn(tree)).length === 0) removeCgroupTree(dirIn(tree));
  }
}

function removeCgroupTree(dir: string): boolean {
  try {
    for (const name of childDirs(dir)) if (!removeCgroupTree(join(dir, name))) return false;
    rmdirSync(dir);
    return true;
  } catch (error) {
    if (isGone(error)) return true;
    if (error instanceof Error && 'code' in error && error.code === 'EBUSY') return false;
    throw error;
  }
}
