import { Metadata, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { FlotillaError, type Clock } from '@flotilla/kit';
import {
  AgentServiceClient,
  RenewCertificateRequest,
  type RenewCertificateResponse,
  type SessionRequest,
  type SessionResponse,
} from '@flotilla/proto';
import { channelOptions, sessionCredentials } from './channel.js';
import { dialTarget, type LastGoodPorts } from './last-good.js';
import { renewIfExpired, type RenewPorts } from './renew.js';
import { fromRpcError } from './rpc-error.js';
import type { SessionStream, Transport } from './transport.js';

const callTimeoutMs = 20_000;

/** A new channel for each session: what is wrong with an old one cannot outlive it. */
export function grpcTransport(server: string, ports: RenewPorts & LastGoodPorts): Transport {
  const { hostname, host } = new URL(server);
  const connect = async (): Promise<AgentServiceClient> => {
    const target = await dialTarget(server, ports);
    // Dialled by address, but it is the name that its certificate must have.
    const named = target.startsWith('ipv')
      ? { 'grpc.ssl_target_name_override': hostname, 'grpc.default_authority': host }
      : {};
    return new AgentServiceClient(target, sessionCredentials(await ports.identity.tls()), {
      ...channelOptions,
      ...named,
    });
  };
  return {
    async open(): Promise<SessionStream> {
      let client = await connect();
      try {
        if (await renewIfExpired(ports, { renew: renewOver(client, server, ports.clock) })) {
          client.close();
          client = await connect();
        }
      } catch (error) {
        client.close();
        throw error;
      }
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
        renew: renewOver(client, server, ports.clock),
      };
    },
  };
}

function renewOver(client: AgentServiceClient, server: string, clock: Clock): SessionStream['renew'] {
  return (tlsCsr, signature) =>
    new Promise((resolve, reject) => {
      const deadline = clock.now().wallMs + callTimeoutMs;
      const done = (error: ServiceError | null, value: RenewCertificateResponse): void =>
        error === null ? resolve(value) : reject(fromRpcError(error, server, 'certificate'));
      const request = RenewCertificateRequest.create({ tlsCsr, signature });
      client.renewCertificate(request, new Metadata(), { deadline }, done);
    });
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
      throw fromRpcError(error as ServiceError, server, 'certificate'); // both fields seen
    throw new FlotillaError(
      'SERVER_UNREACHABLE',
      `${server}: ${error instanceof Error ? error.message : String(error)}`,
      { kind: 'unavailable' },
    );
  }
}
