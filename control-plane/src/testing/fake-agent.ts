import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import {
  AgentServiceClient,
  EnrollmentServiceClient,
  MachineFacts,
  type FinishEnrollmentRequest,
  type FinishEnrollmentResponse,
  type SessionRequest,
  type SessionResponse,
} from '@flotilla/proto';
import { challengeMessage, enrollMessage, renewMessage } from '../enroll/proof.js';
import { newCsrPem, newKey, privateKeyPem, sha256, type KeyMaterial } from '../enroll/x509.js';

const options = { 'grpc.enable_retries': 0, 'grpc.use_local_subchannel_pool': 1 };

/** PKCS#10 in DER for a key. */
export async function csrDer(key: KeyMaterial): Promise<Buffer> {
  const pem = await newCsrPem(key, 'cn=whatever, I am root', ['system:masters']);
  return Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
}

export function signWith(key: KeyMaterial, message: Uint8Array): Buffer {
  return sign('sha256', message, createPrivateKey({ key: key.pkcs8, format: 'der', type: 'pkcs8' }));
}

/** An agent without a host: enrolls, renews, and talks on a stream as a test tells it to. */
export class FakeAgent {
  readonly identity = newKey();
  tls = newKey();
  chain = '';
  machineId = '';
  readonly #closers: (() => void)[] = [];

  constructor(
    readonly port: number,
    readonly caPem: string,
  ) {}

  close(): void {
    for (const close of this.#closers.splice(0)) close();
  }

  /** sha256 of the certificate that the server shows. */
  serverCertificateHash(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: this.port, ca: this.caPem, ALPNProtocols: ['h2'] });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        resolve(sha256(socket.getPeerCertificate().raw));
        socket.destroy();
      });
    });
  }

  /** Both calls of an enrolment; `spoil` changes the second request before it is sent. */
  async enroll(
    token: string,
    spoil: (request: FinishEnrollmentRequest) => void | Promise<void> = () => undefined,
  ): Promise<FinishEnrollmentResponse> {
    const client = new EnrollmentServiceClient(
      `127.0.0.1:${this.port}`,
      grpc.credentials.createSsl(Buffer.from(this.caPem)),
      options,
    );
    try {
      const { nonce } = await this.begin(client, token);
      const request = await this.finishRequest(token, nonce);
      await spoil(request);
      const answer = await new Promise<FinishEnrollmentResponse>((resolve, reject) =>
        client.finishEnrollment(request, (error, response) => (error ? reject(error) : resolve(response))),
      );
      this.chain = answer.certificateChain;
      this.machineId = answer.machineId;
      return answer;
    } finally {
      client.close();
    }
  }

  begin(client: EnrollmentServiceClient, token: string): Promise<{ nonce: Buffer }> {
    const request = { tokenId: token.split('.')[0] ?? '', identityKeySha256: sha256(this.identity.spki) };
    return new Promise((resolve, reject) =>
      client.beginEnrollment(request, (error, response) =>
        error ? reject(error) : resolve({ nonce: Buffer.from(response.nonce) }),
      ),
    );
  }

  async finishRequest(token: string, nonce: Buffer): Promise<FinishEnrollmentRequest> {
    const tlsCsr = await csrDer(this.tls);
    const serverCertificateHash = await this.serverCertificateHash();
    const message = enrollMessage({ nonce, identityKey: this.identity.spki, tlsCsr, serverCertificateHash });
    return {
      nonce,
      token,
      identityPublicKey: this.identity.spki,
      tlsCsr,
      signature: signWith(this.identity, message),
      facts: MachineFacts.create({ hostname: 'edge.example.org', arch: 'amd64', cpus: 4 }),
      installId: 'install-1',
    };
  }

  client(): AgentServiceClient {
    const credentials = grpc.credentials.createSsl(
      Buffer.from(this.caPem),
      Buffer.from(privateKeyPem(this.tls)),
      Buffer.from(this.chain),
    );
    const client = new AgentServiceClient(`127.0.0.1:${this.port}`, credentials, options);
    this.#closers.push(() => client.close());
    return client;
  }

  async renew(signer: KeyMaterial = this.identity): Promise<void> {
    const next = newKey();
    const tlsCsr = await csrDer(next);
    const currentCertificate = new X509Certificate(this.chain).raw;
    const signature = signWith(signer, renewMessage({ tlsCsr, currentCertificate }));
    const answer = await new Promise<{ certificateChain: string }>((resolve, reject) =>
      this.client().renewCertificate({ tlsCsr, signature }, (error, response) =>
        error ? reject(error) : resolve(response),
      ),
    );
    this.tls = next;
    this.chain = answer.certificateChain;
  }

  /** Opens a stream and says Hello. */
  connect(over: { processId?: string; highestEpoch?: bigint; protocolMin?: number } = {}): FakeStream {
    const stream = new FakeStream(this.client().session(), this.identity);
    stream.send({
      $case: 'hello',
      value: {
        protocolMin: over.protocolMin ?? 1,
        protocolMax: over.protocolMin ?? 1,
        agentVersion: '0.1.0',
        bootId: 'boot-1',
        processId: over.processId ?? createHash('sha256').update(String(Math.random())).digest('hex').slice(0, 16),
        highestEpoch: over.highestEpoch ?? 0n,
        observed: undefined,
      },
    });
    return stream;
  }
}

