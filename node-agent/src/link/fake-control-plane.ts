import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import {
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import {
  AgentServiceService,
  BeginEnrollmentResponse,
  EnrollmentServiceService,
  FinishEnrollmentResponse,
  HeartbeatAck,
  RenewCertificateResponse,
  SessionResponse,
  Welcome,
  type AgentServiceServer,
  type BeginEnrollmentRequest,
  type EnrollmentServiceServer,
  type FinishEnrollmentRequest,
  type MachineTarget,
  type RenewCertificateRequest,
  type SessionRequest,
  type TargetSecrets,
} from '@flotilla/proto';
import { enrollmentStatement } from './enroll.js';
import { FakeAuthority } from './fake-authority.js';

export interface FakeOptions {
  /** Names and addresses in its certificate. */
  readonly names?: readonly string[];
  readonly listen?: string;
  readonly port?: number;
  readonly token?: string;
  readonly intervalMs?: number;
  readonly certificateLifeMs?: number;
  /** Wall clock shown to agents. */
  readonly nowMs?: () => number;
  /** Answers GET for paths below /artifacts. */
  readonly artifacts?: (path: string, request: IncomingMessage, response: ServerResponse) => void;
  /** Sees each message of each session; returns false to keep the fake from answering it. */
  readonly onMessage?: (
    message: NonNullable<SessionRequest['message']>,
    send: (response: NonNullable<SessionResponse['message']>) => void,
  ) => boolean;
}

/**
 * A control plane for tests, over real TLS and real gRPC on one port: it checks what an agent proves and keeps what it
 * says. Everything it decides is decided by the test.
 */
export class FakeControlPlane {
  readonly heard: NonNullable<SessionRequest['message']>[] = [];
  readonly machines = new Map<string, string>();
  tokenUses = 0;
  /** Set to break off enrolment: the reply is lost after everything was stored. */
  loseNextReply = false;
  /** Sessions are answered by this refusal instead of a welcome. */
  refusal: NonNullable<SessionResponse['message']> | undefined;
  /** Sessions are not answered at all: their streams end with an error. */
  refuseSessions = false;
  serverEpoch = 1n;
  /** What each machine is sent when it connects; '' stands for all. */
  readonly targets = new Map<string, { target: MachineTarget; secrets: TargetSecrets | undefined }>();
  readonly #sends = new Map<(message: NonNullable<SessionResponse['message']>) => void, string>();
  readonly #nonces = new Set<string>();
  readonly #sockets = new Set<TLSSocket>();
  #leafDer: Buffer = Buffer.alloc(0);
  #close: () => Promise<void> = () => Promise.resolve();
  url = '';

  private constructor(
    readonly authority: FakeAuthority,
    private readonly options: FakeOptions,
  ) {}

  static async start(options: FakeOptions = {}): Promise<FakeControlPlane> {
    const nowMs = options.nowMs ?? Date.now;
    const fake = new FakeControlPlane(await FakeAuthority.create(nowMs), options);
    await fake.#listen(nowMs);
    return fake;
  }

  get pin(): string {
    return this.authority.pin;
  }

  get sessions(): number {
    return this.#sends.size;
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Sends to the open sessions of one machine, or of all. */
  send(message: NonNullable<SessionResponse['message']>, machineId = ''): void {
    for (const [send, id] of this.#sends) if (machineId === '' || id === machineId) send(message);
  }

  push(target: MachineTarget, secrets?: TargetSecrets, machineId = ''): void {
    this.targets.set(machineId, { target, secrets });
    this.send({ $case: 'target', value: { target, secrets } }, machineId);
  }

  async #listen(nowMs: () => number): Promise<void> {
    const names = this.options.names ?? ['127.0.0.1', 'localhost'];
    const leaf = await this.authority.server(names);
    this.#leafDer = Buffer.from(leaf.certificatePem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const grpc = new Server({ 'grpc.enable_channelz': 0 });
    grpc.addService(EnrollmentServiceService, this.#enrollment());
    grpc.addService(AgentServiceService, this.#agent());
    const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const http = createHttpServer({ keepAlive: false }, (request, response) => this.#http(request, response, nowMs));
    const server = createServer({
      key: leaf.keyPem,
      cert: leaf.certificatePem + this.authority.caPem,
      ca: this.authority.caPem,
      minVersion: 'TLSv1.3',
      requestCert: true,
      rejectUnauthorized: false,
      ALPNCallback: ({ protocols }) =>
        protocols.includes('http/1.1') ? 'http/1.1' : protocols.includes('h2') ? 'h2' : undefined,
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => socket.destroy());
      if (socket.alpnProtocol === 'h2') injector.injectConnection(socket);
      else http.emit('connection', socket);
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    await new Promise<void>((resolve) =>
      server.listen(this.options.port ?? 0, this.options.listen ?? '127.0.0.1', resolve),
    );
    const { port } = server.address() as AddressInfo; // a TCP server's address
    this.url = `https://${names[0] ?? '127.0.0.1'}:${port}`;
    this.#close = async () => {
      grpc.forceShutdown();
      for (const socket of this.#sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    };
  }

  #http(request: IncomingMessage, response: ServerResponse, nowMs: () => number): void {
    response.setHeader('date', new Date(nowMs()).toUTCString());
    const path = request.url ?? '';
    if (path === '/healthz') response.end('ok\n');
    else if (path.startsWith('/artifacts/') && this.options.artifacts !== undefined)
      this.options.artifacts(path, request, response);
    else response.writeHead(404).end();
  }

  #enrollment(): EnrollmentServiceServer {
    return {
      beginEnrollment: (
        _call: ServerUnaryCall<BeginEnrollmentRequest, BeginEnrollmentResponse>,
        done: sendUnaryData<BeginEnrollmentResponse>,
      ) => {
        const nonce = randomBytes(16);
        this.#nonces.add(nonce.toString('hex'));
        done(null, BeginEnrollmentResponse.create({ nonce, serverTime: new Date() }));
      },
      finishEnrollment: (
        call: ServerUnaryCall<FinishEnrollmentRequest, FinishEnrollmentResponse>,
        done: sendUnaryData<FinishEnrollmentResponse>,
      ) => {
        this.#finish(call.request).then(
          (response) => (this.loseNextReply ? this.#lose() : done(null, response)),
          (error: unknown) =>
            done({ code: status.UNAUTHENTICATED, details: error instanceof Error ? error.message : 'refused' }),
        );
      },
    };
  }

  #lose(): void {
    this.loseNextReply = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async #finish(request: FinishEnrollmentRequest): Promise<FinishEnrollmentResponse> {
    if (request.token !== (this.options.token ?? 'tok_abc.0123456789abcdef')) throw new Error('no such token');
    if (!this.#nonces.delete(Buffer.from(request.nonce).toString('hex'))) throw new Error('no such nonce');
    const identitySpki = Buffer.from(request.identityPublicKey);
    const statement = enrollmentStatement({
      nonce: request.nonce,
      identitySpki,
      tlsCsr: request.tlsCsr,
      serverCertificate: this.#leafDer,
    });
    const key = createPublicKey({ key: identitySpki, type: 'spki', format: 'der' });
    if (!verify('sha256', statement, key, request.signature)) throw new Error('the signature is wrong');
    const print = createHash('sha256').update(identitySpki).digest('hex');
    const known = this.machines.get(print);
    if (known === undefined) this.tokenUses += 1;
    const machineId = known ?? `mch_fake${this.machines.size + 1}`;
    this.machines.set(print, machineId);
    return FinishEnrollmentResponse.create({
      machineId,
      machineName: request.facts?.hostname ?? '',
      project: 'default',
      certificateChain: await this.authority.machine(
        request.tlsCsr,
        machineId,
        this.options.certificateLifeMs ?? 86_400_000,
      ),
      caBundle: this.authority.caPem,
      serverTime: new Date(),
    });
  }

  #agent(): AgentServiceServer {
    return {
      session: (stream: ServerDuplexStream<SessionRequest, SessionResponse>) => this.#session(stream),
      renewCertificate: (
        call: ServerUnaryCall<RenewCertificateRequest, RenewCertificateResponse>,
        done: sendUnaryData<RenewCertificateResponse>,
      ) => {
        this.authority.machine(call.request.tlsCsr, 'mch_fake1', 86_400_000).then(
          (certificateChain) =>
            done(null, RenewCertificateResponse.create({ certificateChain, caBundle: this.authority.caPem })),
          (error: unknown) => done({ code: status.INVALID_ARGUMENT, details: String(error) }),
        );
      },
    };
  }

  #session(stream: ServerDuplexStream<SessionRequest, SessionResponse>): void {
    const peer = stream.getAuthContext().sslPeerCertificate;
    if (this.refuseSessions || peer === undefined || peer.subject === undefined) {
      stream.emit('error', { code: status.UNAUTHENTICATED, details: 'no client certificate' });
      return;
    }
    const send = (message: NonNullable<SessionResponse['message']>): void => {
      stream.write(SessionResponse.create({ message }));
    };
    const machineId = peer.subject.CN;
    this.#sends.set(send, String(machineId));
    stream.on('close', () => this.#sends.delete(send)).on('error', () => this.#sends.delete(send));
    stream.on('end', () => stream.end());
    stream.on('data', (request: SessionRequest) => this.#answer(request.message, send, String(machineId)));
  }

  #answer(
    message: SessionRequest['message'],
    send: (message: NonNullable<SessionResponse['message']>) => void,
    machineId: string,
  ): void {
    if (message === undefined) return;
    this.heard.push(message);
    if (this.options.onMessage?.(message, send) === false) return;
    if (message.$case === 'heartbeat')
      send({ $case: 'ack', value: HeartbeatAck.create({ sequence: message.value.sequence }) });
    if (message.$case !== 'hello') return;
    if (this.refusal !== undefined) {
      send(this.refusal);
      return;
    }
    const intervalMs = this.options.intervalMs ?? 1_000;
    const heartbeatInterval = {
      seconds: BigInt(Math.floor(intervalMs / 1000)),
      nanos: (intervalMs % 1000) * 1_000_000,
    };
    send({
      $case: 'welcome',
      value: Welcome.create({
        protocol: 1,
        sessionEpoch: 1n,
        serverEpoch: this.serverEpoch,
        instanceId: 'ins_fake',
        heartbeatInterval,
        serverTime: new Date(),
      }),
    });
    const held = this.targets.get(machineId) ?? this.targets.get('');
    if (held !== undefined) send({ $case: 'target', value: held });
  }
}
