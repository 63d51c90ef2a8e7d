import { connect as connectHttp2, constants, type ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import { FlotillaError, systemClock, systemCode } from '@flotilla/kit';
import type { RpcRequest } from './host.js';

const messageBytesMax = 64 * 1024;
const emptyMessage = Buffer.alloc(5);

/**
 * One gRPC call without a client library: a connection, a request, an answer, all within the deadline. The daemon's own
 * answer is what counts; that its socket file is there says nothing.
 */
export async function unixRpc({ socket, method, timeoutMs }: RpcRequest): Promise<Uint8Array> {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(socket) });
  const over = new AbortController();
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      session.on('error', reject);
      systemClock.sleep(timeoutMs, over.signal).then(
        () => reject(Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' })),
        () => undefined,
      );
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: method,
        [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
        te: 'trailers',
      });
      readMessage(stream).then(resolve, reject);
      stream.end(emptyMessage);
    });
  } catch (error) {
    const system = systemCode(error);
    const reason = error instanceof Error ? error.message : String(error);
    throw new FlotillaError('RPC_FAILED', `${socket} did not answer: ${reason}`, {
      kind: 'unavailable',
      metadata: system === undefined ? {} : { system },
      cause: error,
    });
  } finally {
    over.abort();
    session.destroy();
  }
}

function readMessage(stream: ClientHttp2Stream): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let status: string | undefined;
    let said = '';
    const take = (headers: Readonly<Record<string, unknown>>): void => {
      if (typeof headers['grpc-status'] === 'string') status = headers['grpc-status'];
      if (typeof headers['grpc-message'] === 'string') said = headers['grpc-message'];
    };
    stream.on('response', take).on('trailers', take).on('error', reject);
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > messageBytesMax) stream.destroy(new Error(`the answer is larger than ${messageBytesMax} bytes`));
      else chunks.push(chunk);
    });
    stream.on('end', () => {
      if (status === '0') resolve(Buffer.concat(chunks).subarray(5));
      else reject(new Error(`gRPC status ${status ?? 'missing'} ${said}`.trim()));
    });
  });
}
