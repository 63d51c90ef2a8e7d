import { FlotillaError, unreachable } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import { systemctl, unmaskUnit } from '../host/units.js';
import { freeDisk } from '../steps/maintain/free-disk.js';
import { renewCertificates } from '../steps/maintain/renew-certificates.js';
import type { StepContext } from '../steps/step.js';
import type { Act } from './journal-line.js';
import type { StepName } from './registry.js';

export interface ActPorts {
  readonly context: StepContext;
  /** The kubelet is stopped by order: acts that would start it are refused. */
  readonly isolated: boolean;
  readonly installedVersion: string | undefined;
  /** Forgets what was parked. */
  readonly unpark: () => Promise<void>;
  /** Runs these steps as they would run anyway, so that what is restarted is whole. Failing is not fatal to the act. */
  readonly mend: (names: readonly StepName[]) => Promise<void>;
  /** Leaves the cluster; what follows is derived from the target. Throws when it could not be finished. */
  readonly reset: () => Promise<void>;
}

/** Acts that change nothing on disk, so that they can be carried out on one that is read-only. */
const withoutDisk = ['restart-runtime', 'restart-kubelet', 'reboot'] as const satisfies readonly Act[];
export type ActWithoutDisk = (typeof withoutDisk)[number];

export function isWithoutDisk(act: string): act is ActWithoutDisk {
  return (withoutDisk as readonly string[]).includes(act);
}

/** As `carryOut`, without mending, enabling or unmasking anything: that would be written to the disk. */
export async function carryOutWithoutDisk(act: ActWithoutDisk, host: Host, isolated: boolean): Promise<void> {
  if (act === 'reboot') return systemctl(host, 'reboot');
  if (act === 'restart-kubelet') expectNotIsolated({ isolated });
  return start(host, act === 'restart-kubelet' ? 'kubelet.service' : 'containerd.service');
}

/** Carries one act out. Its journal line is on disk already. */
export async function carryOut(act: Act, ports: ActPorts): Promise<void> {
  const { context } = ports;
  switch (act) {
    case 'retry':
      return ports.unpark();
    case 'restart-kubelet':
      expectNotIsolated(ports);
      await ports.mend(['configure-kubelet', 'kubelet-files']);
      return restart(context, 'kubelet.service');
    case 'restart-runtime':
      await ports.mend(['configure-runtime']);
      return restart(context, 'containerd.service');
    case 'renew-certificates':
      expectNotIsolated(ports);
      return renewCertificates(context);
    case 'free-disk':
      return freeOwnDisk(ports);
    case 'reset':
      expectNotIsolated(ports);
      return ports.reset();
    case 'reboot':
      return systemctl(context.host, 'reboot');
    default:
      return unreachable(act);
  }
}

function expectNotIsolated({ isolated }: Pick<ActPorts, 'isolated'>): void {
  if (!isolated) return;
  throw new FlotillaError('ISOLATED', 'this machine is isolated: its kubelet stays stopped', {
    kind: 'precondition',
    remedy: 'Release the machine first: flotilla release machine NAME',
  });
}

/** A unit that failed too often, or was masked or disabled by somebody, is started all the same: it is ours. */
async function restart({ host, changes }: StepContext, unit: 'kubelet.service' | 'containerd.service'): Promise<void> {
  if (changes.owns(`/etc/systemd/system/${unit}`)) {
    await unmaskUnit(host, unit);
    await systemctl(host, 'enable', unit);
  }
  return start(host, unit);
}

async function start(host: Host, unit: 'kubelet.service' | 'containerd.service'): Promise<void> {
  await host.run(['systemctl', 'reset-failed', unit], { timeoutMs: 30_000 });
  return systemctl(host, 'restart', unit);
}

async function freeOwnDisk({ context, installedVersion }: ActPorts): Promise<void> {
  const { host, stateDir, target, artifacts, facts, signal, log } = context;
  if (target.artifactManifestSha256 === '') {
    const dir = `${stateDir}/downloads`;
    await host.remove(dir);
    return;
  }
  // Without the list of what must stay, nothing is removed.
  const manifest = await artifacts.manifest(target, facts.arch, signal);
  const freed = await freeDisk({
    host,
    stateDir,
    protectedImages: manifest.files.flatMap(({ image }) => image ?? []),
    keptVersions: [target.kubernetesVersion, ...(installedVersion === undefined ? [] : [installedVersion])],
  });
  log.info(freed, 'freed disk space');
}
