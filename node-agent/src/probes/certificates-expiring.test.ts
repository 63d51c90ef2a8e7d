import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { ConditionStatus } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { fakeClusterCa } from '../host/fake-cluster-ca.js';
import { signClientCertificate, spkiOf } from '../host/x509.js';
import { certificatesExpiring } from './certificates-expiring.js';
import { aProbeWorld } from './fake-probe-context.js';

const dayMs = 86_400_000;
const ca = fakeClusterCa();
const client = '/var/lib/kubelet/pki/kubelet-client-current.pem';

function aCertificate(nowMs: number, fromDays: number, toDays: number): string {
  return signClientCertificate({
    caCertificatePem: ca.certificatePem,
    caKey: createPrivateKey(ca.keyPem),
    publicKeySpki: spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
    commonName: 'system:node:edge-7',
    organization: 'system:nodes',
    notBefore: new Date(nowMs + fromDays * dayMs),
    notAfter: new Date(nowMs + toDays * dayMs),
    serial: Buffer.of(1),
  });
}

describe('CertificatesExpiring', () => {
  it.each([
    [-100, 265, ConditionStatus.FALSE, 'Valid'],
    [-330, 35, ConditionStatus.TRUE, 'Expiring'],
    [-366, -1, ConditionStatus.TRUE, 'Expired'],
    [1, 366, ConditionStatus.TRUE, 'NotYetValid'],
  ])('from %d to %d days: %s %s', async (from, to, status, reason) => {
    const { host, clock, context } = aProbeWorld();
    host.put(client, `${aCertificate(clock.now().wallMs, from, to)}-----BEGIN EC PRIVATE KEY-----`);
    expect(await certificatesExpiring.read(context())).toMatchObject({ status, reason });
  });

  it('the worst one is named, kubeconfigs are looked into, and a renewed one clears it', async () => {
    const { host, clock, context } = aProbeWorld();
    const { wallMs } = clock.now();
    host.put(client, aCertificate(wallMs, -1, 364));
    const embedded = Buffer.from(aCertificate(wallMs, -366, -2)).toString('base64');
    host.put('/etc/kubernetes/admin.conf', `users:\n- user:\n    client-certificate-data: ${embedded}\n`);
    const found = () => certificatesExpiring.read(context({ controlPlane: true }));
    expect(await found()).toMatchObject({
      reason: 'Expired',
      message: 'expired: /etc/kubernetes/admin.conf (48h ago)',
    });
    // On a worker nobody needs that file.
    expect(await certificatesExpiring.read(context())).toMatchObject({ reason: 'Valid' });
    const fresh = Buffer.from(aCertificate(wallMs, -1, 364)).toString('base64');
    host.put('/etc/kubernetes/admin.conf', `users:\n- user:\n    client-certificate-data: ${fresh}\n`);
    expect(await found()).toMatchObject({ reason: 'Valid' });
  });

  it('the agent’s own is told apart: nothing of the node is wrong when it has run out', async () => {
    const { host, clock, context } = aProbeWorld();
    const { wallMs } = clock.now();
    host.put(client, aCertificate(wallMs, -1, 364));
    host.put('/var/lib/flotilla-agent/tls.crt', aCertificate(wallMs, -2, -1));
    expect(await certificatesExpiring.read(context())).toMatchObject({ reason: 'AgentNotRenewed' });
    host.put(client, aCertificate(wallMs, -366, -1));
    expect((await certificatesExpiring.read(context()))?.reason).toBe('Expired');
  });

  it('what cannot be read as a certificate is left out, not taken for expired', async () => {
    const { host, context } = aProbeWorld();
    host.put(client, '-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n');
    expect(await certificatesExpiring.read(context())).toMatchObject({ reason: 'Valid' });
  });
});
