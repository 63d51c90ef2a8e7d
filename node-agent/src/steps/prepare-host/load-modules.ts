import type { Host } from '../../host/host.js';
import { paths } from '../../host/paths.js';
import type { Step } from '../step.js';

const modules = ['overlay', 'br_netfilter'] as const;
const fileText = `# Written by flotilla-agent; removed by flotilla-agent leave.\n${modules.join('\n')}\n`;

/** Loaded as a module, or built into the kernel. */
export async function hasModule(host: Host, name: string): Promise<boolean> {
  if (await host.exists(`/sys/module/${name}`)) return true;
  if (name === 'overlay') return /\boverlay\n/.test((await host.read('/proc/filesystems')) ?? '');
  return name === 'br_netfilter' && (await host.exists('/proc/sys/net/bridge/bridge-nf-call-iptables'));
}

export const loadModules: Step = {
  name: 'load-modules',
  phase: 'prepare-host',
  deadlineMs: 60_000,
  async check({ host }) {
    for (const name of modules) if (!(await hasModule(host, name))) return 'needed';
    return (await host.read(paths.modulesFile)) === fileText ? 'done' : 'needed';
  },
  async apply({ host, changes }) {
    for (const name of modules) if (!(await hasModule(host, name))) await changes.loadModule(name);
    await changes.ensureDir('/etc/modules-load.d', 0o755);
    await changes.writeFile(paths.modulesFile, fileText, 0o644);
  },
};
