import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createSecureContext, type SecureContext } from 'node:tls';
import { FlotillaError, systemCode, type Clock } from '@flotilla/kit';
import { parseFailure, RefusedAnswer, StaleConnection, tooLargeError } from './errors.js';
import { Guard } from './guard.js';

/** How to reach one API server and who we are there. */
export interface KubeEndpoint {
  /** `https://host:port`, nothing more. */
  readonly server: string;
  /** CA of the cluster, PEM. Without it the certificate authorities of this host are trusted. */
  readonly caPem?: string;
  /** Client certificate and key, PEM. */
  readonly certificatePem?: string;
  readonly keyPem?: string;
  readonly bearerToken?: string;
  /** Name the server's certificate must hold, when the address is not in it. */
  readonly serverName?: string;
}

export interface TransportLimits {
  /** Deadline of a call that names none, and for a watch to begin. */
  readonly timeoutMs: number;
  /** Largest answer. */
  readonly bodyBytesMax: number;
  /** Largest line of a watch: one object. */
  readonly lineBytesMax: number;
  /** A watch on which nothing came for so long is dead; bookmarks come about every minute. */
  readonly idleTimeoutMs: number;
}

export const defaultLimits: TransportLimits = {
  timeoutMs: 10_000,
  bodyBytesMax: 64 * 1024 * 1024,
  lineBytesMax: 8 * 1024 * 1024,
  idleTimeoutMs: 150_000,
};

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** For errors: completes "could not …". */
  readonly what: string;
}

/** HTTPS to one API server: the only place of this package that opens connections. */
export class Transport {
  readonly #clock: Clock;
  readonly #limits: TransportLimits;
  readonly #base: RequestOptions;
  readonly #callAgent: Agent;
  readonly #watchAgent: Agent;

