import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type handleUnaryCall, Metadata, type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status } from '@grpc/grpc-js';
import {
  AccessServiceService,
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
    this.watchers.clear();
  }

  /** Comes back on the same port after {@link stop}. */
  async restart(): Promise<void> {
    this.grpc = new Server();
    await this.listen(this.port);
  }

  private async listen(port: number): Promise<void> {
    this.addServices();
    const { keyPem, certificatePem } = this.certificates;
    const credentials = ServerCredentials.createSsl(null, [{ private_key: Buffer.from(keyPem), cert_chain: Buffer.from(certificatePem) }]);
    this.port = await new Promise<number>((resolve, reject) => {
      this.grpc.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
  }

  private addServices(): void {
    const u = this.unary.bind(this);
    this.grpc.addService(ClusterServiceService, {
      createCluster: u('CreateCluster', (fleet) => fleet.createCluster),
      getCluster: u('GetCluster', (fleet) => fleet.getCluster),
      listClusters: u('ListClusters', (fleet) => fleet.listClusters),
      deleteCluster: u('DeleteCluster', (fleet) => fleet.deleteCluster),
      issueKubeconfig: u('IssueKubeconfig', (fleet) => fleet.issueKubeconfig),
    });
    this.grpc.addService(NodePoolServiceService, {
      createNodePool: u('CreateNodePool', (fleet) => fleet.createNodePool),
      getNodePool: u('GetNodePool', (fleet) => fleet.getNodePool),
      listNodePools: u('ListNodePools', (fleet) => fleet.listNodePools),
      updateNodePool: u('UpdateNodePool', (fleet) => fleet.updateNodePool),
      deleteNodePool: u('DeleteNodePool', (fleet) => fleet.deleteNodePool),
    });
    this.grpc.addService(NodeServiceService, {
      getNode: u('GetNode', (fleet) => fleet.getNode),
      listNodes: u('ListNodes', (fleet) => fleet.listNodes),
      removeNode: u('RemoveNode', (fleet) => fleet.getNode),
      retryNode: u('RetryNode', (fleet) => fleet.getNode),
    });
    this.grpc.addService(MachineServiceService, {
      getMachine: u('GetMachine', (fleet) => fleet.getMachine),
      listMachines: u('ListMachines', (fleet) => fleet.listMachines),
      deleteMachine: u('DeleteMachine', (fleet) => fleet.getMachine),
    });
    this.grpc.addService(TokenServiceService, {
      createToken: u('CreateToken', (fleet) => fleet.createToken),
      getToken: u('GetToken', (fleet) => fleet.getToken),
      listTokens: u('ListTokens', (fleet) => fleet.listTokens),
      revokeToken: u('RevokeToken', (fleet) => fleet.getToken),
    });
    this.grpc.addService(AccessServiceService, {
      getCaller: u('GetCaller', (fleet) => fleet.getCaller),
      createApiKey: u('CreateApiKey', (fleet) => fleet.createApiKey),
      listApiKeys: u('ListApiKeys', (fleet) => fleet.listApiKeys),
      revokeApiKey: u('RevokeApiKey', (fleet) => fleet.revokeApiKey),
    });
    this.grpc.addService(ProjectServiceService, {
      getProject: u('GetProject', (fleet) => fleet.getProject),
      listProjects: u('ListProjects', (fleet) => fleet.listProjects),
    });
    this.grpc.addService(VersionServiceService, {
      getVersion: u('GetVersion', (fleet) => fleet.getVersion),
      listVersions: u('ListVersions', (fleet) => fleet.listVersions),
      getServerInfo: u('GetServerInfo', (fleet) => fleet.getServerInfo),
      syncArtifacts: (call: ServerWritableStream<SyncArtifactsRequest, SyncArtifactsResponse>) => {
        this.calls.push({ method: 'SyncArtifacts', request: call.request });
        this.fleet.syncArtifacts(call);
      },
    });
    this.grpc.addService(EventServiceService, {
      listEvents: u('ListEvents', (fleet) => fleet.listEvents),
      watchEvents: (call: ServerWritableStream<WatchEventsRequest, WatchEventsResponse>) => {
        this.calls.push({ method: 'WatchEvents', request: call.request });
        this.watchers.add(call);
        call.on('cancelled', () => this.watchers.delete(call));
        const { afterRevision } = call.request;
        if (afterRevision > 0n) this.fleet.eventsAfter(afterRevision).forEach((event) => call.write({ event }));
      },
    });
  }

  /** The fleet is looked up for each call: a test may put in another. */
  private unary<Q, R>(method: string, answer: (fleet: FakeFleet) => (request: Q) => R): handleUnaryCall<Q, R> {
    return (call: ServerUnaryCall<Q, R>, callback: sendUnaryData<R>) => {
      this.calls.push({ method, request: call.request });
      try {
        if (call.metadata.get('authorization')[0] !== `Bearer ${this.apiKey}`) {
          throw new FakeFailure(status.UNAUTHENTICATED, 'API_KEY_UNKNOWN', 'this API key is not known here', 'Log in again.');
        }
        const failure = this.failures.get(method);
        if (failure !== undefined) throw failure;
        callback(null, answer(this.fleet).call(this.fleet, call.request));
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
    { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: Buffer.from(ErrorInfo.encode(ErrorInfo.create({ reason, domain: 'flotilla.dev' })).finish()) },
    { typeUrl: 'type.googleapis.com/google.rpc.Help', value: Buffer.from(Help.encode(Help.create({ links: remedy === '' ? [] : [{ description: remedy }] })).finish()) },
    { typeUrl: 'type.googleapis.com/google.rpc.BadRequest', value: Buffer.from(BadRequest.encode(BadRequest.create({ fieldViolations: [...violations] })).finish()) },
  ];
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode(Status.create({ code, message, details })).finish()));
  return { code, details: message, metadata };
}
