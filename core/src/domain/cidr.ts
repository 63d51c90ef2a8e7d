/** An IPv4 network: first address and length of the prefix. */
export interface Cidr {
  readonly network: number;
  readonly prefix: number;
}

/** `10.0.0.1` as a number; undefined when it is no IPv4 address. */
export function parseIpv4(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  let value = 0;
  for (const part of text.split('.')) {
    if (part.length > 1 && part.startsWith('0')) return undefined;
    const octet = Number(part);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

/** Parses `10.244.0.0/16`; a sentence that says what is wrong otherwise. */
export function parseCidr(text: string): Cidr | string {
  const [address, length, ...rest] = text.split('/');
  if (address === undefined || length === undefined || rest.length > 0) {
    return 'must be an IPv4 network such as 10.244.0.0/16';
  }
  const value = parseIpv4(address);
  if (value === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) {
    return address.includes(':')
      ? 'must be an IPv4 network; IPv6 is not supported yet'
      : 'must be an IPv4 network such as 10.244.0.0/16';
  }
  const prefix = Number(length);
  const sizeOf = 2 ** (32 - prefix);
  const network = Math.floor(value / sizeOf) * sizeOf;
  if (network !== value) return `has host bits set; write ${formatIpv4(network)}/${prefix}`;
  return { network, prefix };
}

/** Whether two networks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  const endOf = (c: Cidr): number => c.network + 2 ** (32 - c.prefix);
  return a.network < endOf(b) && b.network < endOf(a);
}

function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
