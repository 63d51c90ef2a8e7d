import { MachineFacts } from '@flotilla/proto';
import type { Host } from '../host/host.js';

const detectTimeoutMs = 10_000;

/** Cloud providers by what their firmware calls itself. */
const providers: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/amazon/i, 'aws'],
  [/google/i, 'gcp'],
  [/microsoft/i, 'azure'],
  [/digitalocean/i, 'digitalocean'],
  [/hetzner/i, 'hetzner'],
  [/scaleway/i, 'scaleway'],
  [/openstack/i, 'openstack'],
  [/oraclecloud/i, 'oracle'],
  [/ovh/i, 'ovh'],
];

/**
 * Facts with what the hardware says of itself: systemd knows the hypervisor, the firmware (SMBIOS, as the kernel shows
 * it) its maker, and the maker tells the cloud. Nothing outside is asked; what is not known stays empty.
 */
export async function withHardware(host: Host, facts: MachineFacts): Promise<MachineFacts> {
  const dmi = async (name: string): Promise<string> =>
    (await host.read(`/sys/class/dmi/id/${name}`).catch(() => undefined))?.trim() ?? '';
  const [vendor, model] = [await dmi('sys_vendor'), await dmi('product_name')];
  const provider = providers.find(([pattern]) => pattern.test(`${vendor} ${model}`))?.[1] ?? '';
  return MachineFacts.create({
    ...facts,
    virtualization: await hypervisor(host),
    cloudProvider: provider,
    // On AWS the product name is the instance type.
    instanceType: provider === 'aws' ? model : '',
  });
}

/** As `systemd-detect-virt` names it; empty on bare metal, where it ends with 1. */
async function hypervisor(host: Host): Promise<string> {
  const { exitCode, stdout } = await host.run(['systemd-detect-virt', '--vm'], { timeoutMs: detectTimeoutMs });
  const name = stdout.trim();
  return exitCode === 0 && /^[a-z0-9-]{1,32}$/.test(name) ? name : '';
}
