import { Metadata, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { FlotillaError, type Clock } from '@flotilla/kit';
import {
  AgentServiceClient,
  RenewCertificateRequest,
  type RenewCertificateResponse,
  type SessionRequest,
  type SessionResponse,
} from '@flotilla/proto';
import { channelOptions, channelTarget, sessionCredentials } from './channel.js';
import type { IdentityStore } from './identity.js';
import { fromRpcError } from './rpc-error.js';
import type { SessionStream, Transport } from './transport.js';

const callTimeoutMs = 20_000;

/** A new channel for each session: what is wrong with an old one cannot outlive it. */
export function grpcTransport(server: string, identity: IdentityStore, clock: Clock): Transport {
  return {
    async open(): Promise<SessionStream> {
      const client = new AgentServiceClient(
        channelTarget(server),
        sessionCredentials(await identity.tls()),
        channelOptions,
      );
      const stream = client.session();
      // Errors are met where messages are read; without a listener one that comes later would end the process.
      stream.on('error', () => undefined);
      return {
        send: (message: SessionRequest) => stream.write(message),
        messages: readAll(stream, server),
        destroy: () => {
          stream.cancel();
          client.close();
        },
        renew: (tlsCsr, signature) =>
          new Promise((resolve, reject) => {
            const deadline = clock.now().wallMs + callTimeoutMs;
            const done = (error: ServiceError | null, value: RenewCertificateResponse): void =>
              error === null ? resolve(value) : reject(fromRpcError(error, server));
            client.renewCertificate(
              RenewCertificateRequest.create({ tlsCsr, signature }),
              new Metadata(),
              { deadline },
              done,
            );
          }),
      };
    },
  };
}

async function* readAll(
  stream: ClientDuplexStream<SessionRequest, SessionResponse>,
  server: string,
): AsyncGenerator<SessionResponse> {
  try {
    // An object-mode stream of the generated type; the iterator itself is untyped.
    for await (const message of stream as AsyncIterable<SessionResponse>) yield message;
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'details' in error)
      throw fromRpcError(error as ServiceError, server); // both fields seen
    throw new FlotillaError(
      'SERVER_UNREACHABLE',
      `${server}: ${error instanceof Error ? error.message : String(error)}`,
      { kind: 'unavailable' },
    );
  }
}
