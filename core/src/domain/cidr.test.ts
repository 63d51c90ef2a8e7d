import { describe, expect, test } from 'vitest';
import { overlaps, parseCidr, parseIpv4, type Cidr } from './cidr.js';

const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};

describe('parseCidr', () => {
  test('takes networks', () => {
    expect(cidr('10.244.0.0/16')).toEqual({ network: 0x0af40000, prefix: 16 });
    expect(cidr('0.0.0.0/0').prefix).toBe(0);
  });

  test.each(['', '10.0.0.0', '10.0.0/8', '10.0.0.256/8', '010.0.0.0/8', '10.0.0.0/33', '10.0.0.0/8/8', 'a/8'])(
    'refuses %j',
    (text) => {
      expect(parseCidr(text)).toMatch(/must be an IPv4 network/);
    },
  );

  test('says how to write a network with host bits', () => {
    expect(parseCidr('10.244.3.7/16')).toBe('has host bits set; write 10.244.0.0/16');
  });

  test('names IPv6 for what it is', () => {
    expect(parseCidr('fd00::/48')).toMatch(/IPv6 is not supported yet/);
  });
});

test('overlap is seen in both directions and not between neighbours', () => {
  expect(overlaps(cidr('10.0.0.0/8'), cidr('10.96.0.0/12'))).toBe(true);
  expect(overlaps(cidr('10.96.0.0/12'), cidr('10.0.0.0/8'))).toBe(true);
  expect(overlaps(cidr('10.0.0.0/16'), cidr('10.1.0.0/16'))).toBe(false);
});

test('addresses', () => {
  expect(parseIpv4('255.255.255.255')).toBe(0xffffffff);
  expect(parseIpv4('1.2.3')).toBeUndefined();
});
