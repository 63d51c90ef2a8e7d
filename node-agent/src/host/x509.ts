import { createHash, createPublicKey, sign, X509Certificate, type KeyObject } from 'node:crypto';
import type * as X509 from '@peculiar/x509';
import { der, derOid, derTags } from './der.js';

/** The library is 0.3 MB and needed once in the life of a cluster, on one of its machines, so it is loaded when it is used. */
async function library(): Promise<typeof X509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

const p256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** sha256 input for pins: the DER of the public key. */
export function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/**
 * PKCS#10 (DER, RFC 2986) for a P-256 key. The subject says nothing: the server writes its own. Written here and not by
 * the library: every agent makes one, and what the library takes would stay with the daemon for life.
 */
export function certificateRequest(privateKey: KeyObject): Buffer {
  const { sequence, set, integer, utf8, bitString } = derTags;
  const name = der(sequence, der(set, der(sequence, derOid('2.5.4.3'), der(utf8, Buffer.from('flotilla-agent')))));
  const noAttributes = der(0xa0);
  const info = der(sequence, der(integer, Buffer.of(0)), name, spkiOf(privateKey), noAttributes);
  const ecdsaWithSha256 = der(sequence, derOid('1.2.840.10045.4.3.2'));
  const noUnusedBits = Buffer.of(0);
  return der(sequence, info, ecdsaWithSha256, der(bitString, noUnusedBits, sign('sha256', info, privateKey)));
}

export interface ClientCertificateInput {
  readonly caCertificatePem: string;
  readonly caKey: KeyObject;
  /** SPKI (DER) of the client's P-256 key. */
  readonly publicKeySpki: Uint8Array;
  readonly commonName: string;
  readonly organization: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Positive, at most 16 bytes. */
  readonly serial: Uint8Array;
}

/** A client certificate (PEM) signed by a Kubernetes CA, RSA or P-256. */
export async function signClientCertificate(input: ClientCertificateInput): Promise<string> {
  const {
    X509CertificateGenerator,
    X509Certificate: Certificate,
    ExtendedKeyUsageExtension,
    KeyUsagesExtension,
    KeyUsageFlags,
    BasicConstraintsExtension,
  } = await library();
  const { subtle } = globalThis.crypto;
  const rsa = input.caKey.asymmetricKeyType === 'rsa';
  const caAlgorithm = rsa ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } : p256;
  const signingKey = await subtle.importKey(
    'pkcs8',
    new Uint8Array(input.caKey.export({ type: 'pkcs8', format: 'der' })),
    caAlgorithm,
    false,
    ['sign'],
  );
  const publicKey = await subtle.importKey('spki', new Uint8Array(input.publicKeySpki), p256, true, ['verify']);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: Buffer.from(input.serial).toString('hex'),
    subject: `CN=${input.commonName}, O=${input.organization}`,
    issuer: new Certificate(input.caCertificatePem).subject,
    notBefore: input.notBefore,
    notAfter: input.notAfter,
    signingAlgorithm: rsa ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } : { name: 'ECDSA', hash: 'SHA-256' },
    publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2'], false),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** `sha256:<hex>` of a certificate's public key: the form of kubeadm and of our own pins. */
export function pinOf(certificatePem: string): string {
  const spki = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}
