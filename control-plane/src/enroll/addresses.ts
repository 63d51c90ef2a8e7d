import { BlockList, isIP } from 'node:net';

/** A list of networks to look addresses up in; undefined when one of them is none. */
export function addressList(cidrs: readonly string[]): BlockList | undefined {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix, rest] = cidr.split('/');
    const family = isIP(address);
    const bitsMax = family === 6 ? 128 : 32;
    const bits = prefix === undefined ? bitsMax : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (family === 0 || rest !== undefined || bits < 0 || bits > bitsMax) return undefined;
    list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
