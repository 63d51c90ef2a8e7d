import { createHash } from 'node:crypto';

import { TestbedError } from './errors.js';

/** The kernel's limit for interface names, without the closing zero byte. */
const MAX_INTERFACE_NAME = 15;
/** systemd-nspawn calls the host's end of a server's cable `vb-<machine>`. */
const PORT_PREFIX = 'vb-';
const MAX_MACHINE_NAME = MAX_INTERFACE_NAME - PORT_PREFIX.length;
const BRIDGE_PREFIX = 'flt-';
const FIRST_SERVER_HOST_NUMBER = 11;
const LAST_SERVER_HOST_NUMBER = 254;

export const CGROUP_ROOT = 'flotilla-testbed';
/** The cgroup of the loops that boot servers again; therefore no server may have this name. */
export const KEEPERS = 'keepers';
export const DEFAULT_BED = 'demo';
/** How a person calls the command line; in every remedy, so that it can be copied. */
export const CALL = 'npm run testbed --';

const ALPHABET = [
  'alpha',
  'bravo',
  'charlie',
  'delta',
  'echo',
  'foxtrot',
  'golf',
  'hotel',
  'india',
  'juliett',
  'kilo',
  'lima',
  'mike',
  'november',
  'oscar',
  'papa',
  'quebec',
  'romeo',
  'sierra',
  'tango',
  'uniform',
  'victor',
  'whiskey',
  'xray',
  'yankee',
  'zulu',
] as const;

/** The first `count` names of the spelling alphabet; from the 27th on with a number (`alpha-2`). */
export function defaultServerNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const word = ALPHABET[index % ALPHABET.length] ?? 'server';
    const round = Math.floor(index / ALPHABET.length) + 1;
    return round === 1 ? word : `${word}-${String(round)}`;
  });
}

/** A bed name fits into `flt-<name>` and has no hyphen, so that bed and server can be joined by one without clashes. */
export function parseBedName(text: string): string {
  if (/^[a-z][a-z0-9]{0,10}$/.test(text)) return text;
  throw new TestbedError(
    'BAD_BED_NAME',
    `"${text}" is not a bed name`,
    'Use 1 to 11 small letters and digits, a letter first, for example demo.',
  );
}

/** A server name is a host name label of at most 30 characters. */
export function parseServerName(text: string): string {
  if (text === KEEPERS) throw new TestbedError('BAD_SERVER_NAME', `"${KEEPERS}" is reserved`, 'Choose another name.');
  if (/^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/.test(text)) return text;
  throw new TestbedError(
    'BAD_SERVER_NAME',
    `"${text}" is not a server name`,
    'Use small letters, digits and hyphens, a letter first, at most 30 characters.',
  );
}

export function bridgeName(bed: string): string {
  return BRIDGE_PREFIX + bed;
}

/** The bed of a bridge, or null for an interface that is not ours. */
export function bedOfBridge(interfaceName: string): string | null {
  return /^flt-([a-z][a-z0-9]{0,10})$/.exec(interfaceName)?.[1] ?? null;
}

/** The nft table (family bridge) that holds the partitions of a bed. */
export function tableName(bed: string): string {
  return `flotilla_testbed_${bed}`;
}

/** Name of the server for systemd-nspawn: unique on the host, short enough that the cable's name is not cut. */
export function machineName(bed: string, server: string): string {
  const plain = `${bed}-${server}`;
  if (plain.length <= MAX_MACHINE_NAME) return plain;
  const mark = createHash('sha256').update(plain).digest('hex').slice(0, 5);
  return `${plain.slice(0, MAX_MACHINE_NAME - mark.length - 1).replace(/-+$/, '')}-${mark}`;
}

/** The host's end of the server's cable: the same after every boot. */
export function portName(bed: string, server: string): string {
  return PORT_PREFIX + machineName(bed, server);
}

/** `10.77.N` of a subnet `10.77.N.0/24`; other shapes are refused. */
function networkOf(subnet: string): string {
  const match = /^((?:\d{1,3}\.){2}\d{1,3})\.0\/24$/.exec(subnet);
  const network = match?.[1];
  if (network === undefined || network.split('.').some((part) => Number(part) > 255)) {
    throw new TestbedError('BAD_SUBNET', `"${subnet}" is not a /24 network`, 'Give one like 10.77.3.0/24.');
  }
  return network;
}

export function parseSubnet(subnet: string): string {
  networkOf(subnet);
  return subnet;
}

/** Address of the host on the bridge: a control plane under test listens here. */
export function hostAddress(subnet: string): string {
  return `${networkOf(subnet)}.1`;
}

/** The lowest server address of the subnet that is not in `taken`. */
export function nextServerAddress(subnet: string, taken: readonly string[]): string {
  const network = networkOf(subnet);
  for (let host = FIRST_SERVER_HOST_NUMBER; host <= LAST_SERVER_HOST_NUMBER; host += 1) {
    const address = `${network}.${String(host)}`;
    if (!taken.includes(address)) return address;
  }
  throw new TestbedError(
    'SUBNET_FULL',
    `all server addresses of ${subnet} are in use`,
    'Open a second bed with another name.',
  );
}

/**
 * The first free 10.77.N.0/24. The default bed likes N = 0 and leaves it free for itself when it is not up.
 * @param taken destinations of the host's routes and addresses, as `a.b.c.d` or `a.b.c.d/n`
 */
export function pickSubnet(bed: string, taken: readonly string[]): string {
  for (let third = bed === DEFAULT_BED ? 0 : 1; third <= 255; third += 1) {
    const subnet = `10.77.${String(third)}.0/24`;
    if (!isTaken(subnet, taken)) return subnet;
  }
  throw new TestbedError(
    'NO_SUBNET',
    'no free network 10.77.N.0/24 on this host',
    'Give one with --subnet, or take other beds down.',
  );
}

/** Whether a network shares an address with one that the host knows. */
export function isTaken(subnet: string, taken: readonly string[]): boolean {
  const [low, high] = toRange(subnet);
  return taken.map(toRange).some(([from, to]) => from <= high && low <= to);
}

function toRange(cidr: string): readonly [number, number] {
  const [address = '', bits = '32'] = cidr.split('/');
  const start = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const low = Math.floor(start / size) * size;
  return [low, low + size - 1];
}
