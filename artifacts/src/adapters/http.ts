import { request as requestPlain, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';

/** One answered request; the body is not read yet. */
export interface HttpAnswer {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Without a byte for this long, in any state, the request fails. */
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Fetches with GET; the port of everything that needs the network. */
export type HttpGet = (request: HttpRequest) => Promise<HttpAnswer>;

const redirectsMax = 5;

function once({ url, headers, idleTimeoutMs, signal }: HttpRequest): Promise<HttpAnswer> {
  const target = new URL(url);
  if (target.protocol !== 'https:' && target.protocol !== 'http:') {
    return Promise.reject(new Error(`${target.protocol} is not a protocol for downloads`));
  }
  const send = target.protocol === 'https:' ? requestTls : requestPlain;
  return new Promise((resolve, reject) => {
    const sent = send(target, { headers, method: 'GET', ...(signal ? { signal } : {}) }, (body) => {
      resolve({ url, status: body.statusCode ?? 0, headers: body.headers, body });
    });
    sent.setTimeout(idleTimeoutMs, () =>
      sent.destroy(new Error(`no data from ${target.host} for ${idleTimeoutMs} ms`)),
    );
    sent.on('error', reject);
    sent.end();
  });
}

/**
 * GET over node's own client. Redirects are followed a few times, never from https to http, and credentials stay with
 * the host they were meant for.
 */
export const httpGet: HttpGet = async (request) => {
  let current = request;
  for (let hop = 0; hop <= redirectsMax; hop += 1) {
    const answer = await once(current);
    const location = answer.headers.location;
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    answer.body.destroy();
    const from = new URL(current.url);
    const to = new URL(location, from);
    if (from.protocol === 'https:' && to.protocol !== 'https:') {
      throw new Error(`${from.host} redirects to an unprotected address: ${to.origin}`);
    }
    const headers = to.host === from.host ? current.headers : withoutCredentials(current.headers);
    current = { ...current, url: to.href, headers };
  }
  throw new Error(`more than ${redirectsMax} redirects from ${new URL(request.url).host}`);
};

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}
