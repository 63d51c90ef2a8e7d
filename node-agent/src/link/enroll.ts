import { createHash, sign, type KeyObject } from 'node:crypto';
import type { ServiceError } from '@grpc/grpc-js';
import { FlotillaError, type Clock, type Random } from '@flotilla/kit';
import {
  BeginEnrollmentRequest,
  EnrollmentServiceClient,
  FinishEnrollmentRequest,
  type BeginEnrollmentResponse,
  type FinishEnrollmentResponse,
  type MachineFacts,
} from '@flotilla/proto';
import type { Host } from '../host/host.js';
import type { ProxySettings } from '../host/proxy.js';
import { certificateRequest, spkiOf } from '../host/x509.js';
import { channelOptions, channelTarget, enrollmentCredentials } from './channel.js';
import type { IdentityStore, MachineIdentity } from './identity.js';
import { contactPinned, expectClock, type PinnedServer } from './pinned-socket.js';
import { fromRpcError } from './rpc-error.js';

const callTimeoutMs = 20_000;

export interface EnrollPorts {
  readonly host: Host;
  readonly clock: Clock;
  readonly random: Random;
  readonly identity: IdentityStore;
  readonly proxy: ProxySettings;
  readonly server: string;
  readonly caPin: string;
  readonly tokenFile: string;
  readonly facts: (contact: PinnedServer) => Promise<MachineFacts>;
}

export interface EnrollProof {
  readonly nonce: Uint8Array;
  readonly identitySpki: Uint8Array;
  readonly tlsCsr: Uint8Array;
  readonly serverCertificate: Uint8Array;
}

function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/** The bytes the identity key signs, as enrollment_service.proto writes them down. */
export function enrollmentStatement({ nonce, identitySpki, tlsCsr, serverCertificate }: EnrollProof): Buffer {
  return Buffer.concat([
    Buffer.from('flotilla-enroll-v1\0'),
    nonce,
    sha256(identitySpki),
    sha256(tlsCsr),
    sha256(serverCertificate),
  ]);
}

async function readToken({ host, tokenFile }: EnrollPorts): Promise<{ readonly id: string; readonly text: string }> {
  const text = (await host.read(tokenFile))?.trim() ?? '';
  const id = /^([A-Za-z0-9_-]{1,64})\.[A-Za-z0-9_-]{16,256}$/.exec(text)?.[1];
  if (id !== undefined) return { id, text };
  throw new FlotillaError(
    'TOKEN_MISSING',
    text === '' ? `there is no enrollment token in ${tokenFile}` : `what is in ${tokenFile} is no enrollment token`,
    {
      kind: 'precondition',
      retry: 'later',
      remedy: "Create one on the operator's machine (flotilla token create) and run the install command it prints.",
    },
  );
}

/**
 * Trades the token for an identity. The keys are on disk before the first call, so a crash at any point resumes with the
 * same keys and gets the same machine; the token is removed once the certificate is stored.
 */
export async function enroll(ports: EnrollPorts): Promise<MachineIdentity> {
  const token = await readToken(ports);
  const contact = await contactPinned(ports.server, ports.caPin, ports.proxy);
  expectClock(ports.clock.now().wallMs, contact.serverTimeMs);
  const identityKey = await ports.identity.identityKey();
  const tlsCsr = certificateRequest(await ports.identity.firstTlsKey());
  const response = await call(ports, contact, { token, identityKey, tlsCsr });
  const machine: MachineIdentity = {
    machineId: response.machineId,
    machineName: response.machineName,
    project: response.project,
    cluster: response.cluster,
    pool: response.pool,
  };
  await ports.identity.saveEnrollment(machine, response.certificateChain, response.caBundle);
  await ports.host.remove(ports.tokenFile);
  return machine;
}

interface Credentials {
  readonly token: { readonly id: string; readonly text: string };
  readonly identityKey: KeyObject;
  readonly tlsCsr: Buffer;
}

async function call(
  ports: EnrollPorts,
  contact: PinnedServer,
  { token, identityKey, tlsCsr }: Credentials,
): Promise<FinishEnrollmentResponse> {
  let serverCertificate: Buffer | undefined;
  const channel = enrollmentCredentials(contact.caPem, (der) => (serverCertificate = der));
  const client = new EnrollmentServiceClient(channelTarget(ports.server), channel, channelOptions);
  const identitySpki = spkiOf(identityKey);
  try {
    const begin = BeginEnrollmentRequest.create({ tokenId: token.id, identityKeySha256: sha256(identitySpki) });
    const begun = await unary<BeginEnrollmentResponse>(ports, (done) => client.beginEnrollment(begin, done));
    if (serverCertificate === undefined)
      throw new FlotillaError('SERVER_UNREACHABLE', 'the connection showed no certificate', { kind: 'unavailable' });
    const statement = enrollmentStatement({ nonce: begun.nonce, identitySpki, tlsCsr, serverCertificate });
    const finish = FinishEnrollmentRequest.create({
      nonce: begun.nonce,
      token: token.text,
      identityPublicKey: identitySpki,
      tlsCsr,
      signature: sign('sha256', statement, identityKey),
      facts: await ports.facts(contact),
      installId: await ports.identity.installId(ports.random),
    });
    return await unary<FinishEnrollmentResponse>(ports, (done) => client.finishEnrollment(finish, done));
  } finally {
    client.close();
  }
}

/** One call with a deadline. The timer is the port's, so that tests need not wait. */
async function unary<T>(
  ports: EnrollPorts,
  start: (done: (error: ServiceError | null, value: T) => void) => { cancel(): void },
): Promise<T> {
  const ended = new AbortController();
  try {
    return await new Promise<T>((resolve, reject) => {
      const running = start((error, value) =>
        error === null ? resolve(value) : reject(fromRpcError(error, ports.server)),
      );
      ports.clock.sleep(callTimeoutMs, ended.signal).then(
        () => {
          running.cancel();
          reject(
            new FlotillaError('SERVER_UNREACHABLE', `${ports.server} did not answer within ${callTimeoutMs / 1000} s`, {
              kind: 'timeout',
            }),
          );
        },
        () => undefined,
      );
    });
  } finally {
    ended.abort();
  }
}
