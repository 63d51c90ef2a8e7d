import * as grpc from '@grpc/grpc-js';
import {
  AccessServiceClient,
  BadRequest,
  ClusterServiceClient,
  ErrorInfo,
  EventServiceClient,
  Help,
  MachineServiceClient,
  NodePoolServiceClient,
  NodeServiceClient,
  ProjectServiceClient,
  Status,
  TokenServiceClient,
  VersionServiceClient,
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

/** The last overload of a generated method, which is the one that types are inferred from. */
type Unary<Req, Res> = (
  request: Req,
  metadata: grpc.Metadata,
  options: Partial<grpc.CallOptions>,
  callback: (error: grpc.ServiceError | null, response: Res) => void,
) => unknown;

/** Clients of every operator service, with one API key. */
export function openOperator(port: number, caPem: string, apiKey: string | undefined) {
  const credentials = grpc.credentials.createSsl(Buffer.from(caPem));
  const options = { 'grpc.enable_retries': 0, 'grpc.use_local_subchannel_pool': 1 };
  const at = `127.0.0.1:${port}`;
  const metadata = new grpc.Metadata();
  if (apiKey !== undefined) metadata.set('authorization', `Bearer ${apiKey}`);
  const clients = {
    access: new AccessServiceClient(at, credentials, options),
    clusters: new ClusterServiceClient(at, credentials, options),
    events: new EventServiceClient(at, credentials, options),
    machines: new MachineServiceClient(at, credentials, options),
    pools: new NodePoolServiceClient(at, credentials, options),
    nodes: new NodeServiceClient(at, credentials, options),
    projects: new ProjectServiceClient(at, credentials, options),
    tokens: new TokenServiceClient(at, credentials, options),
    versions: new VersionServiceClient(at, credentials, options),
  };
  return {
    ...clients,
    metadata,
    /** Makes a unary call; rejects with gRPC's error. */
    call<Req, Res>(client: object, method: Unary<Req, Res>, request: Req): Promise<Res> {
      return new Promise((resolve, reject) =>
        method.call(client, request, metadata, {}, (error, response) => (error ? reject(error) : resolve(response))),
      );
    },
    close: () => Object.values(clients).forEach((client) => client.close()),
  };
}
