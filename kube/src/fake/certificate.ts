import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { bitString, der, integer, octets, oid, sequence, set, utcTime, utf8, yes } from './der.js';

/** A certificate and its key, PEM. */
export interface FakeKeyPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface FakeSubject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** DNS names and IPv4 addresses. */
  readonly names?: readonly string[];
}

/** A certificate authority for tests, valid from 2020 to 2049. */
export class FakeAuthority {
  readonly #key: KeyObject;
  readonly #name: Buffer;
  readonly caPem: string;
  readonly caKeyPem: string;

  constructor(commonName = 'fake-kubernetes-ca') {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.#name = distinguishedName({ commonName });
    this.caKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    this.caPem = this.#signed(this.#name, privateKey, [basicConstraints, keyUsage(0x06)]);
  }

  /** A new key with a certificate that serves both sides of a connection. */
  issue(subject: FakeSubject): FakeKeyPair {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const extensions = [keyUsage(0x80), extendedKeyUsage];
    if ((subject.names ?? []).length > 0) extensions.push(alternativeNames(subject.names ?? []));
    return {
      certificatePem: this.#signed(distinguishedName(subject), privateKey, extensions),
      keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  #signed(subject: Buffer, key: KeyObject, extensions: readonly Buffer[]): string {
    const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
    const serial = randomBytes(16);
    serial[0] = (serial[0] ?? 0) | 0x40;
    const body = sequence(
      der(0xa0, integer(Buffer.from([2]))),
      integer(serial),
      algorithm,
      this.#name,
      sequence(utcTime('200101000000Z'), utcTime('490101000000Z')),
      subject,
      createPublicKey(key).export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(...extensions)),
    );
    return toPem('CERTIFICATE', sequence(body, algorithm, bitString(sign('sha256', body, this.#key))));
  }
}

/** A PKCS#10 request for a new key, PEM. */
export function fakeCertificateRequest(subject: FakeSubject): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey(createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  const names = subject.names ?? [];
  const wanted = sequence(oid('1.2.840.113549.1.9.14'), set(sequence(alternativeNames(names))));
  const body = sequence(
    integer(Buffer.from([0])),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa0, ...(names.length > 0 ? [wanted] : [])),
  );
  const signature = bitString(sign('sha256', body, privateKey));
  return toPem('CERTIFICATE REQUEST', sequence(body, sequence(oid('1.2.840.10045.4.3.2')), signature));
}

const basicConstraints = sequence(oid('2.5.29.19'), yes, octets(sequence(yes)));
const extendedKeyUsage = sequence(
  oid('2.5.29.37'),
  octets(sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
);

function keyUsage(bits: number): Buffer {
  return sequence(oid('2.5.29.15'), yes, octets(bitString(Buffer.from([bits]))));
}

function alternativeNames(names: readonly string[]): Buffer {
  const general = names.map((name) =>
    isIPv4(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name)),
  );
  return sequence(oid('2.5.29.17'), octets(sequence(...general)));
}

function distinguishedName({ commonName, organizations = [] }: FakeSubject): Buffer {
  const part = (type: string, value: string): Buffer => set(sequence(oid(type), utf8(value)));
  return sequence(...organizations.map((name) => part('2.5.4.10', name)), part('2.5.4.3', commonName));
}

function toPem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/(.{64})/g, '$1\n');
  return `-----BEGIN ${label}-----\n${lines.trimEnd()}\n-----END ${label}-----\n`;
}
