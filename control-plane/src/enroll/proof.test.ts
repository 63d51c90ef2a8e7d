import { describe, expect, it } from 'vitest';
import { signWith } from '../testing/fake-agent.js';
import { challengeMessage, enrollMessage, provenBy, renewMessage } from './proof.js';
import { newKey, sha256 } from './x509.js';

describe('proofs', () => {
  it('hold for the key and the message they were made with, and for nothing else', () => {
    const key = newKey();
    const message = challengeMessage(Buffer.from('nonce'));
    const signature = signWith(key, message);
    expect(provenBy(key.spki, message, signature)).toBe(true);
    expect(provenBy(newKey().spki, message, signature)).toBe(false);
    expect(provenBy(key.spki, challengeMessage(Buffer.from('other')), signature)).toBe(false);
    expect(provenBy(Buffer.from('no key'), message, signature)).toBe(false);
    expect(provenBy(key.spki, message, Buffer.alloc(0))).toBe(false);
  });

  it('are laid out as the protos say', () => {
    const parts = {
      nonce: Buffer.from('n'),
      identityKey: Buffer.from('i'),
      tlsCsr: Buffer.from('c'),
      serverCertificateHash: Buffer.alloc(32, 7),
    };
    expect(enrollMessage(parts)).toEqual(
      Buffer.concat([
        Buffer.from('flotilla-enroll-v1\0n'),
        sha256(parts.identityKey),
        sha256(parts.tlsCsr),
        parts.serverCertificateHash,
      ]),
    );
    const renewal = { tlsCsr: parts.tlsCsr, currentCertificate: Buffer.from('leaf') };
    expect(renewMessage(renewal)).toEqual(
      Buffer.concat([Buffer.from('flotilla-renew-v1\0'), sha256(renewal.tlsCsr), sha256(renewal.currentCertificate)]),
    );
  });
});
