import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { architectures, isKubernetesVersion, type Architecture, type Mirror } from '@flotilla/artifacts';
import { FlotillaError, randomText, systemCode, toFlotillaError, type Logger, type Random } from '@flotilla/kit';
import type { AgentFiles } from './agent-files.js';
import { blobFile, nodeManifest, type SizeOf } from './artifact-files.js';
import { sendError, sendFile, sendJson, sendText, type ReadRange } from './respond.js';

export interface WebParts {
  readonly log: Logger;
  readonly random: Random;
  readonly caPem: string;
  readonly agent: AgentFiles | undefined;
  readonly mirror: Mirror;
  readonly disk: { readonly read: ReadRange; readonly sizeOf: SizeOf };
  /** Empty = ready; else what is not. */
  readonly notReady: () => readonly string[];
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** Bundles, for who has an API key; does its own checks. */
  readonly bundle: (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => Promise<void>;
  /** The operator methods as JSON; undefined for a path that is none. */
  readonly json: (path: string) => ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | undefined;
  /** What the methods are, in the OpenAPI format. */
  readonly openApi: string;
  /** Marks the connection as in use, and counts. */
  readonly onRequest: (request: IncomingMessage) => void;
  /** Takes a place among the downloads under way, or undefined when there is none. */
  readonly beginDownload: () => (() => void) | undefined;
}

type Route = (request: IncomingMessage, response: ServerResponse, rest: string) => Promise<void> | void;

/**
 * The whole of HTTPS: a fixed table of paths, GET and HEAD only (and PUT of a bundle, POST of the operator methods);
 * everything else is 404.
 */
export function webHandler(parts: WebParts): RequestListener {
  const exact = exactRoutes(parts);
  const prefixed = prefixRoutes(parts);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { path, query } = parseTarget(request.url ?? '');
    if (path === '/artifacts/v1/bundle') return parts.bundle(request, response, query);
    const method = parts.json(path);
    if (method !== undefined) return method(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') throw notAllowed();
    const route = exact.get(path);
    if (route !== undefined) return route(request, response, '');
    const prefix = [...prefixed.keys()].find((candidate) => path.startsWith(candidate));
    if (prefix === undefined) throw notFound();
    return prefixed.get(prefix)?.(request, response, path.slice(prefix.length));
  };
  return (request, response) => {
    parts.onRequest(request);
    answer(request, response).catch((thrown: unknown) => fail(parts, request, response, thrown));
  };
}

function exactRoutes(parts: WebParts): ReadonlyMap<string, Route> {
  const { agent } = parts;
  const script =
    (name: string): Route =>
    (request, response) => {
      const text = agent?.scripts.get(name);
      if (text === undefined) throw noAgent();
      sendText(request, response, 200, text, 'text/x-shellscript; charset=utf-8');
    };
  return new Map<string, Route>([
    ['/install.sh', script('install.sh')],
    ['/uninstall.sh', script('uninstall.sh')],
    [
      '/agent/manifest.json',
      (request, response) => {
        if (agent === undefined) throw noAgent();
        sendText(request, response, 200, agent.manifest, 'application/json');
      },
    ],
    ['/openapi.json', (request, response) => sendText(request, response, 200, parts.openApi, 'application/json')],
    ['/ca.pem', (request, response) => sendText(request, response, 200, parts.caPem, 'application/x-pem-file')],
    ['/healthz', (request, response) => sendText(request, response, 200, 'ok\n', 'text/plain')],
    [
      '/readyz',
      (request, response) => {
        const problems = parts.notReady();
        const status = problems.length === 0 ? 200 : 503;
        sendJson(request, response, status, { ready: problems.length === 0, problems });
      },
    ],
    [
      '/metrics',
      async (request, response) => {
        const { text, contentType } = await parts.metrics();
        sendText(request, response, 200, text, contentType);
      },
    ],
    [
      '/',
      (request, response) =>
        sendText(
          request,
          response,
          200,
          'This is a Flotilla control plane. Operators use the flotilla command.\n',
          'text/plain',
        ),
    ],
  ]);
}

function prefixRoutes(parts: WebParts): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    [
      '/agent/',
      async (request, response, rest) => {
        const file = parts.agent?.files.get(rest);
        if (file === undefined) throw notFound();
        await download(parts, () => sendFile(request, response, file, parts.disk.read));
      },
    ],
    [
      '/artifacts/v1/manifests/',
      async (request, response, rest) => {
        const [version = '', arch = '', more] = rest.split('/');
        if (more !== undefined || !isKubernetesVersion(version) || !isArchitecture(arch)) throw notFound();
        const manifest = await nodeManifest(parts.mirror, version, arch);
        if (manifest === undefined) throw notMirrored(version, arch);
        sendText(request, response, 200, manifest, 'application/json');
      },
    ],
    [
      '/artifacts/v1/blobs/',
      async (request, response, rest) => {
        const file = await blobFile(parts.mirror, rest, parts.disk.sizeOf);
        if (file === undefined) throw notFound();
        await download(parts, () => sendFile(request, response, file, parts.disk.read));
      },
    ],
  ]);
}

/**
 * Path and query of a request. Percent-encoding, dots and doubled slashes have no use in our paths, so that there is
 * nothing to decode twice or to climb up with.
 */
export function parseTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const plain = path.length <= 512 && /^(\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/.test(path);
  if (path !== '/' && !plain) throw notFound();
  return { path, query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)) };
}

async function download(parts: WebParts, work: () => Promise<void>): Promise<void> {
  const done = parts.beginDownload();
  if (done === undefined) {
    throw new FlotillaError('SERVER_BUSY', 'Too many downloads are under way.', {
      kind: 'exhausted',
      retry: 'later',
      remedy: 'Try again in a moment.',
    });
  }
  try {
    await work();
  } finally {
    done();
  }
}

function fail(parts: WebParts, request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  const code = systemCode(thrown);
  // The reader went away in the middle: nobody is left to tell.
  if (code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE' || response.destroyed) return;
  const error = toFlotillaError(thrown);
  const reference = randomText(10, parts.random);
  if (error.kind === 'internal')
    parts.log.error({ path: request.url, reference, err: error.message }, 'a web request failed inside');
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What was not read of a refused upload would be taken for the next request.
  response.setHeader('connection', 'close');
  sendError(request, response, error, reference);
}

function isArchitecture(text: string): text is Architecture {
  return architectures.some((arch) => arch === text);
}

function notFound(): FlotillaError {
  return new FlotillaError('NOT_FOUND', 'There is nothing here.', { kind: 'not-found' });
}

function notAllowed(): FlotillaError {
  return new FlotillaError('METHOD_NOT_ALLOWED', 'Only GET and HEAD.', { kind: 'invalid-argument' });
}

function noAgent(): FlotillaError {
  return new FlotillaError('AGENT_NOT_BUILT', 'This server has no agent to hand out.', {
    kind: 'unavailable',
    remedy: 'On the server: npm run build -w installer, or set agentDir; then restart flotilla-server.',
  });
}

function notMirrored(version: string, arch: string): FlotillaError {
  return new FlotillaError('ARTIFACT_NOT_FOUND', `The mirror has nothing of ${version} for ${arch}.`, {
    kind: 'not-found',
    remedy: `Run: flotilla artifacts sync ${version}`,
  });
}
