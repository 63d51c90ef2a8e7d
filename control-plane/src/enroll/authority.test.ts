import { X509Certificate } from 'node:crypto';
import { SimClock, systemRandom } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { fakeSecrets } from '../testing/secrets.js';
import { Authority } from './authority.js';
import { newKey } from './x509.js';

const dayMs = 86_400_000;

async function setUp() {
  const clock = new SimClock();
  const secrets = fakeSecrets();
  const load = () =>
    Authority.load({
      secrets,
      clock,
      random: systemRandom,
      instanceId: 'ins_abc',
      serverNames: ['fleet.example.org', '10.0.0.5', '::1'],
    });
  return { clock, secrets, load, authority: await load() };
}

describe('the authority', () => {
  it('keeps its pins over a restart', async () => {
    const { authority, load } = await setUp();
    const again = await load();
    expect([again.caPin, again.publicKeyPin, again.caPem]).toEqual([
      authority.caPin,
      authority.publicKeyPin,
      authority.caPem,
    ]);
    expect(authority.caPin).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(authority.publicKeyPin).toMatch(/^sha256\/\/[A-Za-z0-9+/]{43}=$/);
  });

  it('shows a leaf for its names, and the root behind it', async () => {
    const { authority } = await setUp();
    const [leaf, root] = authority.serverCredentials.cert
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => new X509Certificate(pem));
    expect(leaf?.checkHost('fleet.example.org')).toBe('fleet.example.org');
    expect([leaf?.checkIP('10.0.0.5'), leaf?.checkIP('::1')]).toEqual(['10.0.0.5', '::1']);
    expect(leaf?.checkHost('other.example.org')).toBeUndefined();
    expect([leaf?.ca, root?.ca]).toEqual([false, true]);
    expect(root?.verify(root.publicKey)).toBe(true);
  });

  it('renews the leaf with the same key when a third of its life is left, and remembers the one before', async () => {
    const { authority, clock } = await setUp();
    const [before] = authority.serverCertificateHashes;
    await clock.advance(59 * dayMs);
    expect(await authority.renewServer()).toBe(false);
    await clock.advance(2 * dayMs);
    const pin = authority.publicKeyPin;
    expect(await authority.renewServer()).toBe(true);
    expect(authority.publicKeyPin).toBe(pin);
    expect(authority.serverCertificateHashes).toHaveLength(2);
    expect(authority.serverCertificateHashes[1]).toEqual(before);
  });

  it('knows its own certificates from those of another with the same name', async () => {
    const { authority } = await setUp();
    const { authority: other } = await setUp();
    const machine = { projectId: 'prj_a', machineId: 'mch_a', publicKey: newKey().spki };
    expect(authority.issued((await authority.issueMachine(machine)).der)).toBe(true);
    expect(authority.issued((await other.issueMachine(machine)).der)).toBe(false);
  });

  it('says what to do when its key is no key', async () => {
    const { secrets, load } = await setUp();
    secrets.values.set('ca', Buffer.from('nonsense'));
    await expect(load()).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  });
});
