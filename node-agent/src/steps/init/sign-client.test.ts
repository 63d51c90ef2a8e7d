import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { Bootstrap, MachineRole, type ObservedState } from '@flotilla/proto';
import { describe, expect, it, vi } from 'vitest';
import { fakeKubeadm } from '../../host/fake-programs.js';
import { aCluster, aTarget, clientSpki, FakeWorld } from '../../work/fake-world.js';

async function aCa(): Promise<{ pem: string; key: string }> {
  const { subtle } = globalThis.crypto;
  const keys = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=kubernetes',
    notBefore: new Date(0),
    notAfter: new Date(4e12),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    keys,
  });
  const pkcs8 = Buffer.from(await subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { pem: ca.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` };
}

/** Signing takes real time, in threads that a simulated clock knows nothing of: simulated time hardly moves meanwhile. */
async function converge(world: FakeWorld): Promise<void> {
  await vi.waitFor(
    async () => {
      await world.work(1);
      expect(world.worker.converged).toBe(true);
    },
    { timeout: 10_000, interval: 10 },
  );
}

async function initialised(): Promise<{ world: FakeWorld; caPem: string; observed: ObservedState }> {
  const world = await FakeWorld.create();
  const ca = await aCa();
  const kubeadm = fakeKubeadm(ca.pem, ca.key);
  world.host.programs.unshift(kubeadm.program);
  const target = aTarget({
    role: MachineRole.CONTROL_PLANE,
    cluster: { ...aCluster(), bootstrap: Bootstrap.INIT, endpoint: '', caCertHashes: [] },
  });
  world.start();
  await world.worker.accept(target, undefined);
  await converge(world);
  return { world, caPem: ca.pem, observed: await world.worker.observe() };
}

describe('the certificate for the control plane', () => {
  it('is signed by the new cluster for exactly the key of the target, and reported with the pin of the CA', async () => {
    const { world, caPem, observed } = await initialised();
    const certificate = new X509Certificate(observed.credentials?.clientCertificate ?? '');
    expect(certificate.publicKey.export({ type: 'spki', format: 'der' }).equals(clientSpki)).toBe(true);
    expect(certificate.verify(new X509Certificate(caPem).publicKey)).toBe(true);
    const spki = new X509Certificate(caPem).publicKey.export({ type: 'spki', format: 'der' });
    expect(observed.credentials?.caCertHash).toBe(`sha256:${createHash('sha256').update(spki).digest('hex')}`);
    expect(observed.steps.find(({ phase }) => phase === 'init')?.index).toBe(8);
    await world.stop();
  });

  it('no private key is in what is reported', async () => {
    const { world, observed } = await initialised();
    const text = JSON.stringify(observed, (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(text).not.toContain('PRIVATE');
    await world.stop();
  });

  it('is signed anew for a new key, and before it runs out', async () => {
    const { world, observed } = await initialised();
    const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
    const target = aTarget({
      generation: 2n,
      role: MachineRole.CONTROL_PLANE,
      cluster: {
        ...aCluster(),
        bootstrap: Bootstrap.INIT,
        endpoint: '',
        caCertHashes: [],
        controlPlaneClientSpki: spki,
      },
    });
    await world.worker.accept(target, undefined);
    await converge(world);
    const second = (await world.worker.observe()).credentials?.clientCertificate ?? '';
    expect(new X509Certificate(second).publicKey.export({ type: 'spki', format: 'der' }).equals(spki)).toBe(true);
    expect(second).not.toBe(observed.credentials?.clientCertificate);
    world.clock.stepWall(330 * 86_400_000);
    // A minute on, it looks again.
    await world.work(60_000);
    await vi.waitFor(async () => {
      await world.work(1);
      expect((await world.worker.observe()).credentials?.clientCertificate).not.toBe(second);
    });
    const third = (await world.worker.observe()).credentials?.clientCertificate ?? '';
    expect(Date.parse(new X509Certificate(third).validTo)).toBeGreaterThan(
      Date.parse(new X509Certificate(second).validTo),
    );
    await world.stop();
  });

  it('a control plane whose files are gone is never initialised again', async () => {
    const { world } = await initialised();
    world.host.entries.delete('/etc/kubernetes/admin.conf');
    await world.work(300_000);
    expect(world.board.view('bootstrap')).toMatchObject({
      state: 'parked',
      problems: [{ code: 'CONTROL_PLANE_FILES_MISSING' }],
    });
    await world.stop();
  });
});
