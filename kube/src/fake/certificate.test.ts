import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { FakeAuthority } from './certificate.js';

test('certificates are real: signed by the authority, with names, usages and their own key', () => {
  const authority = new FakeAuthority();
  const ca = new X509Certificate(authority.caPem);
  expect(ca.ca).toBe(true);
  const issued = authority.issue({ commonName: 'c', organizations: ['o1', 'o2'], names: ['n', '10.0.0.1'] });
  const certificate = new X509Certificate(issued.certificatePem);
  expect(certificate.verify(ca.publicKey)).toBe(true);
  expect(certificate.checkIssued(ca)).toBe(true);
  expect(certificate.subject).toBe('O=o1\nO=o2\nCN=c');
  expect(certificate.subjectAltName).toBe('DNS:n, IP Address:10.0.0.1');
  expect(certificate.checkPrivateKey(createPrivateKey(issued.keyPem))).toBe(true);
  expect(certificate.verify(new X509Certificate(new FakeAuthority().caPem).publicKey)).toBe(false);
});
