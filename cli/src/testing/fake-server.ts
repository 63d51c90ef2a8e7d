import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { join } from 'node:path';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import {
  type handleUnaryCall,
  Metadata,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import {
  AccessServiceService,
  AuditServiceService,
  BadRequest,
  ClusterServiceService,
  ErrorInfo,
  type Event,
  EventServiceService,
  Help,
  MachineServiceService,
  NodePoolServiceService,
  NodeServiceService,
  ProjectServiceService,
  Status,
  type SyncArtifactsRequest,
  type SyncArtifactsResponse,
  TokenServiceService,
  VersionServiceService,
  type WatchEventsRequest,
  type WatchEventsResponse,
} from '@flotilla/proto';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { type FakeCertificates, fakeCertificates } from './fake-certificates.js';
import { fakeNowMs } from './fake-env.js';
import { FakeFailure } from './fake-failure.js';
import { FakeFleet } from './fake-fleet.js';

/** The operator services over real gRPC and real TLS, with what a {@link FakeFleet} holds. */
export class FakeServer {
  fleet = new FakeFleet();
  /** Every call as `CreateToken` and its request, in order. */
  readonly calls: { readonly method: string; readonly request: unknown }[] = [];
  readonly apiKey = 'flk_test.secret';
  /** Thrown by the next calls of a method, as long as it is set. */
  readonly failures = new Map<string, FakeFailure>();
  /** What /readyz says, and how far the server's clock is ahead. */
  ready = true;
  aheadMs = 0;
  private front: TlsServer | undefined;
  private readonly sockets = new Set<TLSSocket>();
  private readonly watchers = new Set<ServerWritableStream<WatchEventsRequest, WatchEventsResponse>>();

  private constructor(
    private grpc: Server,
    readonly certificates: FakeCertificates,
    public port: number,
  ) {}

  static async start(names?: readonly string[]): Promise<FakeServer> {
    const server = new FakeServer(new Server(), await fakeCertificates(names), 0);
    await server.listen(0);
    return server;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** Writes admin.json as the server does; gives its path. */
  async writeAdminFile(dir: string, changes: Readonly<Record<string, string>> = {}): Promise<string> {
    const { caPem, caPin } = this.certificates;
    const path = join(dir, 'admin.json');
    const admin = { server: this.url, caPin, publicKeyPin: 'sha256//x=', caPem, apiKey: this.apiKey, ...changes };
    await writeFile(path, JSON.stringify(admin), { mode: 0o600 });
    return path;
  }

  /** An event happens: it is kept, and every watcher gets it. */
  happen(event: Partial<Event>): void {
    const stored = this.fleet.addEvent(event);
    for (const watcher of this.watchers) watcher.write({ event: stored });
  }

  /** How many watch now. */
  get watching(): number {
    return this.watchers.size;
  }

  stop(): void {
    this.grpc.forceShutdown();
    this.front?.close();
    for (const socket of this.sockets) socket.destroy();
    this.watchers.clear();
  }

  /** Comes back on the same port after {@link stop}. */
  async restart(): Promise<void> {
    this.grpc = new Server();
    await this.listen(this.port);
  }

  /** One port, as the real one: `h2` is gRPC, `http/1.1` the web. */
  private async listen(port: number): Promise<void> {
    this.addServices();
    const injector = this.grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const http = createHttpServer((request, response) => {
      this.calls.push({ method: `GET ${request.url ?? ''}`, request: undefined });
      response.statusCode = this.ready ? 200 : 503;
      response.setHeader('date', new Date(fakeNowMs + this.aheadMs).toUTCString());
      response.end(this.ready ? 'ok\n' : 'the store is read-only: disk full\n');
    });
    const { keyPem: key, certificatePem: cert } = this.certificates;
    const front = createTlsServer({
      key,
      cert,
      minVersion: 'TLSv1.3',
      ALPNCallback: ({ protocols }) => ['http/1.1', 'h2'].find((name) => protocols.includes(name)),
    });
    front.on('secureConnection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      if (socket.alpnProtocol === 'h2') injector.injectConnection(socket);
      else http.emit('connection', socket);
    });
    front.on('tlsClientError', (_error, socket) => socket.destroy());
    this.front = front;
    await new Promise<void>((resolve, reject) => {
      front.once('error', reject);
      front.listen(port, '127.0.0.1', resolve);
    });
    const address = front.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  private addServices(): void {
    const services = [
      AccessServiceService,
      AuditServiceService,
      ClusterServiceService,
      MachineServiceService,
      NodePoolServiceService,
      NodeServiceService,
      ProjectServiceService,
      TokenServiceService,
    ];
    for (const service of services) this.grpc.addService(service, this.unaries(service));
    const { syncArtifacts: _sync, ...versions } = VersionServiceService;
    this.grpc.addService(VersionServiceService, {
      ...this.unaries(versions),
      syncArtifacts: (call: ServerWritableStream<SyncArtifactsRequest, SyncArtifactsResponse>) => {
        this.calls.push({ method: 'SyncArtifacts', request: call.request });
        this.fleet.syncArtifacts(call);
      },
    });
    this.grpc.addService(EventServiceService, {
      ...this.unaries({ listEvents: EventServiceService.listEvents }),
      watchEvents: (call: ServerWritableStream<WatchEventsRequest, WatchEventsResponse>) => {
        this.calls.push({ method: 'WatchEvents', request: call.request });
        this.watchers.add(call);
        call.on('cancelled', () => this.watchers.delete(call));
        const { afterRevision } = call.request;
        if (afterRevision > 0n) this.fleet.eventsAfter(afterRevision).forEach((event) => call.write({ event }));
      },
    });
  }

  /** Each method answered by the fleet's method of the same name. */
  private unaries(service: object): Record<string, handleUnaryCall<unknown, unknown>> {
    return Object.fromEntries(Object.keys(service).map((name) => [name, this.unary(name)]));
  }

  private unary(name: string): handleUnaryCall<unknown, unknown> {
    const method = name.charAt(0).toUpperCase() + name.slice(1);
    return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
      this.calls.push({ method, request: call.request });
      try {
        if (call.metadata.get('authorization')[0] !== `Bearer ${this.apiKey}`) {
          throw new FakeFailure(
            status.UNAUTHENTICATED,
            'API_KEY_UNKNOWN',
            'this API key is not known here',
            'Log in again.',
          );
        }
        const failure = this.failures.get(method);
        if (failure !== undefined) throw failure;
        // Looked up for each call: a test may put in another fleet, or another answer.
        const answer: unknown = Reflect.get(this.fleet, name);
        if (typeof answer !== 'function') throw new Error(`the fake fleet has no ${name}`);
        callback(null, Reflect.apply(answer, this.fleet, [call.request]));
      } catch (error) {
        callback(toServiceError(error));
      }
    };
  }
}

function toServiceError(error: unknown): { code: status; details: string; metadata: Metadata } {
  const metadata = new Metadata();
  if (!(error instanceof FakeFailure)) return { code: status.INTERNAL, details: String(error), metadata };
  const { code, message, reason, remedy, violations } = error;
  const details = [
    {
      typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo',
      value: Buffer.from(ErrorInfo.encode(ErrorInfo.create({ reason, domain: 'flotilla.dev' })).finish()),
    },
    {
      typeUrl: 'type.googleapis.com/google.rpc.Help',
      value: Buffer.from(Help.encode(Help.create({ links: remedy === '' ? [] : [{ description: remedy }] })).finish()),
    },
    {
      typeUrl: 'type.googleapis.com/google.rpc.BadRequest',
      value: Buffer.from(BadRequest.encode(BadRequest.create({ fieldViolations: [...violations] })).finish()),
    },
  ];
  metadata.set(
    'grpc-status-details-bin',
    Buffer.from(Status.encode(Status.create({ code, message, details })).finish()),
  );
  return { code, details: message, metadata };
}
