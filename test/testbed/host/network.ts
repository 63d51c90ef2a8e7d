import type { BedState } from '../pure/bed-state.js';
import { bedOfBridge, bridgeName, hostAddress, tableName } from '../pure/names.js';
import { planPartitionRules } from '../pure/partition-rules.js';
import { exists, listNames, readText } from './files.js';
import { run, runOk } from './run.js';

const BRIDGE_FILTER = '/proc/sys/net/bridge/bridge-nf-call-iptables';

/** Makes the bed's bridge with the host as .1; leaves an existing one alone. */
export async function ensureBridge(bed: BedState): Promise<void> {
  const bridge = bridgeName(bed.name);
  if (!exists(`/sys/class/net/${bridge}`)) {
    // Without snooping and spanning tree a port passes traffic at once.
    await runOk([
      'ip',
      'link',
      'add',
      'name',
      bridge,
      'type',
      'bridge',
      'stp_state',
      '0',
      'forward_delay',
      '0',
      'mcast_snooping',
      '0',
    ]);
  }
  await runOk(['ip', 'address', 'replace', `${hostAddress(bed.subnet)}/24`, 'dev', bridge]);
  await runOk(['ip', 'link', 'set', 'dev', bridge, 'up']);
  await passHostFirewall(bridge);
  await applyPartitions(bed);
}

/**
 * Hosts with Docker or Kubernetes filter bridged traffic with iptables and drop it by default.
 * There, and only there, one marked rule lets the bed's own traffic pass; it goes with the bridge.
 */
async function passHostFirewall(bridge: string): Promise<void> {
  if ((readText(BRIDGE_FILTER) ?? '0').trim() !== '1') return;
  const rules = await run(['iptables', '-S', 'FORWARD']);
  if (rules.code !== 0 || rules.stdout.trim() === '-P FORWARD ACCEPT') return;
  if ((await run(['iptables', '-C', 'FORWARD', ...passRule(bridge)])).code === 0) return;
  await runOk(['iptables', '-I', 'FORWARD', '1', ...passRule(bridge)]);
}

function passRule(bridge: string): string[] {
  return ['-i', bridge, '-o', bridge, '-j', 'ACCEPT'];
}

/** Makes the bridge drop what the bed's partitions say, in one transaction. */
export async function applyPartitions(bed: BedState): Promise<void> {
  await runOk(['nft', '-f', '-'], { input: planPartitionRules(bed) });
}

/** Removes bridge, partitions and firewall rule of a bed; what is not there is fine. */
export async function removeNetwork(bed: string): Promise<void> {
  const bridge = bridgeName(bed);
  if (await hasTable(bed)) await runOk(['nft', 'delete', 'table', 'bridge', tableName(bed)]);
  while ((await run(['iptables', '-C', 'FORWARD', ...passRule(bridge)]).catch(() => ({ code: 1 }))).code === 0) {
    await runOk(['iptables', '-D', 'FORWARD', ...passRule(bridge)]);
  }
  if (exists(`/sys/class/net/${bridge}`)) await runOk(['ip', 'link', 'delete', 'dev', bridge]);
}

export async function hasTable(bed: string): Promise<boolean> {
  const tables = await run(['nft', 'list', 'tables', 'bridge']);
  return tables.stdout.split('\n').includes(`table bridge ${tableName(bed)}`);
}

export function hasInterface(name: string): boolean {
  return exists(`/sys/class/net/${name}`);
}

/** Beds that have a bridge on this host. */
export function bedsWithBridges(): string[] {
  return listNames('/sys/class/net').flatMap((name) => bedOfBridge(name) ?? []);
}

/** Networks that this host already knows, as destinations of its routes. */
export async function takenNetworks(): Promise<string[]> {
  const routes = await runOk(['ip', '-4', 'route', 'show', 'table', 'all']);
  return routes.split('\n').flatMap((line) => /(?:^|\s)(\d+\.\d+\.\d+\.\d+(?:\/\d+)?)/.exec(line)?.[1] ?? []);
}
