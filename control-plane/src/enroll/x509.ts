// The library builds its parts with decorators, which need this first.
import 'reflect-metadata';
import { createHash, createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { FlotillaError, type Random } from '@flotilla/kit';

x509.cryptoProvider.set(webcrypto);

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A key pair at rest: PKCS#8 and SPKI, both DER. */
export interface KeyMaterial {
  readonly pkcs8: Buffer;
  readonly spki: Buffer;
}

/** A new P-256 key pair. */
export function newKey(): KeyMaterial {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }),
    spki: publicKey.export({ type: 'spki', format: 'der' }),
  };
}

/** What a certificate says. Times in wall ms. */
export interface CertificatePlan {
  readonly kind: 'ca' | 'server' | 'client';
  readonly commonName: string;
  readonly issuerCommonName: string;
  /** SPKI, DER. */
  readonly publicKey: Uint8Array;
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  readonly uris?: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** An issued certificate. */
export interface IssuedCertificate {
  readonly pem: string;
  readonly der: Buffer;
  /** Hex. */
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Makes the certificate of a plan, signed by `signer`; everything in it comes from the plan. */
export async function issueCertificate(
  plan: CertificatePlan,
  signer: KeyMaterial,
  random: Random,
): Promise<IssuedCertificate> {
  const signingKey = await webcrypto.subtle.importKey('pkcs8', signer.pkcs8, ecdsa, false, ['sign']);
  const publicKey = await webcrypto.subtle.importKey('spki', Buffer.from(plan.publicKey), ecdsa, true, ['verify']);
  const serial = Buffer.from(random.bytes(16));
  // Positive, and never shorter than 16 bytes.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial.toString('hex'),
    subject: `CN=${plan.commonName}`,
    issuer: `CN=${plan.issuerCommonName}`,
    notBefore: new Date(plan.notBeforeMs),
    notAfter: new Date(plan.notAfterMs),
    publicKey: publicKey,
    signingKey: signingKey,
    signingAlgorithm: signing,
    extensions: await extensionsOf(plan, publicKey, signer),
  });
  const der = Buffer.from(certificate.rawData);
  const pem = `${certificate.toString('pem').trim()}\n`;
  return { pem, der, serial: serial.toString('hex'), notBeforeMs: plan.notBeforeMs, notAfterMs: plan.notAfterMs };
}

async function extensionsOf(
  plan: CertificatePlan,
  publicKey: webcrypto.CryptoKey,
  signer: KeyMaterial,
): Promise<x509.Extension[]> {
  const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags;
  const signerPublic = await webcrypto.subtle.importKey('spki', signer.spki, ecdsa, true, ['verify']);
  const extensions: x509.Extension[] = [
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(signerPublic),
  ];
  if (plan.kind === 'ca') {
    extensions.push(
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
    );
    return extensions;
  }
  const usage = plan.kind === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  extensions.push(
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
  );
  const names: x509.JsonGeneralNames = [
    ...(plan.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(plan.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
    ...(plan.uris ?? []).map((value) => ({ type: 'url' as const, value })),
  ];
  if (names.length > 0) extensions.push(new x509.SubjectAlternativeNameExtension(names));
  return extensions;
}

const csrBytesMax = 4096;

/** The SPKI (DER) of a PKCS#10 request whose self-signature holds; nothing else of it is looked at. */
export async function publicKeyOfCsr(der: Uint8Array): Promise<Buffer> {
  if (der.length === 0 || der.length > csrBytesMax) throw badCsr(`has ${der.length} bytes, not 1 to ${csrBytesMax}`);
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(Buffer.from(der));
    const spki = parseP256Spki(new Uint8Array(request.publicKey.rawData), 'tls_csr');
    if (await request.verify()) return spki;
  } catch (cause) {
    if (cause instanceof FlotillaError) throw cause;
    throw badCsr('is not a PKCS#10 request with a P-256 key', cause);
  }
  throw badCsr('is not signed by the key it asks for');
}

/** A PKCS#10 request (PEM) with this subject, self-signed. `organizations` become O, in order. */
export async function newCsrPem(
  key: KeyMaterial,
  commonName: string,
  organizations: readonly string[],
): Promise<string> {
  const privateKey = await webcrypto.subtle.importKey('pkcs8', key.pkcs8, ecdsa, false, ['sign']);
  const publicKey = await webcrypto.subtle.importKey('spki', key.spki, ecdsa, true, ['verify']);
  const name: x509.JsonName = [{ CN: [commonName] }, ...organizations.map((o) => ({ O: [o] }))];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    keys: { privateKey: privateKey, publicKey: publicKey },
    signingAlgorithm: signing,
  });
  return `${request.toString('pem').trim()}\n`;
}

/** Checks that the bytes are the SPKI of a P-256 key and returns them in canonical form. */
export function parseP256Spki(der: Uint8Array, field: string): Buffer {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') {
      return key.export({ type: 'spki', format: 'der' });
    }
  } catch {
    // Falls through: whatever it is, it is no such key.
  }
  throw new FlotillaError('KEY_REFUSED', `${field} is not a P-256 public key (SPKI, DER).`, {
    kind: 'invalid-argument',
    violations: [{ field, description: 'must be the SPKI (DER) of a P-256 key' }],
  });
}

/** `sha256//<base64>` of a key, as `curl --pinnedpubkey` takes it. */
export function publicKeyPin(spki: Uint8Array): string {
  return `sha256//${createHash('sha256').update(spki).digest('base64')}`;
}

/** `sha256:<hex>` of a key, as kubeadm and our agent write the pin of a CA. */
export function caPin(spki: Uint8Array): string {
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

export function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/** PKCS#8 DER as PEM. */
export function privateKeyPem(key: KeyMaterial): string {
  const body = key.pkcs8.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
}

/** A PEM certificate read with node's own parser. */
export function readCertificate(pem: string | Buffer): X509Certificate {
  return new X509Certificate(pem);
}

function badCsr(what: string, cause?: unknown): FlotillaError {
  return new FlotillaError('CSR_REFUSED', `The certificate request ${what}.`, { kind: 'invalid-argument', cause });
}
