import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '@flotilla/kit';
import { FakeHost } from '../host/fake-host.js';
import { certificateRequest } from '../host/x509.js';
import { FakeAuthority } from './fake-authority.js';
import { IdentityStore } from './identity.js';
import { renewalStatement, renewAtMs } from './renew.js';

const dir = '/state';
const machine = { machineId: 'mch_1', machineName: 'a', project: 'p', cluster: '', pool: '' };

async function enrolled() {
  const host = new FakeHost();
  host.dir(dir);
  const store = new IdentityStore(host, dir);
  const authority = await FakeAuthority.create(Date.now);
  const csr = certificateRequest(await store.firstTlsKey());
  await store.saveEnrollment(machine, await authority.machine(csr, 'mch_1', 86_400_000), authority.caPem);
  return { host, store, authority };
}

describe('the identity on disk', () => {
  it('keys are made once and are the same ever after', async () => {
    const { host, store } = await enrolled();
    const first = await store.identityKey();
    expect((await new IdentityStore(host, dir).identityKey()).equals(first)).toBe(true);
    expect(await store.installId(seededRandom(1))).toBe(await store.installId(seededRandom(2)));
  });

  it('is not there until everything of it is', async () => {
    const { host, store } = await enrolled();
    expect(await store.machine()).toEqual(machine);
    host.entries.delete(`${dir}/machine.json`);
    expect(await store.machine()).toBeUndefined();
  });

  it.each(['before the certificate', 'between certificate and key', 'after both'])(
    'a renewal that is cut %s leaves a pair that fits',
    async (where) => {
      const { host, store, authority } = await enrolled();
      const csr = certificateRequest(await store.nextTlsKey());
      const renewed = await authority.machine(csr, 'mch_1', 2 * 86_400_000);
      if (where === 'between certificate and key') {
        host.onWrite = (_path, verb) => {
          if (verb === 'rename') throw new Error('killed');
        };
        await expect(store.saveRenewal(renewed, '')).rejects.toThrow('killed');
        host.onWrite = () => undefined;
      }
      if (where === 'after both') await store.saveRenewal(renewed, '');
      const found = await new IdentityStore(host, dir).tls();
      expect(found.certificate === renewed).toBe(where !== 'before the certificate');
      // A second look, after what was cut is put right.
      expect(await store.tls()).toEqual(found);
    },
  );

  it('a certificate without its key is damage, told with its cure', async () => {
    const { host, store } = await enrolled();
    host.entries.delete(`${dir}/tls.key`);
    await expect(store.tls()).rejects.toMatchObject({ code: 'IDENTITY_DAMAGED' });
  });
});

describe('renewal', () => {
  it('is due between half and 70 % of the life', async () => {
    const { store } = await enrolled();
    const leaf = new X509Certificate((await store.tls()).certificate);
    const fromMs = Date.parse(leaf.validFrom);
    const lifeMs = Date.parse(leaf.validTo) - fromMs;
    for (let seed = 0; seed < 50; seed++) {
      const share = (renewAtMs(leaf, seededRandom(seed)) - fromMs) / lifeMs;
      expect(share).toBeGreaterThanOrEqual(0.5);
      expect(share).toBeLessThanOrEqual(0.7);
    }
  });

  it('signs request and current certificate together', () => {
    const statement = renewalStatement(Buffer.from('csr'), Buffer.from('leaf'));
    expect(statement.subarray(0, 18).toString()).toBe('flotilla-renew-v1\0');
    expect(statement).toHaveLength(18 + 64);
    expect(statement.equals(renewalStatement(Buffer.from('csr'), Buffer.from('other')))).toBe(false);
  });
});
