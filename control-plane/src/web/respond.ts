import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FlotillaError } from '@flotilla/kit';

/** Sent with everything: nothing here is for frames, sniffing or caches of strangers. */
const commonHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
};

/** A small answer from memory; HEAD gets the headers only. */
export function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: string,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...commonHeaders,
    'cache-control': 'no-store',
    'content-type': contentType,
    'content-length': bytes.length,
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

export function sendJson(request: IncomingMessage, response: ServerResponse, status: number, body: object): void {
  sendText(request, response, status, `${JSON.stringify(body)}\n`, 'application/json');
}

const statuses: Partial<Readonly<Record<FlotillaError['kind'], number>>> = {
  'invalid-argument': 400,
  'not-found': 404,
  'already-exists': 409,
  conflict: 409,
  precondition: 412,
  permission: 403,
  unauthenticated: 401,
  exhausted: 429,
  unavailable: 503,
  timeout: 504,
  // Of an upload that is not what it says; nothing of ours was lost.
  'data-loss': 422,
};

/** An error as JSON: code, message, remedy. What is internal stays in the log. */
export function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  error: FlotillaError,
  reference: string,
): void {
  const status = statuses[error.kind] ?? 500;
  const message =
    error.kind === 'internal' ? `Something went wrong inside the server (reference ${reference}).` : error.message;
  sendJson(request, response, status, { code: error.code, message, remedy: error.remedy });
}

/** Reads bytes `start` to `end` (both included) of a file. */
export type ReadRange = (path: string, start: number, end: number) => Readable;

export interface ServedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Lower-case hex; is the ETag too. */
  readonly sha256: string;
  readonly contentType: string;
}

/** A file whose contents never change under its name: ranges, conditional requests, back-pressure. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: ServedFile,
  read: ReadRange,
): Promise<void> {
  const etag = `"${file.sha256}"`;
  const headers = {
    ...commonHeaders,
    'cache-control': 'public, max-age=31536000, immutable',
    'content-type': file.contentType,
    'accept-ranges': 'bytes',
    etag,
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  // A range is for the contents the caller has a part of; of others it gets the whole.
  const condition = request.headers['if-range'];
  const asked = condition === undefined || condition === etag ? request.headers.range : undefined;
  const range = parseRange(asked, file.sizeBytes);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${file.sizeBytes}`, 'content-length': 0 });
    response.end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: file.sizeBytes - 1 };
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    'content-length': end - start + 1,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${file.sizeBytes}` }),
  });
  if (request.method === 'HEAD' || file.sizeBytes === 0) {
    response.end();
    return;
  }
  await pipeline(read(file.path, start, end), response);
}

/** One range of `bytes=`; undefined = the whole (also for several ranges, which RFC 9110 lets a server ignore). */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  const backwards = first !== '' && last !== '' && Number(last) < Number(first);
  if (backwards) return undefined;
  return start >= sizeBytes || end < start ? 'unsatisfiable' : { start, end };
}
