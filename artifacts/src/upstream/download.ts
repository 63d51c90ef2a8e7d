import type { IncomingHttpHeaders } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { backoffDelayMs, FlotillaError, jitteredDelayMs, type Clock, type Random } from '@flotilla/kit';
import { diskFault, hashFile, remove, sizeOf, writeFrom } from '../adapters/disk.js';
import type { HttpAnswer, HttpGet } from '../adapters/http.js';
import type { BlobSink, OnProgress } from '../source.js';

/** Everything a download needs from outside. */
export interface DownloadPorts {
  readonly http: HttpGet;
  readonly clock: Clock;
  readonly random: Random;
  readonly sink: BlobSink;
  readonly progress: OnProgress;
  readonly signal: AbortSignal;
}

export interface DownloadRequest {
  readonly url: string;
  /** For a person. */
  readonly name: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sha256: string;
  readonly sizeBytes?: number;
}

const attemptsMax = 6;
const backoff = { delayMsMin: 500, delayMsMax: 15_000 };
const idleTimeoutMs = 30_000;
/** Larger than anything a node needs: a server that never stops sending fills no disk. */
const downloadBytesMax = 2 * 1024 ** 3;
const progressStepBytes = 1024 ** 2;

/**
 * Fetches one file to a temporary path and verifies it; the caller takes it from there. A cut connection is resumed
 * where it broke, also by a later process. Wrong contents are removed and refused with `ARTIFACT_CORRUPT`.
 */
export async function downloadVerified(request: DownloadRequest, ports: DownloadPorts): Promise<string> {
  const path = await ports.sink.partial(`download ${request.url} ${request.sha256}`);
  await withRetries(request.name, ports, async () => {
    const offsetBytes = await usableBytes(path, request, ports);
    if (offsetBytes === 'complete') return;
    await transfer(request, path, offsetBytes, ports);
    const facts = await hashFile(path, { signal: ports.signal });
    if (facts.sha256 === request.sha256) return;
    await remove(path);
    // After a resume the first part may be to blame, so that is worth one more try, from the start.
    throw new FlotillaError(
      'ARTIFACT_CORRUPT',
      `${request.url} has sha256 ${facts.sha256}, published is ${request.sha256}. It was removed.`,
      {
        kind: 'data-loss',
        retry: offsetBytes > 0 ? 'now' : 'never',
        remedy:
          'A proxy or mirror changes the file, or its publisher did. Compare with another network before going on.',
      },
    );
  });
  return path;
}

export interface SmallRequest {
  readonly url: string;
  readonly name: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The caller deals with an answer of 401; otherwise that is an error. */
  readonly loginAnswered?: boolean;
}

/** Fetches a small text, such as a checksum or a manifest, with the answer's headers. */
export async function fetchSmall(
  request: SmallRequest,
  sizeBytesMax: number,
  ports: DownloadPorts,
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }> {
  return withRetries(request.name, ports, async () => {
    const answer = await get(request.url, request.headers ?? {}, ports);
    if (answer.status !== 401 || request.loginAnswered !== true) await refuseUnlessOk(answer);
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of answer.body) {
      // A response without an encoding yields buffers only.
      const bytes = chunk as Buffer;
      sizeBytes += bytes.length;
      if (sizeBytes > sizeBytesMax) throw tooLarge(request.url, sizeBytesMax);
      chunks.push(bytes);
    }
    return { status: answer.status, headers: answer.headers, body: Buffer.concat(chunks) };
  });
}

async function usableBytes(path: string, request: DownloadRequest, ports: DownloadPorts): Promise<number | 'complete'> {
  const offsetBytes = (await sizeOf(path)) ?? 0;
  if (offsetBytes === 0) return 0;
  if ((await hashFile(path, { signal: ports.signal })).sha256 === request.sha256) return 'complete';
  if (request.sizeBytes === undefined || offsetBytes < request.sizeBytes) return offsetBytes;
  await remove(path);
  return 0;
}

