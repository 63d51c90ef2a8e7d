// The Node.js that the agent ships with: the pinned npm package, verified, stripped, compressed, and cached outside the checkout.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pinned = JSON.parse(readFileSync(join(dirname(dirname(fileURLToPath(import.meta.url))), 'runtime.json'), 'utf8'));
// Only a strip that knows the target's format; a foreign one would refuse the file or damage it.
const STRIPPERS = {
  amd64:
    process.arch === 'x64'
      ? ['strip', 'x86_64-linux-gnu-strip', 'llvm-strip']
      : ['x86_64-linux-gnu-strip', 'llvm-strip'],
  arm64:
    process.arch === 'arm64'
      ? ['strip', 'aarch64-linux-gnu-strip', 'llvm-strip']
      : ['aarch64-linux-gnu-strip', 'llvm-strip'],
};

/**
 * @returns {{ archive: string, license: string, content: { sizeBytes: number, sha256: string } }} the compressed binary,
 *   its licence, and what it is when unpacked
 */
export function ensureRuntime(arch, say) {
  const strip = findStrip(arch);
  const key = strip === null ? 'plain' : createHash('sha256').update(strip.version).digest('hex').slice(0, 12);
  const root = join(process.env.FLOTILLA_CACHE ?? join(homedir(), '.cache', 'flotilla'), 'runtime');
  const dir = join(root, `node-${pinned.version}-${arch}-${key}`);
  const cached = readRuntime(dir);
  if (cached !== null) return cached;

  mkdirSync(root, { recursive: true });
  const work = mkdtempSync(join(root, '.building-'));
  try {
    const tarball = fetchTarball(arch, work, say);
    execFileSync('tar', [
      '-xzf',
      tarball,
      '-C',
      work,
      '--strip-components=1',
      '--no-same-owner',
      'package/bin/node',
      'package/LICENSE',
    ]);
    rmSync(tarball);
    const built = join(work, 'node');
    renameSync(join(work, 'bin', 'node'), built);
    rmSync(join(work, 'bin'), { recursive: true });
    if (strip === null)
      say(`node ${pinned.version} ${arch} stays unstripped (no strip for it here: binutils): about 15 % larger`);
    else execFileSync(strip.tool, ['--strip-all', built]);
    if (isNative(arch)) checkRuns(built);
    const content = measure(built);
    // GNU gzip, not zlib of the Node.js at hand: the same bytes wherever it is built.
    compress(built, join(work, 'node.gz'));
    rmSync(built);
    writeFileSync(join(work, 'content.json'), JSON.stringify({ content, archive: measure(join(work, 'node.gz')) }));
    rmSync(dir, { recursive: true, force: true });
    renameSync(work, dir);
    say(
      `node ${pinned.version} ${arch}: ${mib(content.sizeBytes)}, ${mib(statSync(join(dir, 'node.gz')).size)} to download`,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const runtime = readRuntime(dir);
  if (runtime === null) throw new Error(`${dir} was changed while it was built`);
  return runtime;
}

/** What the cache holds, or null when it is not there or not what was put in. */
function readRuntime(dir) {
  if (!existsSync(join(dir, 'content.json'))) return null;
  const { content, archive } = JSON.parse(readFileSync(join(dir, 'content.json'), 'utf8'));
  const path = join(dir, 'node.gz');
  if (!existsSync(path) || measure(path).sha256 !== archive.sha256) return null;
  return { archive: path, license: join(dir, 'LICENSE'), content };
}

function fetchTarball(arch, work, say) {
  const { name, integrity } = pinned.packages[arch];
  say(`fetching ${name}@${pinned.version}`);
  const file = execFileSync('npm', ['pack', `${name}@${pinned.version}`, '--pack-destination', work, '--silent'], {
    cwd: work,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
  const tarball = join(work, file);
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (found !== integrity) throw new Error(`${name}@${pinned.version} is ${found}, runtime.json pins ${integrity}`);
  return tarball;
}

function findStrip(arch) {
  for (const tool of STRIPPERS[arch]) {
    try {
      return {
        tool,
        version: execFileSync(tool, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
      };
    } catch {
      // Not installed: the next one.
    }
  }
  return null;
}

function isNative(arch) {
  return process.platform === 'linux' && process.arch === { amd64: 'x64', arm64: 'arm64' }[arch];
}

function checkRuns(path) {
  const printed = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
  if (printed !== `v${pinned.version}`) throw new Error(`${path} says ${printed}, not v${pinned.version}`);
}

function compress(from, to) {
  const out = openSync(to, 'w');
  try {
    execFileSync('gzip', ['-9', '--no-name', '--stdout', from], { stdio: ['ignore', out, 'inherit'] });
  } finally {
    closeSync(out);
  }
}

function measure(path) {
  return { sizeBytes: statSync(path).size, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

function mib(sizeBytes) {
  return `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`;
}
