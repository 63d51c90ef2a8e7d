import 'reflect-metadata';
import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A CA and a server certificate for 127.0.0.1 and localhost, made for one test run. */
export interface FakeCertificates {
  readonly caPem: string;
  /** sha256:<hex> of the CA's SPKI. */
  readonly caPin: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

export async function fakeCertificates(
  names: readonly string[] = ['127.0.0.1', 'localhost'],
): Promise<FakeCertificates> {
  const caKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const [notBefore, notAfter] = [new Date('2020-01-01'), new Date('2100-01-01')];
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=fake flotilla CA',
    serialNumber: '01',
    notBefore,
    notAfter,
    keys: caKeys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=fake flotilla server',
    issuer: ca.subject,
    serialNumber: '02',
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: /^[\d.]+$/.test(value) ? 'ip' : 'dns', value })),
      ),
    ],
  });
  const caPem = ca.toString('pem');
  const spki = new X509Certificate(caPem).publicKey.export({ type: 'spki', format: 'der' });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    caPem,
    caPin: `sha256:${createHash('sha256').update(spki).digest('hex')}`,
    certificatePem: certificate.toString('pem'),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  };
}
