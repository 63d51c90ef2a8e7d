import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Transform, type Writable } from 'node:stream';
import { architectures, exportBundle, importBundle, isKubernetesVersion, type Mirror } from '@flotilla/artifacts';
import { FlotillaError, invalidArgument, randomText, type Random } from '@flotilla/kit';
import { mayActInInstance, type ApiKeyIdentity } from '../access/identity.js';
import { sendFile, sendJson, type ReadRange } from './respond.js';

/** A version for two architectures with room to spare. */
const bundleBytesMax = 8 * 1024 ** 3;

export interface BundleParts {
  readonly mirror: Mirror;
  readonly random: Random;
  /** On the mirror's disk, so that nothing is written twice. */
  readonly workDir: string;
  readonly disk: {
    readonly read: ReadRange;
    /** A new private file to be filled. */
    readonly write: (path: string) => Writable;
    readonly remove: (path: string) => Promise<void>;
  };
  /** Writing or checking gigabytes is a long silence on the connection. */
  readonly allowSilence: (request: IncomingMessage) => void;
  readonly identifyKey: (text: string, remoteAddress: string) => Promise<ApiKeyIdentity>;
  /** Tells the rest that the mirror has more than before. */
  readonly onImported: (key: ApiKeyIdentity, versions: readonly string[], remoteAddress: string) => Promise<void>;
}

/** `PUT` brings one bundle file in, `GET ?version=&arch=` takes one out. Members and admins only. */
export function bundleHandler(
  parts: BundleParts,
): (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => Promise<void> {
  // One at a time: each may fill a disk.
  let busy = false;
  return async (request, response, query) => {
    const remoteAddress = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const key = await parts.identifyKey(bearer(request), remoteAddress);
    if (!mayActInInstance(key.role, 'MEMBER')) throw needsMember();
    if (busy) throw underWay();
    busy = true;
    parts.allowSilence(request);
    const path = join(parts.workDir, `bundle-${randomText(10, parts.random)}.tar`);
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the caller went away')));
    try {
      await parts.mirror.blobs.prepare();
      if (request.method === 'PUT')
        await receive(parts, request, response, { path, key, remoteAddress, signal: gone.signal });
      else if (request.method === 'GET') await give(parts, request, response, { path, query, signal: gone.signal });
      else throw new FlotillaError('METHOD_NOT_ALLOWED', 'Only GET and PUT.', { kind: 'invalid-argument' });
    } finally {
      busy = false;
      await parts.disk.remove(path);
    }
  };
}

async function receive(
  parts: BundleParts,
  request: IncomingMessage,
  response: ServerResponse,
  work: { path: string; key: ApiKeyIdentity; remoteAddress: string; signal: AbortSignal },
): Promise<void> {
  await pipeline(request, limited(bundleBytesMax), parts.disk.write(work.path), { signal: work.signal });
  const manifests = await importBundle(parts.mirror, work.path, { signal: work.signal });
  const versions = manifests.map(({ kubernetesVersion }) => kubernetesVersion);
  await parts.onImported(work.key, versions, work.remoteAddress);
  sendJson(request, response, 200, { versions });
}

async function give(
  parts: BundleParts,
  request: IncomingMessage,
  response: ServerResponse,
  work: { path: string; query: URLSearchParams; signal: AbortSignal },
): Promise<void> {
  const version = work.query.get('version') ?? '';
  const wanted = work.query.get('arch') ?? '';
  const arch = architectures.find((each) => each === wanted);
  const violations = [];
  if (!isKubernetesVersion(version)) violations.push({ field: 'version', description: 'must be like v1.34.4' });
  if (wanted !== '' && arch === undefined)
    violations.push({ field: 'arch', description: `must be one of ${architectures.join(', ')}` });
  if (violations.length > 0) throw invalidArgument(violations);
  const selection = arch === undefined ? { version } : { version, arch };
  const facts = await exportBundle(parts.mirror, [selection], work.path, { signal: work.signal });
  await sendFile(request, response, { ...facts, path: work.path, contentType: 'application/x-tar' }, parts.disk.read);
}

function bearer(request: IncomingMessage): string {
  const match = /^Bearer ([\x21-\x7e]{1,200})$/.exec(request.headers.authorization ?? '');
  if (match?.[1]) return match[1];
  throw new FlotillaError('UNAUTHENTICATED', 'This needs an API key.', {
    kind: 'unauthenticated',
    remedy: 'Send the header "authorization: Bearer flk_…"; the flotilla command does.',
  });
}

function limited(bytesMax: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      bytes += chunk.length;
      if (bytes <= bytesMax) callback(null, chunk);
      else
        callback(
          new FlotillaError('REQUEST_TOO_LARGE', `A bundle has at most ${bytesMax} bytes.`, { kind: 'exhausted' }),
        );
    },
  });
}

function needsMember(): FlotillaError {
  return new FlotillaError('PERMISSION_DENIED', 'Bundles need the role MEMBER.', {
    kind: 'permission',
    remedy: 'Ask an admin of the project for an API key with that role.',
  });
}

function underWay(): FlotillaError {
  return new FlotillaError('SERVER_BUSY', 'Another bundle is on its way in or out.', {
    kind: 'exhausted',
    retry: 'later',
    remedy: 'Try again when it is done.',
  });
}