  constructor(endpoint: KubeEndpoint, clock: Clock, limits: Partial<TransportLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...defaultLimits, ...limits };
    const tls = {
      secureContext: secureContext(endpoint),
      rejectUnauthorized: true,
      servername: endpoint.serverName,
    } as const;
    // Idle connections are dropped before the API server (90 s) or a balancer drops them under us.
    this.#callAgent = new Agent({ ...tls, keepAlive: true, maxSockets: 16, maxFreeSockets: 2, timeout: 30_000 });
    // A watch has a connection of its own, so that no call waits behind it.
    this.#watchAgent = new Agent({ ...tls, keepAlive: false });
    const url = parseServer(endpoint.server);
    this.#base = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 443 : Number(url.port),
      headers: {
        accept: 'application/json',
        'user-agent': 'flotilla',
        ...(endpoint.bearerToken === undefined ? {} : { authorization: `Bearer ${endpoint.bearerToken}` }),
      },
    };
  }

  /** The body of a good answer; RefusedAnswer for any other status; FlotillaError when there was no answer. */
  async call(call: Call): Promise<string> {
    const timeoutMs = call.timeoutMs ?? this.#limits.timeoutMs;
    const guard = new Guard(this.#clock, call.signal, call.what);
    guard.limit(timeoutMs);
    try {
      try {
        return await this.#once(call, guard);
      } catch (error) {
        if (!isStaleConnection(error, call, guard)) throw error;
        return await this.#once(call, guard);
      }
    } catch (error) {
      throw guard.explain(error);
    } finally {
      guard.release();
    }
  }

  async #once(call: Call, guard: Guard): Promise<string> {
    const answer = await this.#open(call, this.#callAgent, guard);
    const body = await readAll(answer, this.#limits.bodyBytesMax, call.what);
    return checked(answer, body, call.what);
  }

  /** The lines of an endless answer, until it ends, the signal is aborted, or nothing comes for too long. */
  async *lines(call: Call): AsyncGenerator<string, void, undefined> {
    const guard = new Guard(this.#clock, call.signal, call.what);
    guard.limitSilence(call.timeoutMs ?? this.#limits.timeoutMs, this.#limits.idleTimeoutMs);
    try {
      const answer = await this.#open(call, this.#watchAgent, guard);
      if (answer.statusCode !== 200) {
        checked(answer, await readAll(answer, this.#limits.bodyBytesMax, call.what), call.what);
        return;
      }
      yield* splitLines(answer, this.#limits.lineBytesMax, call.what, guard);
    } catch (error) {
      throw guard.explain(error);
    } finally {
      guard.release();
    }
  }

  /** Ends every connection; calls under way fail. */
  close(): void {
    this.#callAgent.destroy();
    this.#watchAgent.destroy();
  }

  #open(call: Call, agent: Agent, guard: Guard): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string | number> = {};
      if (call.body !== undefined) {
        headers['content-type'] = call.contentType ?? 'application/json';
        headers['content-length'] = Buffer.byteLength(call.body);
      }
      const options = { ...this.#base, agent, method: call.method, path: call.path + queryText(call.query) };
      const request = httpsRequest({ ...options, headers: { ...this.#base.headers, ...headers } }, (answer) => {
        guard.answered(answer);
        // Read in full by the caller; an error after the end has nobody left to tell.
        answer.on('error', () => undefined);
        resolve(answer);
      });
      request.on('error', (error) => reject(request.reusedSocket ? new StaleConnection(error) : error));
      guard.hold(request);
      request.end(call.body);
    });
  }
}

/** A kept connection that the server had already closed says nothing about the server; reading once more is safe. */
function isStaleConnection(error: unknown, call: Call, guard: Guard): boolean {
  if (!(error instanceof StaleConnection) || call.method !== 'GET' || guard.over) return false;
  return ['ECONNRESET', 'EPIPE'].includes(systemCode(error.cause) ?? '');
}

function checked(answer: IncomingMessage, body: string, what: string): string {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return body;
  throw new RefusedAnswer(parseFailure(status, body, answer.headers['retry-after']), what);
}

async function readAll(answer: IncomingMessage, bytesMax: number, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > bytesMax) throw tooLargeError(what, `${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* splitLines(
  answer: IncomingMessage,
  bytesMax: number,
  what: string,
  guard: Guard,
): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  const add = (part: Buffer): void => {
    sizeBytes += part.length;
    if (sizeBytes > bytesMax) throw tooLargeError(what, `${bytesMax} bytes a line`);
    parts.push(part);
  };
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    guard.heard();
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      add(chunk.subarray(from, end));
      const line = Buffer.concat(parts).toString('utf8');
      parts = [];
      sizeBytes = 0;
      from = end + 1;
      if (line.trim() !== '') yield line;
    }
    add(chunk.subarray(from));
  }
}

function queryText(query: Call['query']): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined) search.set(key, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** Parses the keys once for all connections; refuses them here, where it can be said which cluster they belong to. */
function secureContext({ caPem, certificatePem, keyPem }: KubeEndpoint): SecureContext {
  try {
    // OpenSSL passes over what is no certificate, and Node takes an empty text for "trust this host's authorities".
    if (caPem !== undefined) new X509Certificate(caPem);
    return createSecureContext({ minVersion: 'TLSv1.2', ca: caPem, cert: certificatePem, key: keyPem });
  } catch (cause) {
    throw new FlotillaError('KUBE_INVALID', 'The certificate or key for an API server cannot be used.', {
      kind: 'invalid-argument',
      remedy: 'Give certificate and key as PEM texts that belong together.',
      cause,
    });
  }
}

function parseServer(server: string): URL {
  const problem = (why: string): FlotillaError =>
    new FlotillaError('KUBE_INVALID', `The address of an API server ${why}.`, {
      kind: 'invalid-argument',
      remedy: 'Give it as https://host:port.',
    });
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined) throw problem('is no URL');
  if (url.protocol !== 'https:') throw problem('must start with https://');
  if (url.username !== '' || url.password !== '') throw problem('must not hold credentials');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') throw problem('must end after the port');
  return url;
}
