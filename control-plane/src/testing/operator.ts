import * as grpc from '@grpc/grpc-js';
import {
  AccessServiceService,
  AgentServiceService,
  AuditServiceService,
  BadRequest,
  ClusterServiceService,
  EnrollmentServiceService,
  ErrorInfo,
  EventServiceService,
  Help,
  MachineServiceService,
  NodePoolServiceService,
  NodeServiceService,
  ProjectServiceService,
  Status,
  TokenServiceService,
  VersionServiceService,
  WatchEventsRequest,
} from '@flotilla/proto';

/** What a call failed with, as the command line would read it. */
export interface SeenError {
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string;
  readonly fields: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

export function seenError(error: unknown): SeenError {
  const service = error as grpc.ServiceError;
  const [bytes] = service.metadata?.get('grpc-status-details-bin') ?? [];
  const seen = { reason: '', remedy: '', fields: [] as string[], metadata: {} };
  for (const { typeUrl, value } of Buffer.isBuffer(bytes) ? Status.decode(bytes).details : []) {
    if (typeUrl.endsWith('ErrorInfo'))
      Object.assign(seen, { reason: ErrorInfo.decode(value).reason, metadata: ErrorInfo.decode(value).metadata });
    if (typeUrl.endsWith('BadRequest'))
      seen.fields = BadRequest.decode(value).fieldViolations.map(({ field }) => field);
    if (typeUrl.endsWith('Help'))
      seen.remedy = Help.decode(value)
        .links.map(({ description }) => description)
        .join('\n');
  }
  return { code: grpc.status[service.code] ?? String(service.code), message: service.details, ...seen };
}

interface UnaryDefinition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  requestSerialize(value: never): Buffer;
  requestDeserialize(bytes: Buffer): unknown;
  responseDeserialize(bytes: Buffer): unknown;
}

/** Each method of a service as a function; what a request leaves out has its zero value. */
type Calls<S> = {
  readonly [M in keyof S]: S[M] extends UnaryDefinition
    ? (request?: Partial<ReturnType<S[M]['requestDeserialize']>>) => Promise<ReturnType<S[M]['responseDeserialize']>>
    : never;
};

function callsOf<S extends object>(client: grpc.Client, service: S, metadata: grpc.Metadata): Calls<S> {
  const entries = Object.entries(service as Record<string, UnaryDefinition>).map(([name, method]) => [
    name,
    (request: object = {}) =>
      new Promise((resolve, reject) => {
        // The zero message decodes from nothing.
        const whole = { ...(method.requestDeserialize(Buffer.alloc(0)) as object), ...request };
        const serialize = (value: unknown): Buffer => method.requestSerialize(value as never);
        const deserialize = (bytes: Buffer): unknown => method.responseDeserialize(bytes);
        client.makeUnaryRequest(method.path, serialize, deserialize, whole, metadata, (error, response) =>
          error ? reject(error) : resolve(response),
        );
      }),
  ]);
  return Object.fromEntries(entries) as Calls<S>; // one entry per method of S
}

/** Clients of every operator service, with one API key. */
export function openOperator(port: number, caPem: string, apiKey: string | undefined) {
  const credentials = grpc.credentials.createSsl(Buffer.from(caPem));
  const client = new grpc.Client(`127.0.0.1:${port}`, credentials, {
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  const metadata = new grpc.Metadata();
  if (apiKey !== undefined) metadata.set('authorization', `Bearer ${apiKey}`);
  const of = <S extends object>(service: S): Calls<S> => callsOf(client, service, metadata);
  return {
    client,
    metadata,
    access: of(AccessServiceService),
    audit: of(AuditServiceService),
    clusters: of(ClusterServiceService),
    events: of(EventServiceService),
    machines: of(MachineServiceService),
    pools: of(NodePoolServiceService),
    nodes: of(NodeServiceService),
    projects: of(ProjectServiceService),
    tokens: of(TokenServiceService),
    versions: of(VersionServiceService),
    agents: of(AgentServiceService),
    enrollment: of(EnrollmentServiceService),
    /** Opens a stream of events. */
    watch: (request: Partial<WatchEventsRequest>) =>
      client.makeServerStreamRequest(
        EventServiceService.watchEvents.path,
        (value: WatchEventsRequest) => EventServiceService.watchEvents.requestSerialize(value),
        (bytes) => EventServiceService.watchEvents.responseDeserialize(bytes),
        WatchEventsRequest.create(request),
        metadata,
      ),
    close: () => client.close(),
  };
}

export type Operator = ReturnType<typeof openOperator>;
