import { sysctlPath } from '../../host/changes.js';
import { hasModule } from '../prepare-host/load-modules.js';
import { fine, problem, together, warning, type PreflightCheck } from './check.js';

/** Loaded, built in, or loadable. */
export const modules: PreflightCheck = {
  name: 'modules',
  async run({ host }) {
    const missing: string[] = [];
    for (const name of ['overlay', 'br_netfilter']) {
      if (await hasModule(host, name)) continue;
      const dry = await host.run(['modprobe', '--dry-run', name], { timeoutMs: 15_000 });
      if (dry.exitCode !== 0) missing.push(name);
    }
    if (missing.length === 0) return fine;
    return problem(
      'MODULE_MISSING',
      `the kernel has no ${missing.join(' and no ')}`,
      'Install the package with the modules of the running kernel (for example linux-modules-extra), or boot the newest kernel.',
    );
  },
};

export const ipForward: PreflightCheck = {
  name: 'ip-forward',
  async run({ host }) {
    const path = sysctlPath('net.ipv4.ip_forward');
    const value = (await host.read(path))?.trim();
    if (value === '1') return fine;
    try {
      // Writing the value it has changes nothing and shows whether we may.
      await host.writeDirect(path, value ?? '0');
      return fine;
    } catch {
      return problem(
        'IP_FORWARD_FIXED',
        'net.ipv4.ip_forward is 0 and cannot be changed',
        'Set it from outside: sysctl -w net.ipv4.ip_forward=1 on the host of this container.',
      );
    }
  },
};

const needed: readonly (readonly [program: string, pkg: string])[] = [
  ['ip', 'iproute2'],
  ['iptables', 'iptables'],
  ['mount', 'mount (util-linux)'],
  ['umount', 'mount (util-linux)'],
  ['nsenter', 'util-linux'],
  ['modprobe', 'kmod'],
];
const useful: readonly (readonly [program: string, pkg: string])[] = [
  ['nft', 'nftables'],
  ['conntrack', 'conntrack'],
];

export const tools: PreflightCheck = {
  name: 'tools',
  async run({ host }) {
    const absent = async (list: typeof needed): Promise<typeof needed> => {
      const found: (readonly [string, string])[] = [];
      for (const entry of list) if ((await host.which(entry[0])) === undefined) found.push(entry);
      return found;
    };
    const install = (list: typeof needed): string => `Install: ${[...new Set(list.map(([, pkg]) => pkg))].join(', ')}`;
    const names = (list: typeof needed): string => list.map(([program]) => program).join(', ');
    const [missing, wanted] = [await absent(needed), await absent(useful)];
    return together([
      missing.length === 0 ? fine : problem('TOOL_MISSING', `not installed: ${names(missing)}`, install(missing)),
      wanted.length === 0
        ? fine
        : warning('TOOL_ADVISED', `not installed, useful for looking into trouble: ${names(wanted)}`, install(wanted)),
    ]);
  },
};
