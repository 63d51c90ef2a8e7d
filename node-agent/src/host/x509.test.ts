import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { certificateRequest, pinOf, signClientCertificate, spkiOf } from './x509.js';

async function aKubernetesCa(algorithm: 'rsa' | 'ec') {
  const { subtle } = globalThis.crypto;
  const parameters =
    algorithm === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
      : { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = await subtle.generateKey(parameters, true, ['sign', 'verify']);
  if (!('privateKey' in keys)) throw new Error('a pair was asked for');
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=kubernetes',
    notBefore: new Date(0),
    notAfter: new Date(4e12),
    signingAlgorithm:
      algorithm === 'rsa' ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } : { name: 'ECDSA', hash: 'SHA-256' },
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const pkcs8 = Buffer.from(await subtle.exportKey('pkcs8', keys.privateKey));
  const { createPrivateKey } = await import('node:crypto');
  return { pem: ca.toString('pem'), key: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }) };
}

describe('certificates', () => {
  it('a request is signed by its key and carries it', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const request = new x509.Pkcs10CertificateRequest(new Uint8Array(certificateRequest(privateKey)));
    expect(await request.verify()).toBe(true);
    expect(request.subject).toBe('CN=flotilla-agent');
    expect(request.attributes).toEqual([]);
    expect(Buffer.from(request.publicKey.rawData).equals(spkiOf(privateKey))).toBe(true);
  });

  it.each(['rsa', 'ec'] as const)(
    'a client certificate of an %s CA is what Kubernetes takes for its administrators',
    async (algorithm) => {
      const ca = await aKubernetesCa(algorithm);
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const pem = signClientCertificate({
        caCertificatePem: ca.pem,
        caKey: ca.key,
        publicKeySpki: publicKey.export({ type: 'spki', format: 'der' }),
        commonName: 'flotilla-control-plane',
        organization: 'kubeadm:cluster-admins',
        notBefore: new Date('2026-01-01'),
        notAfter: new Date('2027-01-01'),
        serial: Buffer.alloc(16, 0x41),
      });
      const certificate = new X509Certificate(pem);
      expect(certificate.verify(createPublicKey(ca.pem))).toBe(true);
      expect(certificate.checkIssued(new X509Certificate(ca.pem))).toBe(true);
      expect(certificate.subject.split('\n').sort()).toEqual(['CN=flotilla-control-plane', 'O=kubeadm:cluster-admins']);
      expect(certificate.ca).toBe(false);
      expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
      expect(certificate.publicKey.equals(publicKey)).toBe(true);
      expect(pinOf(ca.pem)).toMatch(/^sha256:[0-9a-f]{64}$/);
    },
  );
});
