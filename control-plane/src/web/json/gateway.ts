import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DescMethod, FileRegistry } from '@bufbuild/protobuf';
import { FlotillaError } from '@flotilla/kit';
import type { Method } from '../../api/methods.js';
import { callerGone, runCall, type ServeParts } from '../../api/run-call.js';
import { sendText } from '../respond.js';
import { JsonCodec } from './codec.js';
import { connectError } from './connect-error.js';
import { methodOf } from './descriptors.js';

export interface GatewayParts {
  readonly methods: ReadonlyMap<string, Method>;
  readonly registry: FileRegistry;
  readonly serving: ServeParts;
  /** `address:port` of the connection, as the gate knows it. */
  readonly peerOf: (request: IncomingMessage) => string;
}

/** How long a body may take to arrive. */
const bodyMs = 30_000;

/**
 * `POST /flotilla.operator.v1.<Service>/<Method>` with `application/json`: the unary form of the Connect protocol. Gives
 * undefined for a path that is no operator method; else answers, errors included. Never rejects.
 */
export function jsonGateway(
  parts: GatewayParts,
): (path: string) => ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | undefined {
  const codec = new JsonCodec(parts.registry);
  return (path) => {
    const method = parts.methods.get(path);
    const described = method === undefined ? undefined : methodOf(parts.registry, path);
    // Agents have their own protocol; enrolment is not for browsers.
    if (method?.policy.identity !== 'api-key' || described === undefined) return undefined;
    return (request, response) => serve(parts, codec, method, described, request, response);
  };
}

async function serve(
  parts: GatewayParts,
  codec: JsonCodec,
  method: Method,
  described: DescMethod,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort(callerGone()));
  const arrival = { peer: parts.peerOf(request), authorization: request.headers.authorization, signal: gone.signal };
  // Read before the gate is asked, because the project is in it; small, and bounded in size and time.
  const body = await receive(request, method, parts).catch((error: unknown) => error);
  const outcome = await runCall(
    method,
    arrival,
    () => {
      if (typeof body !== 'string') throw body;
      return method.definition.requestDeserialize(codec.encode(described.input, body));
    },
    parts.serving,
    method.handler,
  );
  if (response.destroyed) return;
  if (outcome.error !== undefined) {
    const { status, body: shown } = connectError(outcome.error, outcome.reference, parts.registry);
    // What was not read of a refused body would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    if (outcome.error.code === 'METHOD_NOT_ALLOWED') response.setHeader('allow', 'POST');
    sendText(request, response, status, `${JSON.stringify(shown)}\n`, 'application/json');
    return;
  }
  const bytes = method.definition.responseSerialize(outcome.value);
  const answer = JSON.stringify(codec.decode(described.output, bytes));
  sendText(request, response, 200, `${answer}\n`, 'application/json');
}

async function receive(request: IncomingMessage, method: Method, parts: GatewayParts): Promise<string> {
  refuseForm(request, method);
  const late = new AbortController();
  const { clock } = parts.serving;
  const timer = clock.sleep(bodyMs, late.signal).then(
    () => request.destroy(new Error('the body took too long')),
    () => undefined,
  );
  try {
    return await collect(request, method.policy.bytesMax);
  } finally {
    late.abort();
    await timer;
  }
}

async function collect(request: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Ends the iteration, not the connection: the answer must still go out.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      throw new FlotillaError(
        'REQUEST_TOO_LARGE',
        `The request has more than the ${bytesMax} bytes that this method takes.`,
        {
          kind: 'exhausted',
          remedy: 'Send less at once.',
        },
      );
    }
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new FlotillaError('MALFORMED_REQUEST', 'The body is not UTF-8.', { kind: 'invalid-argument', cause });
  }
}

function refuseForm(request: IncomingMessage, method: Method): void {
  const type = (request.headers['content-type'] ?? '').toLowerCase().replace(/\s/g, '');
  if (request.method !== 'POST') {
    throw refused(
      'METHOD_NOT_ALLOWED',
      'Methods are called with POST.',
      'Send: curl -X POST -H "content-type: application/json" …',
    );
  }
  // Anything that a browser sends to strangers without asking first is refused with the other types.
  if (!/^application\/json(;charset="?utf-8"?)?$/.test(type)) {
    throw refused(
      'CONTENT_TYPE',
      'The body must be application/json in UTF-8.',
      'Send the header "content-type: application/json".',
    );
  }
  if (!['', 'identity'].includes(request.headers['content-encoding'] ?? '')) {
    throw refused('CONTENT_ENCODING', 'The body must not be compressed.', 'Send it as it is.');
  }
  if (method.definition.responseStream) {
    const remedy = 'Use the WebSocket /v1/feed for events, or gRPC.';
    throw refused('STREAM', 'This method answers with a stream, which plain JSON has not.', remedy);
  }
}

function refused(code: string, message: string, remedy: string): FlotillaError {
  return new FlotillaError(code, message, { kind: 'invalid-argument', remedy });
}
