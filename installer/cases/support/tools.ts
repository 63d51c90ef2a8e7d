import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What the cases need on this host, as Debian packages name it. */
const TOOLS = {
  bats: '/usr/bin/bats',
  shellcheck: '/usr/bin/shellcheck',
  wget: '/usr/bin/wget',
  openssl: '/usr/bin/openssl',
} as const;

/** Installs missing tools where that is possible (root on Debian or Ubuntu). @returns why the cases cannot run, or null */
export function ensureTools(): string | null {
  if (process.getuid?.() !== 0) return 'booting a server needs root';
  const missing = missingTools();
  if (missing.length === 0) return null;
  if (!existsSync('/usr/bin/apt-get')) return `not installed here: ${missing.join(', ')}`;
  try {
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], {
      stdio: 'pipe',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch {
    return `apt-get could not install ${missing.join(', ')}`;
  }
  return missingTools().length === 0 ? null : `not installed here: ${missingTools().join(', ')}`;
}

function missingTools(): string[] {
  return Object.entries(TOOLS)
    .filter(([, path]) => !existsSync(path))
    .map(([name]) => name);
}

/** Shared libraries of a program, so that it runs on a server of the same release that does not have them. */
export function librariesOf(program: string): string[] {
  return execFileSync('ldd', [program], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => / => (\/\S+)/.exec(line)?.[1] ?? []);
}
