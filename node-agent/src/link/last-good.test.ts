import { silentLogger } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { FakeHost } from '../host/fake-host.js';
import { dialTarget } from './last-good.js';

const stateDir = '/var/lib/flotilla-agent';
const server = 'https://fleet.example.com:7440';

function aHost(): { host: FakeHost; dial: (proxied?: boolean) => Promise<string> } {
  const host = new FakeHost();
  host.dir(stateDir);
  const dial = (proxied = false) => dialTarget(server, { host, log: silentLogger, stateDir, proxied });
  return { host, dial };
}

describe('where to dial', () => {
  it('fault 34: without DNS the last addresses are tried; it never stops because a name does not resolve', async () => {
    const { host, dial } = aHost();
    // Never resolved yet: gRPC is given the name and tells why it fails.
    expect(await dial()).toBe('fleet.example.com:7440');
    host.names.set('fleet.example.com', ['203.0.113.5', '203.0.113.6']);
    expect(await dial()).toBe('ipv4:203.0.113.5:7440,203.0.113.6:7440');
    host.names.clear();
    expect(await dial()).toBe('ipv4:203.0.113.5:7440,203.0.113.6:7440');
    host.names.set('fleet.example.com', []);
    expect(await dial()).toBe('ipv4:203.0.113.5:7440,203.0.113.6:7440');
    // A new answer replaces the old one.
    host.names.set('fleet.example.com', ['2001:db8::5', '203.0.113.9']);
    expect(await dial()).toBe('ipv6:[2001:db8::5]:7440');
  });

  it('fault 34: a disk that cannot keep the addresses, or has kept rubbish, keeps nobody from dialling', async () => {
    const { host, dial } = aHost();
    host.put(`${stateDir}/server-addresses.json`, 'rubbish');
    expect(await dial()).toBe('fleet.example.com:7440');
    host.names.set('fleet.example.com', ['203.0.113.5']);
    host.onWrite = () => {
      throw new Error('ENOSPC');
    };
    expect(await dial()).toBe('ipv4:203.0.113.5:7440');
  });

  it('an address needs no DNS; behind a proxy the name is the proxy’s', async () => {
    const { host, dial } = aHost();
    host.names.set('fleet.example.com', ['203.0.113.5']);
    expect(await dial(true)).toBe('fleet.example.com:7440');
    const ports = { host, log: silentLogger, stateDir, proxied: false };
    expect(await dialTarget('https://[2001:db8::1]:7440', ports)).toBe('[2001:db8::1]:7440');
    expect(await dialTarget('https://10.0.0.1:7440', ports)).toBe('10.0.0.1:7440');
  });
});
