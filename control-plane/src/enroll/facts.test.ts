import { MachineFacts } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { parseFacts } from './facts.js';

describe('facts of a host', () => {
  it('pass when they are sane', () => {
    const facts = MachineFacts.create({
      hostname: 'edge',
      cpus: 4,
      memoryBytes: 8n * 2n ** 30n,
      interfaces: [{ name: 'eth0', mac: '', addresses: ['10.0.0.2'], mtu: 1500 }],
    });
    expect(parseFacts(facts)).toEqual(facts);
  });

  it('are cut to size, and never reach a terminal raw', () => {
    const facts = parseFacts(
      MachineFacts.create({
        hostname: `\u001b[31mred${'x'.repeat(5000)}`,
        cpus: -3,
        memoryBytes: -1n,
        diskBytes: 2n ** 62n,
        interfaces: Array.from({ length: 2000 }, (_, i) => ({ name: `e${i}`, mac: '', addresses: [], mtu: 0 })),
      }),
    );
    expect(facts.hostname).toMatch(/^ \[31mredx+$/);
    expect(facts.hostname).toHaveLength(256);
    expect([facts.cpus, facts.memoryBytes, facts.diskBytes, facts.interfaces.length]).toEqual([0, 0n, 2n ** 60n, 256]);
  });

  it('are needed', () => {
    expect(() => parseFacts(undefined)).toThrow(/missing/);
  });
});
