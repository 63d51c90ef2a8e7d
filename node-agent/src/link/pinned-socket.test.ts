import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FakeAuthority } from './fake-authority.js';
import { expectClock, verifyChain } from './pinned-socket.js';

const nowMs = Date.UTC(2026, 10, 21);

async function aChain(names: readonly string[], usage?: string) {
  const authority = await FakeAuthority.create(() => nowMs);
  const leaf = await authority.server(names, usage);
  return { authority, chain: [new X509Certificate(leaf.certificatePem), new X509Certificate(authority.caPem)] };
}

describe('who answers', () => {
  it('is believed when its chain ends at the pinned key and names the host', async () => {
    const { authority, chain } = await aChain(['cp.example.org', '10.0.0.1']);
    for (const host of ['cp.example.org', '10.0.0.1']) {
      expect(verifyChain(chain, authority.pin, host).fingerprint256).toBe(chain[1]?.fingerprint256);
    }
  });

  it('fault 12, fault 35: is refused under another key, as of a proxy that looks into TLS, and told as a mismatch', async () => {
    const { chain } = await aChain(['cp.example.org']);
    const other = await FakeAuthority.create(() => nowMs);
    expect(() => verifyChain(chain, other.pin, 'cp.example.org')).toThrow(/told to trust/);
    expect(() => verifyChain([], other.pin, 'cp.example.org')).toThrow(/told to trust/);
  });

  it('a CA that is only put beside a foreign certificate does not help it', async () => {
    const { authority, chain } = await aChain(['cp.example.org']);
    const foreign = await aChain(['cp.example.org']);
    const mixed = [foreign.chain[0], chain[1]].filter((certificate) => certificate !== undefined);
    expect(() => verifyChain(mixed, authority.pin, 'cp.example.org')).toThrow(/not signed by the pinned CA/);
  });

  it('a machine with a certificate of the same CA cannot pose as the server', async () => {
    const { authority, chain } = await aChain(['cp.example.org'], '1.3.6.1.5.5.7.3.2');
    expect(() => verifyChain(chain, authority.pin, 'cp.example.org')).toThrow(/not one of a server/);
  });

  it('another name is told with the names there are', async () => {
    const { authority, chain } = await aChain(['cp.example.org']);
    expect(() => verifyChain(chain, authority.pin, 'other.example.org')).toThrow(/names DNS:cp.example.org/);
  });
});

describe('the clock', () => {
  it.each([0, 299_000, -299_000])('%d ms off is in step', (offMs) => {
    expect(() => expectClock(nowMs + offMs, nowMs)).not.toThrow();
  });

  it.each([
    [301_000, /ahead of/],
    [-365 * 86_400_000, /365d behind/],
  ])('%d ms off is told with both times', (offMs, message) => {
    expect(() => expectClock(nowMs + offMs, nowMs)).toThrow(message);
    expect(() => expectClock(nowMs + offMs, nowMs)).toThrow('2026-11-21T00:00:00.000Z');
  });
});
