import { chmodSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { parseAptSources, pickMirror } from '../pure/apt-source.js';
import { TestbedError } from '../pure/errors.js';
import { mountsBelow, parseMounts } from '../pure/mount-table.js';
import { baseName, baseRecipe, type Recipe } from '../pure/recipe.js';
import { exists, listNames, makeDir, readText, removeTree, writeText } from './files.js';
import { withLock } from './lock.js';
import { cacheDir } from './paths.js';
import { run, runOk } from './run.js';
import { nowMs } from './wait.js';

const BUILD_TIMEOUT_MS = 15 * 60_000;

/**
 * The shared lower layer of all servers: built once with debootstrap, found again by the hash of its recipe.
 * A build that was interrupted leaves only a `.building-PID` directory, which the next build throws away.
 * @returns its directory
 */
export async function ensureBase(log: (line: string) => void): Promise<string> {
  const recipe = hostRecipe();
  const dir = join(cacheDir(), baseName(recipe));
  if (exists(dir)) return dir;
  return withLock(`base-${baseName(recipe)}`, BUILD_TIMEOUT_MS, async () => {
    if (exists(dir)) return dir;
    const started = nowMs();
    // Under a name of its own: what a killed build left running can only spoil its own directory.
    const building = `${dir}.building-${String(process.pid)}`;
    for (const stale of buildsOf(baseName(recipe))) await removeBuild(stale);
    log(`building the base of all servers (${recipe.distribution} ${recipe.suite}, about a minute, once): ${dir}`);
    await build(recipe, building, log);
    renameSync(building, dir);
    log(`base built in ${String(Math.round((nowMs() - started) / 1000))} s`);
    return dir;
  });
}

/** The servers run the same release as the host: only its packages are known to be reachable. */
function hostRecipe(): Recipe {
  const release = readText('/etc/os-release') ?? '';
  const field = (name: string): string | undefined => new RegExp(`^${name}="?([a-z0-9.]+)"?$`, 'm').exec(release)?.[1];
  const distribution = field('ID');
  const suite = field('VERSION_CODENAME');
  if (distribution === undefined || suite === undefined)
    throw new TestbedError('HOST_UNFIT', 'the release of this host is not in /etc/os-release');
  return baseRecipe(distribution, suite);
}

function hostMirror(suite: string): string {
  const dir = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...listNames(dir).map((name) => join(dir, name))];
  const readable = files.filter((path) => path.endsWith('.list') || path.endsWith('.sources'));
  const mirror = pickMirror(parseAptSources(readable.map((path) => readText(path) ?? '').join('\n\n')), suite);
  if (mirror !== null) return mirror;
  throw new TestbedError(
    'NO_MIRROR',
    `no package source for ${suite} in ${dir}`,
    'Add the one this host was installed from.',
  );
}

async function build(recipe: Recipe, target: string, log: (line: string) => void): Promise<void> {
  makeDir(dirname(target));
  let phase = '';
  await runOk(
    [
      // A build does not outlive the process that wants it.
      'setpriv',
      '--pdeathsig=KILL',
      'debootstrap',
      '--variant=minbase',
      `--components=${recipe.components.join(',')}`,
      `--include=${recipe.packages.join(',')}`,
      recipe.suite,
      target,
      hostMirror(recipe.suite),
    ],
    {
      timeoutMs: BUILD_TIMEOUT_MS,
      onOutput: (text) => {
        const next = debootstrapPhase(text);
        if (next === null || next === phase) return;
        phase = next;
        log(`  ${phase}`);
      },
    },
  );
  for (const file of recipe.files) {
    writeText(join(target, file.path), file.text);
    chmodSync(join(target, file.path), file.mode);
  }
  for (const [path, to] of Object.entries(recipe.links)) {
    makeDir(dirname(join(target, path)));
    removeTree(join(target, path));
    symlinkSync(to, join(target, path));
  }
  // Each server has its own identity, and no package lists that would be out of date.
  for (const path of [
    'etc/machine-id',
    'etc/hostname',
    'etc/resolv.conf',
    'var/lib/dbus/machine-id',
    'var/lib/apt/lists',
    'var/cache/apt',
    'var/log/bootstrap.log',
  ]) {
    removeTree(join(target, path));
  }
}

/** The stage that debootstrap's output speaks of, or null for its many lines about single packages. */
function debootstrapPhase(text: string): string | null {
  if (/^I: Retrieving/m.test(text)) return 'fetching packages';
  if (/^I: (Extracting|Unpacking the base)/m.test(text)) return 'unpacking';
  if (/^I: (Configuring|Unpacking)/m.test(text)) return 'configuring';
  return null;
}

function buildsOf(name: string): string[] {
  const names = listNames(cacheDir()).filter((entry) => entry.startsWith(`${name}.building-`));
  return names.map((entry) => join(cacheDir(), entry));
}

async function removeBuild(dir: string): Promise<void> {
  // An interrupted debootstrap leaves proc and sys mounted in its target.
  for (const mount of mountsBelow(parseMounts(readText('/proc/self/mounts') ?? ''), dir))
    await run(['umount', mount.target]);
  if (mountsBelow(parseMounts(readText('/proc/self/mounts') ?? ''), dir).length > 0) {
    throw new TestbedError(
      'BUSY',
      `${dir} still has mounts of an interrupted build`,
      `Unmount them and remove ${dir}.`,
    );
  }
  removeTree(dir);
}
