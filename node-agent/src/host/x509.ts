import { createHash, createPublicKey, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { FlotillaError } from '@flotilla/kit';
import { der, derChildren, derName, derOid, derTags, derTime, derUnsigned } from './der.js';

const noUnusedBits = Buffer.of(0);

/** sha256 input for pins: the DER of the public key. */
export function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/**
 * PKCS#10 (DER, RFC 2986) for a P-256 key. The subject says nothing: the server writes its own. Written here and not by
 * the library: every agent makes one, and what the library takes would stay with the daemon for life.
 */
export function certificateRequest(privateKey: KeyObject): Buffer {
  const { sequence, integer, bitString } = derTags;
  const name = derName([['2.5.4.3', 'flotilla-agent']]);
  const noAttributes = der(0xa0);
  const info = der(sequence, der(integer, Buffer.of(0)), name, spkiOf(privateKey), noAttributes);
  const ecdsaWithSha256 = der(sequence, derOid('1.2.840.10045.4.3.2'));
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

/** A client certificate (PEM, RFC 5280) signed by a Kubernetes CA, RSA or P-256. */
export function signClientCertificate(input: ClientCertificateInput): string {
  const { sequence, integer, bitString, octets, boolean } = derTags;
  const rsa = input.caKey.asymmetricKeyType === 'rsa';
  const algorithm = rsa
    ? der(sequence, derOid('1.2.840.113549.1.1.11'), der(derTags.none))
    : der(sequence, derOid('1.2.840.10045.4.3.2'));
  const extension = (oid: string, critical: boolean, value: Buffer): Buffer =>
    der(sequence, derOid(oid), ...(critical ? [der(boolean, Buffer.of(0xff))] : []), der(octets, value));
  const extensions = der(
    sequence,
    extension('2.5.29.19', true, der(sequence)), // basic constraints: no CA
    extension('2.5.29.15', true, der(bitString, Buffer.of(7, 0x80))), // key usage: digital signature
    extension('2.5.29.37', false, der(sequence, derOid('1.3.6.1.5.5.7.3.2'))), // extended key usage: client
  );
  const toBeSigned = der(
    sequence,
    der(0xa0, der(integer, Buffer.of(2))), // version 3
    derUnsigned(input.serial),
    algorithm,
    subjectOf(new X509Certificate(input.caCertificatePem).raw),
    der(sequence, derTime(input.notBefore), derTime(input.notAfter)),
    derName([
      ['2.5.4.10', input.organization],
      ['2.5.4.3', input.commonName],
    ]),
    input.publicKeySpki,
    der(0xa3, extensions),
  );
  const signature = der(bitString, noUnusedBits, sign('sha256', toBeSigned, input.caKey));
  return toPem(der(sequence, toBeSigned, algorithm, signature));
}

/** The subject of a certificate, byte for byte: an issuer is compared as it is written. */
function subjectOf(certificate: Buffer): Buffer {
  const [toBeSigned] = derChildren(certificate);
  const fields = derChildren(toBeSigned ?? Buffer.alloc(0));
  // version (absent in version 1), serial, algorithm, issuer, validity, subject
  const subject = fields[fields[0]?.[0] === 0xa0 ? 5 : 4];
  if (subject === undefined) throw new FlotillaError('CA_DAMAGED', 'the CA certificate has no subject');
  return subject;
}

function toPem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** `sha256:<hex>` of a certificate's public key: the form of kubeadm and of our own pins. */
export function pinOf(certificatePem: string): string {
  const spki = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}
