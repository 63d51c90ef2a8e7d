import { isIP } from 'node:net';
import { FlotillaError, type Clock, type Random } from '@flotilla/kit';
import {
  caPin,
  issueCertificate,
  newKey,
  privateKeyPem,
  publicKeyPin,
  readCertificate,
  sha256,
  type IssuedCertificate,
  type KeyMaterial,
} from './x509.js';

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Clocks of hosts are off by minutes; a certificate must be valid at once. */
const backdateMs = 5 * minuteMs;
const rootLifeMs = 3650 * dayMs;
const serverLifeMs = 90 * dayMs;
const serverRenewMs = 30 * dayMs;
export const machineCertificateLifeMs = dayMs;

/** Where sealed secrets are kept. The values are plain here and sealed at rest by the implementation. */
export interface SecretStore {
  get(name: string): Promise<Uint8Array | undefined>;
  /** Durable on return. */
  set(name: string, value: Uint8Array): Promise<void>;
}

export interface AuthorityOptions {
  readonly secrets: SecretStore;
  readonly clock: Clock;
  readonly random: Random;
  /** `ins_…`, part of every machine's identity. */
  readonly instanceId: string;
  /** Names and addresses the server is reached by. */
  readonly serverNames: readonly string[];
}

/** What the TLS listener shows, PEM. */
export interface ServerCredentials {
  readonly key: string;
  /** Leaf, then root: the agent finds the pinned key in the chain. */
  readonly cert: string;
  readonly ca: string;
}

interface StoredRoot {
  readonly key: KeyMaterial;
  readonly pem: string;
}

/**
 * Our certificate authority: a root (P-256) that signs the server's leaf and every machine's client certificate. Both
 * keys stay for life, so that the pins do; the leaf's certificate is renewed by {@link renewServer}.
 */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #root: StoredRoot;
  readonly #serverKey: KeyMaterial;
  #server: IssuedCertificate;
  /** Hashes of the leaves that live connections may have seen, newest first. */
  #serverHashes: Buffer[];

  private constructor(options: AuthorityOptions, root: StoredRoot, serverKey: KeyMaterial, server: IssuedCertificate) {
    this.#options = options;
    this.#root = root;
    this.#serverKey = serverKey;
    this.#server = server;
    this.#serverHashes = [sha256(server.der)];
  }

  /** Opens the authority, making root and server key on the first start. */
  static async load(options: AuthorityOptions): Promise<Authority> {
    const root = await loadRoot(options);
    let stored = await options.secrets.get('server-key');
    if (stored === undefined) {
      stored = packKey(newKey());
      await options.secrets.set('server-key', stored);
    }
    const serverKey = unpackKey(stored, 'server-key');
    return new Authority(options, root, serverKey, await issueServer(options, root, serverKey));
  }

  /** PEM of the root. */
  get caPem(): string {
    return this.#root.pem;
  }

  /** `sha256:<hex>` of the root's key. */
  get caPin(): string {
    return caPin(this.#root.key.spki);
  }

  /** `sha256//<base64>` of the server's key. */
  get publicKeyPin(): string {
    return publicKeyPin(this.#serverKey.spki);
  }

  get serverCredentials(): ServerCredentials {
    return { key: privateKeyPem(this.#serverKey), cert: this.#server.pem + this.#root.pem, ca: this.#root.pem };
  }

  get serverNotAfterMs(): number {
    return this.#server.notAfterMs;
  }

  /** sha256 of each server certificate (DER) that a live connection may have been made with, newest first. */
  get serverCertificateHashes(): readonly Buffer[] {
    return this.#serverHashes;
  }

  /** Issues a new server leaf when a third of its life is left. True when it did: the listener must take it up. */
  async renewServer(): Promise<boolean> {
    if (this.#server.notAfterMs - this.#options.clock.now().wallMs > serverRenewMs) return false;
    this.#server = await issueServer(this.#options, this.#root, this.#serverKey);
    this.#serverHashes = [sha256(this.#server.der), ...this.#serverHashes].slice(0, 2);
    return true;
  }

  /** A machine's identity, as it stands in its certificate. */
  machineUri(projectId: string, machineId: string): string {
    return `spiffe://flotilla/${this.#options.instanceId}/project/${projectId}/machine/${machineId}`;
  }

  /** A client certificate of 24 h for this machine; subject and names are ours, only the key comes from outside. */
  issueMachine(machine: { projectId: string; machineId: string; publicKey: Uint8Array }): Promise<IssuedCertificate> {
    const nowMs = this.#options.clock.now().wallMs;
    return issueCertificate(
      {
        kind: 'client',
        commonName: machine.machineId,
        issuerCommonName: rootName(this.#options.instanceId),
        publicKey: machine.publicKey,
        uris: [this.machineUri(machine.projectId, machine.machineId)],
        notBeforeMs: nowMs - backdateMs,
        notAfterMs: nowMs + machineCertificateLifeMs,
      },
      this.#root.key,
      this.#options.random,
    );
  }

  /** Whether the certificate (DER or PEM) was signed by this root; says nothing about time or revocation. */
  issued(certificate: Buffer): boolean {
    const parsed = readCertificate(certificate);
    const root = readCertificate(this.#root.pem);
    return parsed.checkIssued(root) && parsed.verify(root.publicKey);
  }
}

function rootName(instanceId: string): string {
  return `Flotilla CA ${instanceId}`;
}

async function loadRoot(options: AuthorityOptions): Promise<StoredRoot> {
  const stored = await options.secrets.get('ca');
  if (stored !== undefined) {
    const [keyText = '', pem = ''] = Buffer.from(stored).toString('utf8').split('\n\n');
    return { key: unpackKey(Buffer.from(keyText), 'ca'), pem };
  }
  const key = newKey();
  const nowMs = options.clock.now().wallMs;
  const name = rootName(options.instanceId);
  const { pem } = await issueCertificate(
    {
      kind: 'ca',
      commonName: name,
      issuerCommonName: name,
      publicKey: key.spki,
      notBeforeMs: nowMs - backdateMs,
      notAfterMs: nowMs + rootLifeMs,
    },
    key,
    options.random,
  );
  await options.secrets.set('ca', Buffer.concat([packKey(key), Buffer.from(`\n\n${pem}`)]));
  return { key, pem };
}

function issueServer(options: AuthorityOptions, root: StoredRoot, key: KeyMaterial): Promise<IssuedCertificate> {
  const nowMs = options.clock.now().wallMs;
  return issueCertificate(
    {
      kind: 'server',
      commonName: 'flotilla-server',
      issuerCommonName: rootName(options.instanceId),
      publicKey: key.spki,
      dnsNames: options.serverNames.filter((name) => isIP(name) === 0),
      addresses: options.serverNames.filter((name) => isIP(name) !== 0),
      notBeforeMs: nowMs - backdateMs,
      notAfterMs: nowMs + serverLifeMs,
    },
    root.key,
    options.random,
  );
}

function packKey(key: KeyMaterial): Buffer {
  return Buffer.from(`${key.pkcs8.toString('base64')} ${key.spki.toString('base64')}`);
}

function unpackKey(bytes: Uint8Array, name: string): KeyMaterial {
  const [pkcs8, spki, rest] = Buffer.from(bytes).toString('utf8').split(' ');
  if (!pkcs8 || !spki || rest !== undefined) {
    throw new FlotillaError('SECRET_UNREADABLE', `The stored secret ${name} is not a key.`, {
      kind: 'data-loss',
      remedy: 'Restore the data directory from a backup.',
    });
  }
  return { pkcs8: Buffer.from(pkcs8, 'base64'), spki: Buffer.from(spki, 'base64') };
}