type Received = NonNullable<SessionResponse['message']>;
type ValueOf<K extends Received['$case']> = Extract<Received, { readonly $case: K }>['value'];

/** The agent's end of a stream; what came is kept in order. */
export class FakeStream {
  readonly received: Received[] = [];
  error: grpc.ServiceError | undefined;
  ended = false;
  /** Answers challenges unless a test says otherwise. */
  answers = true;
  #beats = 0n;
  readonly #waiters = new Set<() => void>();

  constructor(
    readonly stream: grpc.ClientDuplexStream<SessionRequest, SessionResponse>,
    identity: KeyMaterial,
  ) {
    stream.on('data', ({ message }: SessionResponse) => {
      if (message === undefined) return;
      this.received.push(message);
      if (message.$case === 'challenge' && this.answers) {
        const nonce = Buffer.from(message.value.nonce);
        this.send({
          $case: 'challengeAnswer',
          value: { nonce, signature: signWith(identity, challengeMessage(nonce)) },
        });
      }
      this.#tell();
    });
    stream.on('error', (error: grpc.ServiceError) => {
      this.error = error;
      this.ended = true;
      this.#tell();
    });
    stream.on('end', () => {
      this.ended = true;
      this.#tell();
    });
  }

  send(message: NonNullable<SessionRequest['message']>): void {
    this.stream.write({ message });
  }

  beat(over: Partial<Extract<NonNullable<SessionRequest['message']>, { $case: 'heartbeat' }>['value']> = {}): void {
    this.#beats += 1n;
    const value = {
      sequence: this.#beats,
      acknowledgedEpoch: 0n,
      acknowledgedGeneration: 0n,
      load1m: 0,
      memoryAvailableBytes: 0n,
      diskFreeBytes: 0n,
      probes: [],
      cpuBusyRatio: 0,
      uptimeSeconds: 0n,
      ...over,
    };
    this.send({ $case: 'heartbeat', value });
  }

  /** The first message of this kind, from `after` on; rejects when the stream ends without one. */
  async next<K extends Received['$case']>(kind: K, after = 0): Promise<ValueOf<K>> {
    for (;;) {
      const found = this.received.slice(after).find((message) => message.$case === kind);
      // Found by its kind just now.
      if (found !== undefined) return found.value as ValueOf<K>;
      if (this.ended) throw this.error ?? new Error(`the stream ended without ${kind}`);
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }

  /** Resolves when the server has ended the stream. */
  async end(): Promise<void> {
    while (!this.ended) await new Promise<void>((resolve) => this.#waiters.add(resolve));
  }

  cancel(): void {
    this.stream.cancel();
  }

  #tell(): void {
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }
}
