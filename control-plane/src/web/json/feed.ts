import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DescMethod, FileRegistry } from '@bufbuild/protobuf';
import { FlotillaError, toFlotillaError } from '@flotilla/kit';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import type { Method } from '../../api/methods.js';
import { callerGone, runCall, type ServeParts } from '../../api/run-call.js';
import { JsonCodec } from './codec.js';
import { connectError } from './connect-error.js';
import { methodOf } from './descriptors.js';

export const feedPath = '/v1/feed';
const watchPath = '/flotilla.operator.v1.EventService/WatchEvents';
/** The first message names a project and carries a key: this is plenty. */
const helloBytesMax = 4096;
/** From the opening to the first message. */
const helloMs = 10_000;
/** Silence is broken by a ping this often, shorter than the idle timeouts of NATs and balancers. */
const pingMs = 25_000;
/** Bytes that may wait for a slow reader; the rest waits in the table. */
const bufferedMax = 256 * 1024;
/** A reader that takes nothing for so long is gone, or holds us up on purpose. */
const stalledMs = 30_000;
/** Feeds at once, said hello or not. */
const feedsMax = 500;

export interface FeedParts {
  readonly methods: ReadonlyMap<string, Method>;
  readonly registry: FileRegistry;
  readonly serving: ServeParts;
  readonly peerOf: (request: IncomingMessage) => string;
  /** https://host:port of this server: pages of other origins may not listen. */
  readonly origin: string;
}

export interface Feed {
  /** Feeds that are open now. */
  readonly open: number;
  /** Takes a connection that asks to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

/**
 * The events of a project as they happen. The client opens `/v1/feed` with `authorization: Bearer flk_…`, or, where it
 * cannot set headers, sends the key in its first message. That message is a JSON object: `authorization`, and the fields of
 * WatchEventsRequest (`project`, `afterRevision`, `resourceKind`), and `resource`. Then each message is one
 * WatchEventsResponse; an error is `{"error": {code, message, details}}`, followed by the end.
 */
export function openFeed(parts: FeedParts): Feed {
  const method = parts.methods.get(watchPath);
  const described = methodOf(parts.registry, watchPath);
  if (method === undefined || described === undefined) throw new Error(`${watchPath} is not served`);
  const server = new WebSocketServer({ noServer: true, maxPayload: helloBytesMax, perMessageDeflate: false });
  const codec = new JsonCodec(parts.registry);
  return {
    get open() {
      return server.clients.size;
    },
    upgrade(request, socket, head) {
      // Without a handler a reset by the other side would end the process.
      socket.on('error', () => socket.destroy());
      const refusal = refuse(request, server.clients.size, parts);
      if (refusal !== undefined) {
        socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
        return;
      }
      server.handleUpgrade(request, socket, head, (client) => {
        client.on('error', () => client.terminate());
        void new FeedSession(parts, codec, method, described, client, request).run();
      });
    },
    close() {
      for (const client of server.clients) client.close(1001, 'the server stops');
      server.close();
    },
  };
}

function refuse(request: IncomingMessage, open: number, { origin: own }: FeedParts): string | undefined {
  const { origin } = request.headers;
  const [path] = (request.url ?? '').split('?');
  if (path !== feedPath) return '404 Not Found';
  // Browsers say which page asks; other clients send none.
  if (origin !== undefined && origin.toLowerCase() !== own.toLowerCase()) return '403 Forbidden';
  return open >= feedsMax ? '503 Service Unavailable' : undefined;
}

class FeedSession {
  readonly #gone = new AbortController();

