import { createHash } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { dirname } from 'node:path';
import { FlotillaError, systemCode } from '@flotilla/kit';
import type { DownloadRequest, HttpAnswer, HttpRequest } from './host.js';
import { openTunnel, type ProxySettings } from './proxy.js';

const bodyBytesMax = 1024 * 1024;
const batchBytes = 256 * 1024;

function unreachable(url: string, cause: unknown): FlotillaError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const system = systemCode(cause);
  return new FlotillaError('HTTP_FAILED', `${new URL(url).origin} did not answer: ${reason}`, {
    kind: 'unavailable',
    remedy: 'Check that this host reaches that address; the agent tries again by itself.',
    metadata: system === undefined ? {} : { system },
    cause,
  });
}

function silence(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
}

/** Opens a request and waits for the head of its answer; the deadline covers silence, not the whole transfer. */
async function start(
  request: HttpRequest,
  proxy: ProxySettings,
  headers: Record<string, string>,
  body?: string,
): Promise<IncomingMessage> {
  const url = new URL(request.url);
  if (url.protocol === 'https:' && request.ca === undefined) {
    throw new FlotillaError('HTTP_UNVERIFIED', `no CA to verify ${url.host} with`, { kind: 'precondition' });
  }
  const tunnel = url.protocol === 'https:' ? await openTunnel(url, proxy, request.timeoutMs) : undefined;
  return new Promise((resolve, reject) => {
    const common = {
      headers,
      method: body === undefined ? 'GET' : 'POST',
      timeout: request.timeoutMs,
      ...(request.signal ? { signal: request.signal } : {}),
    };
    let outgoing: ClientRequest;
    if (url.protocol === 'https:') {
      const agent = new Agent({
        keepAlive: false,
        minVersion: 'TLSv1.2',
        ALPNProtocols: ['http/1.1'],
        ...(request.ca === undefined ? {} : { ca: request.ca }),
        ...(request.clientCertificate === undefined ? {} : { cert: request.clientCertificate }),
        ...(request.clientKey === undefined ? {} : { key: request.clientKey }),
        ...(tunnel === undefined ? {} : { socket: tunnel }),
      });
      outgoing = httpsRequest(url, { ...common, agent });
    } else {
      outgoing = httpRequest(url, { ...common, agent: false });
    }
    outgoing.on('timeout', () => outgoing.destroy(silence(request.timeoutMs)));
    outgoing.on('error', (error) => reject(unreachable(request.url, error)));
    outgoing.on('response', resolve);
    outgoing.end(body);
  });
}

/** One small answer. */
export async function httpGet(request: HttpRequest, proxy: ProxySettings): Promise<HttpAnswer> {
  return readAnswer(request.url, await start(request, proxy, {}));
}

/** One small answer to a small JSON document. */
export async function httpPost(
  request: HttpRequest & { readonly body: string },
  proxy: ProxySettings,
): Promise<HttpAnswer> {
  const length = String(Buffer.byteLength(request.body));
  const headers = { 'content-type': 'application/json', 'content-length': length };
  return readAnswer(request.url, await start(request, proxy, headers, request.body));
}

async function readAnswer(url: string, answer: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      const data = Buffer.from(chunk as Uint8Array); // without an encoding, chunks are bytes
      bytes += data.length;
      if (bytes > bodyBytesMax) throw new Error(`the answer is larger than ${bodyBytesMax} bytes`);
      chunks.push(data);
    }
  } catch (error) {
    throw unreachable(url, error);
  }
  const dateMs = Date.parse(answer.headers.date ?? '');
  return {
    status: answer.statusCode ?? 0,
    body: Buffer.concat(chunks).toString('utf8'),
    ...(Number.isFinite(dateMs) ? { dateMs } : {}),
  };
}

/**
 * Downloads to `<path>.part`, resuming what is there, and lets the file appear under its name only once size and sha256
 * are right and everything is on disk. Throws `DOWNLOAD_CORRUPT` after removing bytes that cannot be trusted.
 */
export async function download(request: DownloadRequest, proxy: ProxySettings): Promise<void> {
  const part = `${request.path}.part`;
  const have = await sizeOf(part);
  const from = have > 0 && have < request.sizeBytes ? have : 0;
  const streamed = have === request.sizeBytes ? undefined : await fetchInto(part, from, request, proxy);
  const digest = streamed ?? (await sha256Of(part));
  if (digest !== request.sha256 || (await sizeOf(part)) !== request.sizeBytes) {
    await rm(part, { force: true });
    throw new FlotillaError(
      'DOWNLOAD_CORRUPT',
      `${request.url} is not the file that the manifest names (sha256 ${digest})`,
      {
        kind: 'data-loss',
        retry: 'later',
        remedy: 'If it comes again, sync the artifacts on the control plane anew.',
      },
    );
  }
  const file = await open(part, 'r');
  try {
    await file.chmod(request.mode);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, request.path);
  const directory = await open(dirname(request.path), 'r');
  await directory.sync().finally(() => directory.close());
}

/** Gives the sha256 of the whole file when it was read from its start. */
async function fetchInto(
  part: string,
  from: number,
  request: DownloadRequest,
  proxy: ProxySettings,
): Promise<string | undefined> {
  const answer = await start(request, proxy, from > 0 ? { range: `bytes=${from}-` } : {});
  const status = answer.statusCode ?? 0;
  if (status !== 200 && status !== 206) {
    answer.destroy();
    throw new FlotillaError('DOWNLOAD_REFUSED', `${request.url} answered ${status}`, {
      kind: status === 404 ? 'not-found' : 'unavailable',
      retry: 'later',
      remedy: status === 404 ? 'Sync the artifacts of this Kubernetes version on the control plane.' : '',
    });
  }
  // A server that ignores the range sends the file from its start.
  const resumed = status === 206 && from > 0;
  const file = await open(part, resumed ? 'r+' : 'w', 0o600);
  const hash = createHash('sha256');
  let position = resumed ? from : 0;
  let diskFailed = false;
  try {
    for await (const data of batches(answer)) {
      if (position + data.length > request.sizeBytes) throw new Error('the file is longer than its manifest says');
      hash.update(data);
      await file.write(data, 0, data.length, position).catch((error: unknown) => {
        diskFailed = true;
        throw error;
      });
      position += data.length;
      request.onProgress?.(position);
    }
  } catch (error) {
    // A full disk is not the server's fault; the caller names it.
    throw diskFailed ? error : unreachable(request.url, error);
  } finally {
    await file.close();
  }
  return resumed ? undefined : hash.digest('hex');
}

/**
 * A quarter of a megabyte at a time, in one buffer that is used again and again: TLS hands out 16 KiB, each write costs
 * a trip through the thread pool, and what is allocated for a gigabyte of downloads would stay with the process.
 * A batch is only good until the next one is asked for.
 */
async function* batches(answer: IncomingMessage): AsyncGenerator<Buffer> {
  const batch = Buffer.allocUnsafeSlow(batchBytes);
  let filled = 0;
  try {
    for await (const chunk of answer) {
      const data = chunk as Buffer; // without an encoding, chunks are buffers
      for (let from = 0; from < data.length;) {
        const copied = data.copy(batch, filled, from);
        from += copied;
        filled += copied;
        if (filled < batchBytes) continue;
        yield batch;
        filled = 0;
      }
    }
  } catch (error) {
    // What came before the cut is kept: the next try goes on after it.
    if (filled > 0) yield batch.subarray(0, filled);
    throw error;
  }
  if (filled > 0) yield batch.subarray(0, filled);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  const buffer = Buffer.alloc(1024 * 1024);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
