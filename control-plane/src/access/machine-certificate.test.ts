import { SimClock, systemRandom } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { Authority } from '../enroll/authority.js';
import { newKey } from '../enroll/x509.js';
import { fakeSecrets } from '../testing/secrets.js';
import { MachineCertificates } from './machine-certificate.js';

const hourMs = 3_600_000;

type Stored = { readonly state: 'ACTIVE' | 'REVOKED'; readonly machineId: string } | 'nothing';

async function setUp(stored: Stored = { state: 'ACTIVE', machineId: 'mch_222222222222' }) {
  const clock = new SimClock();
  const authority = await Authority.load({
    secrets: fakeSecrets(),
    clock,
    random: systemRandom,
    instanceId: 'ins_abc',
    serverNames: [],
  });
  const { der } = await authority.issueMachine({
    projectId: 'prj_a',
    machineId: 'mch_222222222222',
    publicKey: newKey().spki,
  });
  const record = stored === 'nothing' ? undefined : stored;
  // Only what is looked at.
  const reads = { certificate: async () => record } as unknown as ConstructorParameters<
    typeof MachineCertificates
  >[0]['reads'];
  const certificates = new MachineCertificates({ reads, clock, issued: (cert) => authority.issued(cert) });
  return { clock, certificates, der };
}

describe('the certificate of a machine', () => {
  it('says which machine it is', async () => {
    const { certificates, der } = await setUp();
    expect(await certificates.identify(der)).toMatchObject({
      machineId: 'mch_222222222222',
      projectId: 'prj_a',
      state: 'valid',
    });
  });

  it('expires after a day, on the clock of the server', async () => {
    const { certificates, der, clock } = await setUp();
    await clock.advance(24 * hourMs + 1000);
    expect((await certificates.identify(der))?.state).toBe('expired');
  });

  it('is not believed before it begins', async () => {
    const { certificates, der, clock } = await setUp();
    clock.stepWall(-hourMs);
    expect(await certificates.identify(der)).toBeUndefined();
  });

  it.each<[string, Stored]>([
    ['revoked', { state: 'REVOKED', machineId: 'mch_222222222222' }],
    ['unknown to the store', 'nothing'],
    ['of another machine in the store', { state: 'ACTIVE', machineId: 'mch_333333333333' }],
  ])('counts as revoked when it is %s', async (_, stored) => {
    const { certificates, der } = await setUp(stored);
    expect((await certificates.identify(der))?.state).toBe('revoked');
  });

  it('of another authority is nothing, and so is garbage', async () => {
    const { certificates } = await setUp();
    const { der } = await setUp();
    expect(await certificates.identify(der)).toBeUndefined();
    expect(await certificates.identify(Buffer.from('no certificate'))).toBeUndefined();
  });
});
