import { FlotillaError } from '@flotilla/kit';
import { sysctlPath } from '../../host/changes.js';
import type { Host } from '../../host/host.js';
import { paths } from '../../host/paths.js';
import type { Step, StepContext } from '../step.js';

/** Without these no pod has a network. */
const networkSysctls: readonly (readonly [string, string])[] = [
  ['net.ipv4.ip_forward', '1'],
  ['net.bridge.bridge-nf-call-iptables', '1'],
  ['net.bridge.bridge-nf-call-ip6tables', '1'],
];

/** What the kubelet would set by itself; we set it, so that leaving can put the old values back. */
export const kernelDefaults: readonly (readonly [string, string])[] = [
  ['vm.overcommit_memory', '1'],
  ['vm.panic_on_oom', '0'],
  ['kernel.panic', '10'],
  ['kernel.panic_on_oops', '1'],
  ['kernel.keys.root_maxkeys', '1000000'],
  ['kernel.keys.root_maxbytes', '25000000'],
];

async function isSet(host: Host, [key, value]: readonly [string, string]): Promise<boolean> {
  return (await host.read(sysctlPath(key)))?.trim() === value;
}

/** Whether the kubelet may be told to insist on its kernel settings on this host. */
export async function hasKernelDefaults(host: Host): Promise<boolean> {
  for (const setting of kernelDefaults) if (!(await isSet(host, setting))) return false;
  return true;
}

async function present(
  host: Host,
  settings: readonly (readonly [string, string])[],
): Promise<readonly (readonly [string, string])[]> {
  const found: (readonly [string, string])[] = [];
  for (const setting of settings) if (await host.exists(sysctlPath(setting[0]))) found.push(setting);
  return found;
}

/** For the next boot. Unknown keys are marked with "-", so that they do not fail systemd-sysctl. */
async function fileText(host: Host): Promise<string> {
  const settings = [...(await present(host, networkSysctls)), ...(await present(host, kernelDefaults))];
  const lines = settings.map(([key, value]) => `-${key} = ${value}`);
  return `# Written by flotilla-agent; removed by flotilla-agent leave.\n${lines.join('\n')}\n`;
}

async function applyDefaults({ host, changes, log }: StepContext): Promise<void> {
  for (const [key, value] of await present(host, kernelDefaults)) {
    try {
      await changes.setSysctl(key, value);
    } catch (error) {
      // A container-like host may not; the kubelet is then not told to insist.
      if (!(error instanceof FlotillaError)) throw error;
      log.info({ key, code: error.code }, 'kernel setting cannot be changed here');
    }
  }
}

export const setSysctls: Step = {
  name: 'set-sysctls',
  phase: 'prepare-host',
  deadlineMs: 60_000,
  async check({ host }) {
    for (const setting of await present(host, networkSysctls)) if (!(await isSet(host, setting))) return 'needed';
    return (await host.read(paths.sysctlFile)) === (await fileText(host)) ? 'done' : 'needed';
  },
  async apply(context) {
    const { host, changes } = context;
    for (const [key, value] of await present(host, networkSysctls)) await changes.setSysctl(key, value);
    await applyDefaults(context);
    await changes.ensureDir('/etc/sysctl.d', 0o755);
    await changes.writeFile(paths.sysctlFile, await fileText(host), 0o644);
  },
};