async function transfer(
  request: DownloadRequest,
  path: string,
  offsetBytes: number,
  ports: DownloadPorts,
): Promise<void> {
  const range = offsetBytes > 0 ? { range: `bytes=${offsetBytes}-` } : {};
  const answer = await get(request.url, { ...request.headers, ...range }, ports);
  if (answer.status === 416) {
    answer.body.destroy();
    await remove(path);
    throw new FlotillaError('ARTIFACT_CHANGED', `${request.url} is shorter than what was fetched before.`, {
      retry: 'now',
    });
  }
  await refuseUnlessOk(answer);
  const from = answer.status === 206 ? rangeStart(answer.headers['content-range']) : 0;
  if (from !== 0 && from !== offsetBytes) {
    answer.body.destroy();
    await remove(path);
    throw new FlotillaError('ARTIFACT_CHANGED', `${request.url} answered with another part than asked for.`, {
      retry: 'now',
    });
  }
  const announced = Number(answer.headers['content-length'] ?? Number.NaN);
  const totalBytes = Number.isNaN(announced) ? request.sizeBytes : from + announced;
  if ((totalBytes ?? 0) > downloadBytesMax) {
    answer.body.destroy();
    throw tooLarge(request.url, downloadBytesMax);
  }
  await ports.sink.reserve(Number.isNaN(announced) ? (request.sizeBytes ?? 0) : announced);
  const bytesMax = request.sizeBytes ?? downloadBytesMax;
  let doneBytes = from;
  let shownBytes = from;
  const show = (): void => {
    shownBytes = doneBytes;
    const total = totalBytes === undefined ? {} : { totalBytes };
    ports.progress({ phase: 'download', name: request.name, doneBytes, ...total });
  };
  show();
  let cut: Error | undefined;
  await pipeline(
    async function* arriving() {
      try {
        for await (const chunk of answer.body) {
          // A response without an encoding yields buffers only.
          const bytes = chunk as Buffer;
          doneBytes += bytes.length;
          if (doneBytes > bytesMax) throw tooLarge(request.url, bytesMax);
          if (shownBytes === from || doneBytes - shownBytes >= progressStepBytes) show();
          yield bytes;
        }
      } catch (error) {
        // Not thrown here, because that would throw away what has arrived and is not on the disk yet.
        cut = error instanceof Error ? error : new Error(String(error));
      }
    },
    await writeFrom(path, from),
    { signal: ports.signal },
  );
  // Assigned by the generator, which the compiler does not see run.
  throwIfAny(cut);
  show();
}

function throwIfAny(error: Error | undefined): void {
  if (error) throw error;
}

function get(
  url: string,
  headers: Readonly<Record<string, string>>,
  { http, signal }: DownloadPorts,
): Promise<HttpAnswer> {
  return http({ url, headers: { 'user-agent': 'flotilla', ...headers }, idleTimeoutMs, signal });
}

/** Where a partial answer starts; an unreadable header counts as nowhere. */
function rangeStart(contentRange: string | undefined): number {
  const match = /^bytes (\d+)-/.exec(contentRange ?? '');
  return match ? Number(match[1]) : -1;
}

async function refuseUnlessOk(answer: HttpAnswer): Promise<void> {
  if (answer.status === 200 || answer.status === 206) return;
  answer.body.destroy();
  const host = new URL(answer.url).host;
  if (answer.status === 404 || answer.status === 410) {
    throw new FlotillaError('ARTIFACT_NOT_FOUND', `${answer.url} does not exist (${answer.status}).`, {
      kind: 'not-found',
      remedy: `If ${host} is a mirror, check that it has this release; else choose another version from the catalogue.`,
    });
  }
  const passing = answer.status === 408 || answer.status === 425 || answer.status === 429 || answer.status >= 500;
  throw new FlotillaError('ARTIFACT_REFUSED', `${answer.url} was answered with ${answer.status}.`, {
    kind: 'unavailable',
    retry: passing ? 'later' : 'never',
    remedy: passing ? `Try again later; ${host} has trouble.` : `Check whether ${host} asks for a login or a proxy.`,
  });
}

function tooLarge(url: string, sizeBytesMax: number): FlotillaError {
  return new FlotillaError('ARTIFACT_TOO_LARGE', `${url} has more than ${sizeBytesMax} bytes.`, {
    kind: 'data-loss',
    remedy: 'Check that the address is the release file and not a page of a proxy.',
  });
}

/** Bounded tries with growing, jittered pauses. Errors that say that trying again is useless end it at once. */
async function withRetries<Result>(
  name: string,
  ports: DownloadPorts,
  attempt: () => Promise<Result>,
): Promise<Result> {
  for (let attemptIndex = 0; ; attemptIndex += 1) {
    try {
      return await attempt();
    } catch (error) {
      ports.signal.throwIfAborted();
      const fault = diskFault(error);
      if (fault) throw fault;
      const known = error instanceof FlotillaError;
      if (known && (error.retry === 'never' || error.code === 'ARTIFACT_DISK_FULL')) throw error;
      if (attemptIndex + 1 >= attemptsMax) throw known ? error : unreachable(name, error);
      const delayMs = jitteredDelayMs(attemptIndex, backoff, ports.random);
      await ports.clock.sleep(
        known && error.retry === 'now' ? Math.min(delayMs, backoffDelayMs(0, backoff)) : delayMs,
        ports.signal,
      );
    }
  }
}

function unreachable(name: string, cause: unknown): FlotillaError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlotillaError('ARTIFACT_UNREACHABLE', `${name} could not be fetched in ${attemptsMax} tries: ${reason}.`, {
    kind: 'unavailable',
    remedy:
      'Check the network; what has arrived is kept and the next try continues. Without internet, import a bundle.',
    cause,
  });
}
