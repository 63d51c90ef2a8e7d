import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { connect as tcpConnect, type Socket } from 'node:net';
import { connect as tlsConnect, type ConnectionOptions } from 'node:tls';

/** A gRPC method as ts-proto describes it. */
export interface Method<Q, A> {
  readonly path: string;
  requestSerialize(value: Q): Buffer;
  responseDeserialize(bytes: Buffer): A;
}

/** One message with its five bytes in front. */
export function frame(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(5 + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}

/** Cuts a stream of bytes into messages. */
export class Unframer {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (this.#rest.length >= 5) {
      const size = this.#rest.readUInt32BE(1);
      if (this.#rest.length < 5 + size) break;
      messages.push(this.#rest.subarray(5, 5 + size));
      this.#rest = this.#rest.subarray(5 + size);
    }
    return messages;
  }
}

export interface Target extends ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string | undefined;
}

/** An HTTP/2 connection over TLS; resolves when the handshake is done. `onTcp` gets the socket below. */
export async function dial(target: Target, onTcp?: (tcp: Socket) => void): Promise<ClientHttp2Session> {
  const { host, port, localAddress, ...rest } = target;
  const tcp = tcpConnect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) });
  onTcp?.(tcp);
  const socket = tlsConnect({
    ...rest,
    socket: tcp,
    servername: 'localhost',
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['h2'],
  });
  tcp.on('error', (error) => socket.destroy(error));
  const session = connect('https://localhost', { createConnection: () => socket });
  // An error after the handshake is also a close, which is what callers listen to.
  session.on('error', () => undefined);
  await Promise.race([once(session, 'connect'), gone(session)]);
  return session;
}

async function gone(session: ClientHttp2Session): Promise<never> {
  await once(session, 'close');
  throw new Error('the connection was closed before it was up');
}

export function openStream(
  session: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
): ClientHttp2Stream {
  const stream = session.request(
    { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers },
    { endStream: false },
  );
  stream.on('error', () => undefined);
  return stream;
}

/** One unary call. Rejects with the server's status. */
export async function unary<Q, A>(
  session: ClientHttp2Session,
  method: Method<Q, A>,
  request: Q,
  headers: Record<string, string> = {},
): Promise<A> {
  const bytes = await unaryBytes(session, method.path, method.requestSerialize(request), headers);
  return method.responseDeserialize(bytes);
}

/** Like {@link unary}, of messages that are bytes already. */
export function unaryBytes(
  session: ClientHttp2Session,
  path: string,
  message: Uint8Array,
  headers: Record<string, string> = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = openStream(session, path, headers);
    const chunks: Buffer[] = [];
    let status = '';
    const read = (fields: IncomingHttpHeaders): void => {
      const [code, text] = [fields['grpc-status'], fields['grpc-message']];
      if (typeof code === 'string') status = `${code} ${typeof text === 'string' ? text : ''}`;
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('close', () => {
      const body = Buffer.concat(chunks);
      if (status.startsWith('0 ')) resolve(body.subarray(5));
      else reject(new Error(`${path}: ${status === '' ? `no status (${stream.rstCode})` : status}`));
    });
    stream.end(frame(message));
  });
}

export const cancelled = constants.NGHTTP2_CANCEL;