  constructor(
    private readonly parts: FeedParts,
    private readonly codec: JsonCodec,
    private readonly method: Method,
    private readonly described: DescMethod,
    private readonly client: WebSocket,
    private readonly request: IncomingMessage,
  ) {
    client.once('close', () => this.#gone.abort(callerGone()));
  }

  /** Waits for the first message, then sends events until either side ends it. Never rejects. */
  async run(): Promise<void> {
    const hello = await this.#hello().catch((error: unknown) => toFlotillaError(error));
    if (this.#gone.signal.aborted) return;
    const pings = this.#keepAlive();
    const authorization =
      hello instanceof FlotillaError ? undefined : (hello.authorization ?? this.request.headers.authorization);
    const outcome = await runCall(
      this.method,
      { peer: this.parts.peerOf(this.request), authorization, signal: this.#gone.signal },
      () => {
        if (hello instanceof FlotillaError) throw hello;
        const bytes = this.codec.encode(this.described.input, JSON.stringify(hello.fields));
        return { ...(this.method.definition.requestDeserialize(bytes) as object), resource: hello.resource };
      },
      this.parts.serving,
      (request, call) => this.method.handler(request, (message: unknown) => this.#send(message), call),
    );
    this.#end(outcome);
    this.#gone.abort(callerGone());
    await pings;
  }

  async #hello(): Promise<Hello> {
    const text = await new Promise<string>((resolve, reject) => {
      const { clock } = this.parts.serving;
      const over = new AbortController();
      const { client } = this;
      client.once('message', (data: RawData, binary: boolean) => {
        over.abort();
        if (binary) reject(badHello('must be text'));
        else resolve(textOf(data));
      });
      client.once('close', () => {
        over.abort();
        reject(callerGone());
      });
      clock.sleep(helloMs, over.signal).then(
        () => reject(badHello(`must come within ${helloMs / 1000} seconds`)),
        () => undefined,
      );
    });
    return parseHello(text);
  }

  /** Sends one event; waits while the reader is slow, so that what it has not taken stays in the table. */
  async #send(message: unknown): Promise<void> {
    const bytes = this.method.definition.responseSerialize(message);
    const text = JSON.stringify(this.codec.decode(this.described.output, bytes));
    this.client.send(text, () => undefined);
    const { clock } = this.parts.serving;
    const startedAtMs = clock.now().monotonicMs;
    while (this.client.bufferedAmount > bufferedMax && !this.#gone.signal.aborted) {
      await clock.sleep(50, this.#gone.signal).catch(() => undefined);
      if (clock.now().monotonicMs - startedAtMs > stalledMs) throw stalled();
    }
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#gone;
    let heard = true;
    this.client.on('pong', () => (heard = true));
    for (;;) {
      await this.parts.serving.clock.sleep(pingMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (!heard) return this.client.terminate();
      heard = false;
      this.client.ping();
    }
  }

  #end(outcome: Awaited<ReturnType<typeof runCall>>): void {
    const { client } = this;
    if (client.readyState !== client.OPEN) return;
    if (outcome.error === undefined) return client.close(1000);
    const { body } = connectError(outcome.error, outcome.reference, this.parts.registry);
    client.send(JSON.stringify({ error: body }), () => undefined);
    client.close(1008, body.code);
  }
}

interface Hello {
  readonly authorization: string | undefined;
  readonly resource: string;
  /** As WatchEventsRequest has them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

function parseHello(text: string): Hello {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw badHello('must be a JSON object');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw badHello('must be a JSON object');
  const { authorization, resource, ...fields } = parsed as Readonly<Record<string, unknown>>;
  if (authorization !== undefined && typeof authorization !== 'string')
    throw badHello('has an authorization that is no text');
  if (resource !== undefined && typeof resource !== 'string') throw badHello('has a resource that is no text');
  return { authorization, resource: resource ?? '', fields };
}

function textOf(data: RawData): string {
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');
}

function badHello(description: string): FlotillaError {
  return new FlotillaError('FEED_HELLO', `The first message ${description}.`, {
    kind: 'invalid-argument',
    remedy: 'Send {"authorization": "Bearer flk_…", "project": "default", "afterRevision": "0"} first.',
  });
}

function stalled(): FlotillaError {
  return new FlotillaError('READER_STALLED', 'The other side does not read.', { kind: 'exhausted', retry: 'later' });
}
