import type { Host } from '../../host/host.js';
import { paths } from '../../host/paths.js';
import type { Step } from '../step.js';
import { clearFirewall, firewallLeftovers } from './firewall.js';

/** Interfaces that flannel, the bridge plugin and kube-proxy make under these fixed names. */
const interfaces = ['cni0', 'flannel.1', 'flannel-v6.1', 'kube-ipvs0'] as const;

/** One readable line for each thing of ours that the network still has. */
export async function networkLeftovers(host: Host): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of interfaces) if (await host.exists(`/sys/class/net/${name}`)) found.push(`interface ${name}`);
  return [...found, ...(await firewallLeftovers(host))];
}

export const leaveNetwork: Step = {
  name: 'leave-network',
  phase: 'leave',
  deadlineMs: 180_000,
  async check({ host, changes }) {
    // Without a claim on the CNI's directory we never brought a network here.
    if (!changes.claims(paths.cniConfig)) return 'done';
    return (await networkLeftovers(host)).length === 0 ? 'done' : 'needed';
  },
  async apply({ host }) {
    for (const name of interfaces) {
      if (await host.exists(`/sys/class/net/${name}`))
        await host.run(['ip', 'link', 'delete', name], { timeoutMs: 15_000 });
    }
    await clearFirewall(host);
  },
};
