import 'reflect-metadata';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
  type KeyObject,
  type webcrypto,
} from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;

export interface FakeLeaf {
  readonly certificatePem: string;
  readonly keyPem: string;
}

async function importPair(
  key: KeyObject,
): Promise<{ privateKey: webcrypto.CryptoKey; publicKey: webcrypto.CryptoKey }> {
  const { subtle } = globalThis.crypto;
  const pkcs8 = new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }));
  const spki = new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }));
  return {
    privateKey: await subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
    publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
  };
}

/** A CA for tests: signs servers and machines as the real one does. */
export class FakeAuthority {
  private constructor(
    readonly caPem: string,
    private readonly key: KeyObject,
    private readonly nowMs: () => number,
  ) {}

  static async create(nowMs: () => number, lifeMs = 10 * 365 * 86_400_000): Promise<FakeAuthority> {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ca = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: 'CN=Fake CA',
      notBefore: new Date(nowMs() - 300_000),
      notAfter: new Date(nowMs() + lifeMs),
      signingAlgorithm: signing,
      keys: await importPair(privateKey),
      extensions: [
        new x509.BasicConstraintsExtension(true, 1, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    });
    return new FakeAuthority(ca.toString('pem'), privateKey, nowMs);
  }

  get pin(): string {
    const spki = new X509Certificate(this.caPem).publicKey.export({ type: 'spki', format: 'der' });
    return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
  }

  /** A server certificate for these names and addresses. */
  async server(names: readonly string[], usage = '1.3.6.1.5.5.7.3.1'): Promise<FakeLeaf> {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { publicKey } = await importPair(privateKey);
    const san = names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
    const certificatePem = await this.#sign('CN=fake server', publicKey, [usage], san, 86_400_000);
    return { certificatePem, keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }

  /** The certificate of a machine, for the key of its request. Throws when the request is not signed by its key. */
  async machine(csrDer: Uint8Array, machineId: string, lifeMs: number): Promise<string> {
    const request = new x509.Pkcs10CertificateRequest(new Uint8Array(csrDer));
    if (!(await request.verify())) throw new Error('the request is not signed by its own key');
    const publicKey = await globalThis.crypto.subtle.importKey('spki', request.publicKey.rawData, algorithm, true, [
      'verify',
    ]);
    const san = [{ type: 'url' as const, value: `spiffe://flotilla/ins_fake/project/default/machine/${machineId}` }];
    return this.#sign(`CN=${machineId}`, publicKey, ['1.3.6.1.5.5.7.3.2'], san, lifeMs);
  }

  async #sign(
    name: string,
    publicKey: webcrypto.CryptoKey,
    usages: string[],
    san: x509.JsonGeneralName[],
    lifeMs: number,
  ): Promise<string> {
    const { privateKey } = await importPair(createPrivateKey(this.key.export({ type: 'pkcs8', format: 'pem' })));
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: createHash('sha256').update(`${name}${this.nowMs()}${usages.join()}`).digest('hex').slice(0, 16),
      subject: name,
      issuer: new x509.X509Certificate(this.caPem).subject,
      notBefore: new Date(this.nowMs() - 300_000),
      notAfter: new Date(this.nowMs() + lifeMs),
      signingAlgorithm: signing,
      publicKey,
      signingKey: privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.ExtendedKeyUsageExtension(usages),
        new x509.SubjectAlternativeNameExtension(san),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  }
}
