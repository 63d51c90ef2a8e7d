import { FlotillaError, type Logger } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import { channelTarget } from './channel.js';

const timeoutMs = 5_000;
const addressesMax = 8;

export interface LastGoodPorts {
  readonly host: Host;
  readonly log: Logger;
  readonly stateDir: string;
  /** Names are resolved by the proxy then, and not here. */
  readonly proxied: boolean;
}

function pathOf(stateDir: string): string {
  return `${stateDir}/server-addresses.json`;
}

function isAddress(host: string): boolean {
  return host.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

/**
 * Where gRPC connects to. A name is resolved here, and what it resolved to last is remembered: a machine does not lose
 * its control plane because its DNS is gone. Who answers there is checked by certificate either way.
 */
export async function dialTarget(server: string, ports: LastGoodPorts): Promise<string> {
  const { hostname, port } = new URL(server);
  if (isAddress(hostname) || ports.proxied) return channelTarget(server);
  const addresses = (await resolved(hostname, ports)) ?? (await remembered(ports));
  const [first] = addresses;
  if (first === undefined) return channelTarget(server);
  // One list has one family; the first address is the one the host prefers.
  const v6 = first.includes(':');
  const same = addresses.filter((address) => address.includes(':') === v6);
  const list = same.map((address) => (v6 ? `[${address}]:${port || '443'}` : `${address}:${port || '443'}`));
  return `${v6 ? 'ipv6' : 'ipv4'}:${list.join(',')}`;
}

async function resolved(name: string, { host, log, stateDir }: LastGoodPorts): Promise<readonly string[] | undefined> {
  try {
    const addresses = (await host.resolve(name, { timeoutMs })).slice(0, addressesMax);
    if (addresses.length === 0) return undefined;
    const text = `${JSON.stringify(addresses)}\n`;
    if ((await host.read(pathOf(stateDir))) !== text)
      await host.writeAtomic(pathOf(stateDir), text, 0o600).catch(() => undefined);
    return addresses;
  } catch (error) {
    if (!(error instanceof FlotillaError)) throw error;
    log.warn(
      { code: error.code, name },
      'the name of the control plane does not resolve: its last addresses are tried',
    );
    return undefined;
  }
}

async function remembered({ host, stateDir }: LastGoodPorts): Promise<readonly string[]> {
  try {
    const value: unknown = JSON.parse((await host.read(pathOf(stateDir))) ?? '[]');
    return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
  } catch {
    return [];
  }
}
