import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { Client, Metadata, type ServiceError, type ClientOptions, credentials } from '@grpc/grpc-js';
import { FlotillaError, reasonOf, systemClock } from '@flotilla/kit';
import type { Context } from './context.js';
import { fromServiceError } from './wire-error.js';

/** One method of a generated service definition. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

export interface UnaryMethod<Request, Response> extends Method<Request, Response> {
  readonly requestStream: false;
  readonly responseStream: false;
}

export interface StreamMethod<Request, Response> extends Method<Request, Response> {
  readonly requestStream: false;
  readonly responseStream: true;
}

const messageBytesMax = 32 * 1024 * 1024;

/** A connection to the server of one context: TLS by the context's CA alone, every call with its API key. */
export class Connection {
  private readonly client: Client;
  private readonly metadata = new Metadata();

  constructor(
    private readonly context: Context,
    private readonly timeoutMs: number,
    private readonly signal: AbortSignal,
  ) {
    refuseUntrusting(context);
    const url = new URL(context.server);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const options: ClientOptions = {
      'grpc.max_receive_message_length': messageBytesMax,
      // Nobody waits half a minute for a server that is up again.
      'grpc.initial_reconnect_backoff_ms': 250,
      'grpc.max_reconnect_backoff_ms': 5000,
      // A host that is an address may not be sent as server name; what is checked is still the address.
      ...(isIP(host) === 0 ? {} : { 'grpc.ssl_target_name_override': 'flotilla-server' }),
    };
    const tls = credentials.createSsl(Buffer.from(context.caPem), null, null, {
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    });
    this.client = new Client(`dns:${url.hostname}:${url.port === '' ? '443' : url.port}`, tls, options);
    this.metadata.set('authorization', `Bearer ${context.apiKey}`);
  }

  /** One question, one answer, within the request timeout. */
  unary<Request, Response>(method: UnaryMethod<Request, Response>, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) {
        reject(reasonOf(this.signal));
        return;
      }
      const onAbort = (): void => call.cancel();
      const call = this.client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        this.metadata,
        // An instant of the process's own clock, which grpc-js compares it with.
        { deadline: systemClock.now().wallMs + this.timeoutMs },
        (error, response) => {
          this.signal.removeEventListener('abort', onAbort);
          if (error !== null) reject(this.decode(error));
          else if (response === undefined) reject(new FlotillaError('INTERNAL', `${method.path} gave no answer`));
          else resolve(response);
        },
      );
      this.signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** What the server streams, until it ends or `signal` is aborted. */
  async *stream<Request, Response>(
    method: StreamMethod<Request, Response>,
    request: Request,
    signal: AbortSignal = this.signal,
  ): AsyncGenerator<Response, void, undefined> {
    const call = this.client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      this.metadata,
    );
    const onAbort = (): void => call.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) call.cancel();
    try {
      // grpc-js types its stream as yielding anything; it yields what responseDeserialize gives.
      for await (const message of call as AsyncIterable<Response>) yield message;
    } catch (error) {
      if (signal.aborted) throw reasonOf(signal);
      throw isServiceError(error) ? this.decode(error) : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      call.cancel();
    }
  }

  close(): void {
    this.client.close();
  }

  private decode(error: ServiceError): Error {
    if (this.signal.aborted) return reasonOf(this.signal);
    return fromServiceError(error, { server: this.context.server, contextName: this.context.name });
  }
}

/** Without a certificate to trust, TLS would fall back to the authorities of the host. */
function refuseUntrusting({ caPem, name }: Context): void {
  try {
    new X509Certificate(caPem);
  } catch {
    throw new FlotillaError('CONTEXT_INVALID', `the caPem of context ${name} is no certificate`, {
      kind: 'precondition',
      remedy: 'Log in again: flotilla login --from <admin.json>',
    });
  }
}

function isServiceError(value: unknown): value is ServiceError {
  return value instanceof Error && 'code' in value && typeof value.code === 'number' && 'details' in value;
}
