import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ErrorKind, FlotillaError, reasonOf, systemClock } from '@flotilla/kit';
import type { Context } from './context.js';

const bundlePath = '/artifacts/v1/bundle';
/** Without a byte for this long a transfer is given up. The server writes and checks gigabytes in silence. */
const idleMs = 15 * 60_000;
const answerBytesMax = 1024 * 1024;
/** How long a refusal by the header alone may take to arrive. */
const earlyAnswerMs = 1000;

/** A bundle as it arrives. */
export interface Download {
  /** Undefined when the server does not say. */
  readonly totalBytes: number | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Asks for the bundle of one version; an empty `arch` means all of its architectures. */
export async function downloadBundle(
  context: Context,
  wanted: { version: string; arch: string },
  signal: AbortSignal,
): Promise<Download> {
  const query = new URLSearchParams({ version: wanted.version, ...(wanted.arch === '' ? {} : { arch: wanted.arch }) });
  const call = open(context, 'GET', `${bundlePath}?${query.toString()}`, {}, signal);
  call.end();
  const response = await answerOf(call, context, signal);
  if (response.statusCode !== 200) throw await refusal(response, context);
  const length = Number(response.headers['content-length']);
  // Whole chunks of a response without encoding are buffers.
  return { totalBytes: Number.isSafeInteger(length) ? length : undefined, body: response as AsyncIterable<Buffer> };
}

/** Sends a bundle, opened only when it is wanted; gives what the server says of it, as JSON. */
export async function uploadBundle(
  context: Context,
  bundle: { open: () => Readable; sizeBytes: number },
  signal: AbortSignal,
): Promise<unknown> {
  const headers = { 'content-type': 'application/x-tar', 'content-length': String(bundle.sizeBytes) };
  const call = open(context, 'PUT', bundlePath, headers, signal);
  const answer = answerOf(call, context, signal);
  // A server that refuses by the header alone closes at once, and a write into that would lose what it said: so the
  // header goes first, and the body only when nothing was said against it for a moment.
  call.flushHeaders();
  const refusedEarly = await Promise.race([
    answer.then(
      () => true,
      () => true,
    ),
    systemClock.sleep(earlyAnswerMs, signal).then(() => false),
  ]);
  const sending = refusedEarly ? Promise.resolve() : pipeline(bundle.open(), call);
  const [sent, answered] = await Promise.allSettled([sending, answer]);
  if (answered.status === 'rejected') throw answered.reason;
  const response = answered.value;
  if (response.statusCode !== 200 && response.statusCode !== 201) throw await refusal(response, context);
  if (sent.status === 'rejected') throw sent.reason;
  const text = await textOf(response);
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function open(
  context: Context,
  method: string,
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): ClientRequest {
  const call = request(new URL(path, context.server), {
    method,
    ca: context.caPem,
    minVersion: 'TLSv1.3',
    headers: { authorization: `Bearer ${context.apiKey}`, ...headers },
    timeout: idleMs,
    signal,
  });
  call.on('timeout', () => call.destroy(new Error(`nothing moved for ${idleMs / 1000} s`)));
  return call;
}

function answerOf(call: ClientRequest, context: Context, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    call.once('response', resolve);
    call.once('error', (error) => {
      if (signal.aborted) reject(reasonOf(signal));
      else {
        const message = `no answer from ${context.server}: ${error.message}`;
        reject(
          new FlotillaError('SERVER_UNREACHABLE', message, {
            kind: 'unavailable',
            remedy: 'Try again; nothing is half done.',
          }),
        );
      }
    });
  });
}

const kinds: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid-argument',
  401: 'unauthenticated',
  403: 'permission',
  404: 'not-found',
  409: 'conflict',
  412: 'precondition',
  413: 'exhausted',
  422: 'invalid-argument',
  429: 'exhausted',
  503: 'unavailable',
  504: 'timeout',
};

/** What the server said instead: `{code, message, remedy}`, or any text. */
async function refusal(response: IncomingMessage, context: Context): Promise<FlotillaError> {
  const status = response.statusCode ?? 0;
  const text = (await textOf(response)).trim();
  const said = parseRefusal(text);
  const kind = kinds[status] ?? 'internal';
  const fallback = text === '' || text.length > 300 ? `${context.server} answered ${status}` : text;
  return new FlotillaError(said.code ?? `HTTP_${status}`, said.message ?? fallback, {
    kind,
    remedy: said.remedy ?? '',
  });
}

function parseRefusal(text: string): { code?: string; message?: string; remedy?: string } {
  try {
    const value = fieldsOf(JSON.parse(text));
    const { code, message, remedy } = 'error' in value ? fieldsOf(value['error']) : value;
    return {
      ...(typeof code === 'string' ? { code } : {}),
      ...(typeof message === 'string' ? { message } : {}),
      ...(typeof remedy === 'string' ? { remedy } : {}),
    };
  } catch {
    return {};
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > answerBytesMax) break;
  }
  return text;
}
