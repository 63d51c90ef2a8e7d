import { createPublicKey, verify } from 'node:crypto';
import { sha256 } from './x509.js';

const separator = Buffer.from([0]);

function message(tag: string, ...parts: Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(tag, 'ascii'), separator, ...parts]);
}

/** What FinishEnrollment signs; the last part binds it to this server's channel. */
export function enrollMessage(parts: {
  nonce: Uint8Array;
  identityKey: Uint8Array;
  tlsCsr: Uint8Array;
  serverCertificateHash: Uint8Array;
}): Buffer {
  const { nonce, identityKey, tlsCsr, serverCertificateHash } = parts;
  return message('flotilla-enroll-v1', nonce, sha256(identityKey), sha256(tlsCsr), serverCertificateHash);
}

/** What RenewCertificate signs; bound to the certificate that is being replaced. */
export function renewMessage(parts: { tlsCsr: Uint8Array; currentCertificate: Uint8Array }): Buffer {
  return message('flotilla-renew-v1', sha256(parts.tlsCsr), sha256(parts.currentCertificate));
}

/** What a challenged session signs. */
export function challengeMessage(nonce: Uint8Array): Buffer {
  return message('flotilla-challenge-v1', nonce);
}

/** Whether the signature (ECDSA-SHA256, DER) over the message was made by the key (SPKI, DER). Never throws. */
export function provenBy(identityKey: Uint8Array, signed: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(identityKey), format: 'der', type: 'spki' });
    return verify('sha256', signed, key, signature);
  } catch {
    return false;
  }
}
