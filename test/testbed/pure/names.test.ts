import { describe, expect, test } from 'vitest';

import * as names from './names.js';

describe('names on the host', () => {
  test('interface names fit into the 15 characters of the kernel, whatever the names are', () => {
    for (const [bed, server] of [
      ['demo', 'alpha'],
      ['demo', 'charlie'],
      ['abcdefghijk', 'a-very-long-name-of-a-server'],
    ] as const) {
      expect(names.portName(bed, server).length).toBeLessThanOrEqual(15);
      expect(names.bridgeName(bed).length).toBeLessThanOrEqual(15);
    }
  });

  test('short names stay readable, long ones stay apart', () => {
    expect(names.machineName('demo', 'charlie')).toBe('demo-charlie');
    expect(names.machineName('demo', 'november')).toMatch(/^demo-n?-?[0-9a-f]{5}$/);
    expect(names.machineName('demo', 'worker-one-1')).not.toBe(names.machineName('demo', 'worker-one-2'));
  });

  test('a bridge tells its bed, other interfaces none', () => {
    expect(names.bedOfBridge(names.bridgeName('demo'))).toBe('demo');
    expect(['flt-', 'flt-a-b', 'docker0', 'xflt-demo'].map(names.bedOfBridge)).toEqual([null, null, null, null]);
  });

  test('bed names without hyphen, so that bed and server joined by one cannot clash', () => {
    expect(names.parseBedName('e2e1')).toBe('e2e1');
    for (const bad of ['', 'a-b', 'A', '1a', 'twelveletter', '../x'])
      expect(() => names.parseBedName(bad)).toThrow(/not a bed name/);
  });

  test('server names are host names', () => {
    expect(names.parseServerName('edge-7')).toBe('edge-7');
    for (const bad of ['', '-a', 'a-', 'a_b', 'a/b', '7a', 'a'.repeat(31)]) {
      expect(() => names.parseServerName(bad)).toThrow(/not a server name/);
    }
    expect(() => names.parseServerName('keepers')).toThrow(/reserved/);
  });

  test('the 27th server starts the alphabet again', () => {
    expect(names.defaultServerNames(3)).toEqual(['alpha', 'bravo', 'charlie']);
    expect(names.defaultServerNames(28).slice(-2)).toEqual(['alpha-2', 'bravo-2']);
  });
});

describe('networks', () => {
  test('the default bed takes the first, others leave it free for it', () => {
    expect(names.pickSubnet('demo', [])).toBe('10.77.0.0/24');
    expect(names.pickSubnet('other', [])).toBe('10.77.1.0/24');
  });

  test('a network that the host knows by any prefix is skipped', () => {
    expect(names.pickSubnet('demo', ['10.77.0.0/24', '10.77.1.7'])).toBe('10.77.2.0/24');
    expect(names.pickSubnet('demo', ['10.77.0.0/17'])).toBe('10.77.128.0/24');
    expect(() => names.pickSubnet('demo', ['10.0.0.0/8'])).toThrow(/no free network/);
  });

  test('the default route and 192.0.2.0 do not stand in the way', () => {
    expect(names.pickSubnet('demo', ['192.0.2.0/24', '127.0.0.0/8'])).toBe('10.77.0.0/24');
  });

  test('networks that share an address, in either direction', () => {
    expect(names.isTaken('10.77.3.0/24', ['10.77.3.200'])).toBe(true);
    expect(names.isTaken('10.77.3.0/24', ['10.0.0.0/8'])).toBe(true);
    expect(names.isTaken('10.77.3.0/24', ['10.77.2.0/24', '10.77.4.0/24'])).toBe(false);
  });

  test('the host is .1, servers start at .11 and fill gaps', () => {
    expect(names.hostAddress('10.77.3.0/24')).toBe('10.77.3.1');
    expect(names.nextServerAddress('10.77.3.0/24', [])).toBe('10.77.3.11');
    expect(names.nextServerAddress('10.77.3.0/24', ['10.77.3.11', '10.77.3.13'])).toBe('10.77.3.12');
  });

  test('a full network is refused', () => {
    const all = Array.from({ length: 244 }, (_, index) => `10.77.0.${String(index + 11)}`);
    expect(() => names.nextServerAddress('10.77.0.0/24', all)).toThrow(/in use/);
  });

  test.each(['10.77.0.1/24', '10.77.0.0/16', '300.1.1.0/24', 'x'])('%s is not a network for a bed', (text) => {
    expect(() => names.parseSubnet(text)).toThrow(/not a \/24/);
  });
});
