import { createPrivateKey, generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { FlotillaError, randomText, type Random } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import { withReserve } from '../host/reserve.js';

/** Who the control plane says this machine is. */
export interface MachineIdentity {
  readonly machineId: string;
  readonly machineName: string;
  readonly project: string;
  readonly cluster: string;
  readonly pool: string;
}

/** What a session needs: the newest certificate with its key. */
export interface TlsIdentity {
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
}

/**
 * The agent's keys and certificates on disk. The identity key is made once and stays for life; it never does TLS. A TLS
 * key is made for each certificate. Whatever is cut short, the loader finds a pair that fits.
 */
export class IdentityStore {
  constructor(
    private readonly host: Host,
    private readonly dir: string,
  ) {}

  /** The identity key, made now if this host has none. Durable before it is used. */
  async identityKey(): Promise<KeyObject> {
    return this.#keyAt(`${this.dir}/identity.key`);
  }

  /** The TLS key for the first certificate: the same on every try, so that a retry is recognised. */
  async firstTlsKey(): Promise<KeyObject> {
    return this.#keyAt(`${this.dir}/tls.key`);
  }

  /** A new TLS key, on disk, for the next certificate. */
  nextTlsKey(): Promise<KeyObject> {
    return withReserve(this.host, this.dir, async () => {
      await this.host.remove(`${this.dir}/tls-next.key`);
      return this.#keyAt(`${this.dir}/tls-next.key`);
    });
  }

  /** Random, made once per installation: tells a retry from a clone. */
  async installId(random: Random): Promise<string> {
    const path = `${this.dir}/install-id`;
    const found = (await this.host.read(path))?.trim();
    if (found !== undefined && found !== '') return found;
    const id = randomText(26, random);
    await this.host.writeAtomic(path, `${id}\n`, 0o600);
    return id;
  }

  /** machine.json comes last: it is there only when everything else is. */
  async saveEnrollment(machine: MachineIdentity, certificate: string, ca: string): Promise<void> {
    await this.host.writeAtomic(`${this.dir}/ca.pem`, ca, 0o600);
    await this.host.writeAtomic(`${this.dir}/tls.crt`, certificate, 0o600);
    await this.host.writeAtomic(`${this.dir}/machine.json`, `${JSON.stringify(machine, null, 2)}\n`, 0o600);
  }

  /** The certificate decides which key counts; a cut between the two is put right by {@link tls}. */
  saveRenewal(certificate: string, ca: string): Promise<void> {
    return withReserve(this.host, this.dir, async () => {
      if (ca !== '') await this.host.writeAtomic(`${this.dir}/ca.pem`, ca, 0o600);
      await this.host.writeAtomic(`${this.dir}/tls.crt`, certificate, 0o600);
      await this.host.rename(`${this.dir}/tls-next.key`, `${this.dir}/tls.key`);
    });
  }

  async machine(): Promise<MachineIdentity | undefined> {
    const text = await this.host.read(`${this.dir}/machine.json`);
    return text === undefined ? undefined : (JSON.parse(text) as MachineIdentity); // written by saveEnrollment only
  }

  async ca(): Promise<string | undefined> {
    return this.host.read(`${this.dir}/ca.pem`);
  }

  /** Throws `IDENTITY_DAMAGED` when no key fits the certificate. */
  async tls(): Promise<TlsIdentity> {
    const certificate = await this.host.read(`${this.dir}/tls.crt`);
    const ca = await this.ca();
    if (certificate === undefined || ca === undefined) throw damaged(this.dir, 'its certificate or CA is missing');
    const leaf = new X509Certificate(certificate);
    for (const name of ['tls.key', 'tls-next.key']) {
      const key = await this.host.read(`${this.dir}/${name}`);
      if (key === undefined || !leaf.checkPrivateKey(createPrivateKey(key))) continue;
      if (name === 'tls-next.key') await this.host.rename(`${this.dir}/tls-next.key`, `${this.dir}/tls.key`);
      return { key, certificate, ca };
    }
    throw damaged(this.dir, 'no key fits its certificate');
  }

  async #keyAt(path: string): Promise<KeyObject> {
    const found = await this.host.read(path);
    if (found !== undefined && found !== '') return createPrivateKey(found);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await this.host.writeAtomic(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
    return privateKey;
  }
}

function damaged(dir: string, why: string): FlotillaError {
  return new FlotillaError('IDENTITY_DAMAGED', `the identity of this machine in ${dir} cannot be used: ${why}`, {
    kind: 'data-loss',
    remedy: "Enroll again: create a token on the operator's machine and run the install command it prints.",
  });
}
