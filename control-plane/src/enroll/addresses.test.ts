import { describe, expect, it } from 'vitest';
import { addressList } from './addresses.js';

describe('a list of networks', () => {
  it('holds addresses of both families', () => {
    const list = addressList(['10.0.0.0/8', '203.0.113.9', '2001:db8::/32']);
    expect(['10.9.9.9', '203.0.113.9', '203.0.113.8'].map((a) => list?.check(a, 'ipv4'))).toEqual([true, true, false]);
    expect(list?.check('2001:db8:1::1', 'ipv6')).toBe(true);
  });

  it.each(['10.0.0.0/33', '10.0.0/8', 'host', '10.0.0.0/8/8', '10.0.0.0/', '2001:db8::/129', ''])(
    'refuses %j',
    (cidr) => {
      expect(addressList([cidr])).toBeUndefined();
    },
  );
});
