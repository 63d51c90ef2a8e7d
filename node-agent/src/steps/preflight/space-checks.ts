import { FlotillaError, formatBytes } from '@flotilla/kit';
import { readMounts } from '../../host/mounts.js';
import { fine, problem, together, type CheckContext, type Findings, type PreflightCheck } from './check.js';

const gb = 1_000_000_000;
const diskBytesMin = 20 * gb;
/** What the artifacts need beside themselves: unpacked images, logs, the kubelet's reserve. */
const freeFactor = 2;

/** Size of the disk, and room for what will be downloaded. */
export const disk: PreflightCheck = {
  name: 'disk',
  async run(context) {
    const space = await context.host.space('/var/lib');
    if (space === undefined) return problem('DISK_UNKNOWN', '/var/lib cannot be measured', 'Make /var/lib readable.');
    const findings: Findings[] = [];
    if (space.totalBytes < diskBytesMin) {
      findings.push(
        problem(
          'DISK_SMALL',
          `the file system of /var/lib has ${formatBytes(space.totalBytes)}; 20 GB are needed`,
          'Enlarge it, or mount a larger disk at /var/lib.',
        ),
      );
    }
    const neededBytes = (await artifactBytes(context)) * freeFactor;
    if (space.freeBytes < neededBytes) {
      findings.push(
        problem(
          'DISK_FULL',
          `${formatBytes(space.freeBytes)} are free in /var/lib; ${formatBytes(neededBytes)} are needed to install`,
          'Free space there.',
        ),
      );
    }
    return together(findings);
  },
};

/** Size of the artifacts, when their manifest can be had; another check says so when it cannot. */
async function artifactBytes({ artifacts, target, facts, joined }: CheckContext): Promise<number> {
  if (artifacts === undefined || target === undefined || joined) return 0;
  try {
    const manifest = await artifacts.manifest(target, facts.arch);
    return manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  } catch (error) {
    if (error instanceof FlotillaError) return 0;
    throw error;
  }
}

export const swap: PreflightCheck = {
  name: 'swap',
  async run({ host }) {
    const lines = ((await host.read('/proc/swaps')) ?? '').trim().split('\n').slice(1);
    if (lines.length === 0) return fine;
    const devices = lines.map((line) => {
      const [device = '', , kib = '0'] = line.trim().split(/\s+/);
      return `${device} (${formatBytes(Number(kib) * 1024)})`;
    });
    return problem(
      'SWAP_ON',
      `swap is on: ${devices.join(', ')}.`,
      'Run: sudo swapoff -a, and remove the entry from /etc/fstab.',
    );
  },
};

/** Places the installation writes to; a read-only one is named before anything begins. */
export const filesystems: PreflightCheck = {
  name: 'filesystems',
  async run({ host }) {
    const mounts = await readMounts(host);
    const places = ['/etc', '/opt', '/usr/local/bin', '/var/lib', '/var/log', '/run'];
    const readOnly = places.filter((place) => {
      const holding = mounts.filter(({ path }) => path === '/' || place === path || place.startsWith(`${path}/`));
      const deepest = holding.reduce((best, mount) => (mount.path.length >= best.length ? mount.path : best), '');
      // The last mount on a path is the one that counts.
      return holding.filter(({ path }) => path === deepest).pop()?.readOnly === true;
    });
    if (readOnly.length === 0) return fine;
    return problem(
      'FILESYSTEM_READ_ONLY',
      `${readOnly.join(', ')} cannot be written to (mounted read-only)`,
      'Remount read-write; if the kernel did it by itself, repair the disk first (dmesg).',
    );
  },
};
