import * as grpc from '@grpc/grpc-js';
import {
  AccessServiceService,
  AuditServiceService,
  ClusterServiceService,
  EventServiceService,
  MachineServiceService,
  NodePoolServiceService,
  NodeServiceService,
  TokenServiceService,
} from '@flotilla/proto';

interface Method {
  readonly path: string;
  requestSerialize(value: never): Buffer;
  requestDeserialize(bytes: Buffer): unknown;
  responseDeserialize(bytes: Buffer): unknown;
}

type Calls<S> = {
  readonly [M in keyof S]: S[M] extends Method
    ? (request?: Partial<ReturnType<S[M]['requestDeserialize']>>) => Promise<ReturnType<S[M]['responseDeserialize']>>
    : never;
};

const deadlineMs = 30_000;

/** The unary methods of a service as functions; what a request leaves out has its zero value. */
function callsOf<S extends object>(client: grpc.Client, metadata: grpc.Metadata, service: S): Calls<S> {
  const calls = Object.entries(service as Record<string, Method>).map(([name, method]) => [
    name,
    (request: object = {}) =>
      new Promise((resolve, reject) => {
        const whole = { ...(method.requestDeserialize(Buffer.alloc(0)) as object), ...request };
        client.makeUnaryRequest(
          method.path,
          // What the types of Calls demanded is what the method serializes.
          (value: object) => method.requestSerialize(value as never),
          (bytes) => method.responseDeserialize(bytes),
          whole,
          metadata,
          { deadline: Date.now() + deadlineMs },
          (error, response) => (error ? reject(error) : resolve(response)),
        );
      }),
  ]);
  return Object.fromEntries(calls) as Calls<S>; // one entry per method of S
}

/** The operator API with one key, as a program of the operator's would use it. */
export function openApi(address: string, caPem: string, apiKey: string) {
  const client = new grpc.Client(address, grpc.credentials.createSsl(Buffer.from(caPem)), {
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 1000,
  });
  // A server that was killed is back in a moment: a call waits for it rather than fail by the memory of a refused dial.
  const metadata = new grpc.Metadata({ waitForReady: true });
  metadata.set('authorization', `Bearer ${apiKey}`);
  const of = <S extends object>(service: S): Calls<S> => callsOf(client, metadata, service);
  return {
    client,
    metadata,
    access: of(AccessServiceService),
    audit: of(AuditServiceService),
    clusters: of(ClusterServiceService),
    events: of(EventServiceService),
    machines: of(MachineServiceService),
    nodes: of(NodeServiceService),
    pools: of(NodePoolServiceService),
    tokens: of(TokenServiceService),
    close: () => client.close(),
  };
}

export type Api = ReturnType<typeof openApi>;
