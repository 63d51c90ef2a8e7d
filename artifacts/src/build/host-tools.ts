import { basename, join } from 'node:path';
import { FlotillaError } from '@flotilla/kit';
import { listDir, sizeOf } from '../adapters/disk.js';
import type { Run } from '../adapters/exec.js';
import type { TarEntry } from '../adapters/tar.js';
import { fileEntry } from '../image/docker-archive.js';

/** What images are completed with, and the Debian package it comes from. */
const wanted = [
  { path: '/usr/sbin/nft', package: 'nftables' },
  { path: '/usr/sbin/xtables-nft-multi', package: 'iptables' },
  { path: '/usr/bin/gcc', package: 'gcc' },
  { path: '/usr/include/stdlib.h', package: 'libc6-dev' },
  { path: '/usr/include/seccomp.h', package: 'libseccomp-dev' },
] as const;

/** The names under which xtables-nft-multi does the work of that name. */
const xtablesNames = [
  'iptables',
  'iptables-save',
  'iptables-restore',
  'ip6tables',
  'ip6tables-save',
  'ip6tables-restore',
] as const;

/** Installs the Debian packages that the build needs and this host lacks. */
export async function installHostTools(run: Run, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
  const missing: string[] = [];
  for (const tool of wanted) {
    if ((await exists(tool.path)) !== true) missing.push(tool.package);
  }
  if (missing.length === 0) return;
  onLine(`installing ${missing.join(' ')}`);
  try {
    await run(['apt-get', 'install', '-y', '--no-install-recommends', ...missing], {
      signal,
      onLine,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (cause) {
    throw new FlotillaError(
      'BUILD_TOOL_MISSING',
      `Building images needs ${missing.join(', ')}, which could not be installed.`,
      {
        kind: 'precondition',
        remedy: `On Debian or Ubuntu, as root: apt-get update && apt-get install ${missing.join(' ')}`,
        cause,
      },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return (await listDir(join(path, '..'))).includes(basename(path));
}

/** Library paths that `ldd` prints, the dynamic loader included, sorted. */
export function parseLdd(output: string): string[] {
  const paths = [...output.matchAll(/(?:=>\s+|^\s+)(\/\S+)\s+\(0x[0-9a-f]+\)$/gm)].map((match) => match[1] ?? '');
  return [...new Set(paths)].sort();
}

/**
 * nft, iptables and the few programs that the pod network's script calls, with everything they load, as entries of an
 * image layer.
 */
export async function networkToolEntries(run: Run, signal: AbortSignal): Promise<TarEntry[]> {
  const programs = ['/usr/sbin/nft', '/usr/sbin/xtables-nft-multi', '/bin/dash', '/bin/mv', '/bin/sleep'];
  const libraries = new Set<string>();
  for (const program of programs) {
    for (const library of parseLdd((await run(['ldd', program], { signal })).stdout)) libraries.add(library);
  }
  const entries: TarEntry[] = [];
  for (const program of programs)
    entries.push(await fileEntry(program.slice(1), await followed(program, run, signal), 0o755));
  for (const library of [...libraries].sort()) {
    entries.push(await fileEntry(library.slice(1), await followed(library, run, signal), 0o755));
  }
  for (const name of xtablesNames)
    entries.push({ type: 'symlink', name: `usr/sbin/${name}`, target: 'xtables-nft-multi' });
  entries.push({ type: 'symlink', name: 'bin/sh', target: 'dash' });
  return [...entries, ...(await xtablesExtensions(run, signal))];
}

async function xtablesExtensions(run: Run, signal: AbortSignal): Promise<TarEntry[]> {
  const { stdout } = await run(['dpkg', '-L', 'iptables'], { signal });
  const paths = stdout.split('\n').filter((path) => /\/xtables\/[^/]+\.so$/.test(path));
  const entries: TarEntry[] = [];
  for (const path of paths.sort()) {
    if ((await sizeOf(path)) === undefined) {
      const target = basename(await followed(path, run, signal));
      entries.push({ type: 'symlink', name: path.slice(1), target });
    } else {
      entries.push(await fileEntry(path.slice(1), path, 0o644));
    }
  }
  return entries;
}

async function followed(path: string, run: Run, signal: AbortSignal): Promise<string> {
  return (await run(['readlink', '-f', path], { signal })).stdout.trim();
}
