import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { EnrollmentServiceService, MachineFacts } from '@flotilla/proto';
import type { ClientHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { enrollMessage } from '../../../control-plane/src/enroll/proof.js';
import { newCsrPem } from '../../../control-plane/src/enroll/x509.js';
import { dial, unary } from './wire.js';

export interface Identity {
  readonly machineId: string;
  readonly name: string;
  /** PEM, leaf first. */
  readonly chain: string;
  /** PKCS#8, PEM: answers challenges. */
  readonly identityKey: string;
}

export interface Batch {
  readonly token: string;
  readonly names: readonly string[];
  /** Where the calls come from: the server counts enrolments by address. */
  readonly localAddress?: string;
}

export interface EnrollOptions {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  /** TLS key of all machines, PKCS#8 PEM: what is measured is not the making of keys. */
  readonly tlsKey: string;
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const atOnce = 8;

/** Enrolls machines as agents do, all of a batch over one connection. */
export async function enrollBatch(options: EnrollOptions, batch: Batch): Promise<Identity[]> {
  const { host, port, caPem } = options;
  const session = await dial({ host, port, ca: caPem, localAddress: batch.localAddress });
  // The socket of an HTTP/2 session is a proxy without most of its methods; this one is allowed.
  const serverCertificateHash = sha256((session.socket as TLSSocket).getPeerCertificate().raw);
  const tlsCsr = await csrOf(options.tlsKey);
  const names = [...batch.names];
  const done: Identity[] = [];
  const line = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift())
      done.push(await enrollOne(session, { name, token: batch.token, tlsCsr, serverCertificateHash }));
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, line));
  } finally {
    session.destroy();
  }
  return done;
}

async function enrollOne(
  session: ClientHttp2Session,
  one: { name: string; token: string; tlsCsr: Buffer; serverCertificateHash: Buffer },
): Promise<Identity> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const { nonce } = await unary(session, EnrollmentServiceService.beginEnrollment, {
    tokenId: one.token.split('.')[0] ?? '',
    identityKeySha256: sha256(spki),
  });
  const { tlsCsr, serverCertificateHash } = one;
  const answer = await unary(session, EnrollmentServiceService.finishEnrollment, {
    nonce,
    token: one.token,
    identityPublicKey: spki,
    tlsCsr,
    signature: sign('sha256', enrollMessage({ nonce, identityKey: spki, tlsCsr, serverCertificateHash }), privateKey),
    facts: factsOf(one.name),
    installId: one.name,
  });
  const identityKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { machineId: answer.machineId, name: answer.machineName, chain: answer.certificateChain, identityKey };
}

/** As long as those of a small cloud server. */
function factsOf(name: string): MachineFacts {
  const serial = Number.parseInt(sha256(Buffer.from(name)).toString('hex').slice(0, 6), 16);
  const address = `10.${serial >> 16}.${(serial >> 8) & 255}.${serial & 255}`;
  return MachineFacts.create({
    hostname: name,
    machineIdHash: sha256(Buffer.from(name)).toString('hex'),
    osId: 'debian',
    osVersion: '12',
    osName: 'Debian GNU/Linux 12 (bookworm)',
    kernel: '6.1.0-31-amd64',
    arch: 'amd64',
    cpus: 4,
    memoryBytes: 16n << 30n,
    diskBytes: 80n << 30n,
    diskFreeBytes: 70n << 30n,
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses: [address], mtu: 1500 }],
    nodeAddress: address,
    cgroupVersion: 2,
    virtualization: 'kvm',
    agentVersion: '0.1.0',
  });
}

export function newTlsKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

async function csrOf(tlsKey: string): Promise<Buffer> {
  const key = createPrivateKey(tlsKey);
  const material = {
    pkcs8: key.export({ type: 'pkcs8', format: 'der' }),
    spki: createPublicKey(key).export({ type: 'spki', format: 'der' }),
  };
  const pem = await newCsrPem(material, 'cn=bench', []);
  return Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
}
