import { createHash } from 'node:crypto';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Context } from '../context.js';

const timeoutMs = 10_000;
const bodyBytesMax = 64 * 1024;

/** What an HTTPS question to the server gave. */
export interface Probe {
  readonly status: number;
  readonly body: string;
  /** The server's wall clock, whole seconds; undefined when it did not say. */
  readonly dateMs: number | undefined;
  /** sha256//base64 of the TLS key that answered. */
  readonly keyPin: string;
}

/** Asks once, trusting only the CA of the context. Rejects with the error of the socket. */
export function probe(context: Context, path: string, signal: AbortSignal): Promise<Probe> {
  return new Promise((resolve, reject) => {
    const call = request(
      new URL(path, context.server),
      { ca: context.caPem, minVersion: 'TLSv1.3', timeout: timeoutMs, agent: false, signal },
      (response) => {
        // The transport of node:https is TLS.
        const certificate = (response.socket as TLSSocket).getPeerX509Certificate();
        const spki = certificate?.publicKey.export({ type: 'spki', format: 'der' });
        const keyPin = spki === undefined ? '' : `sha256//${createHash('sha256').update(spki).digest('base64')}`;
        const dateMs = Date.parse(response.headers.date ?? '');
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          if (body.length < bodyBytesMax) body += chunk;
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body,
            dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
            keyPin,
          }),
        );
      },
    );
    call.on('timeout', () => call.destroy(new Error(`no answer for ${timeoutMs / 1000} s`)));
    call.on('error', reject);
    call.end();
  });
}
