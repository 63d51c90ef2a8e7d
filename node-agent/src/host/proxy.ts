import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { FlotillaError } from '@flotilla/kit';

/** From /etc/flotilla/proxy.env, as systemd puts it into the environment. */
export interface ProxySettings {
  /** For example http://proxy.example.org:3128, also with user:password@. */
  readonly url?: string;
  /** Host names, domain suffixes and addresses that are reached directly. */
  readonly except: readonly string[];
}

export const noProxy: ProxySettings = { except: [] };

/** Whether a host is reached through the proxy. */
export function goesThroughProxy(hostname: string, proxy: ProxySettings): boolean {
  if (proxy.url === undefined) return false;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return false;
  return !proxy.except.some((entry) => {
    const pattern = entry
      .trim()
      .toLowerCase()
      .replace(/^\*?\./, '');
    return pattern === '*' || (pattern !== '' && (host === pattern || host.endsWith(`.${pattern}`)));
  });
}

/** A socket to the host through the proxy's CONNECT; undefined when the way is direct. */
export function openTunnel(target: URL, proxy: ProxySettings, timeoutMs: number): Promise<Socket | undefined> {
  if (proxy.url === undefined || !goesThroughProxy(target.hostname, proxy)) return Promise.resolve(undefined);
  const via = new URL(proxy.url);
  const authority = `${target.hostname}:${target.port || '443'}`;
  const credentials = decodeURIComponent(via.username === '' ? '' : `${via.username}:${via.password}`);
  const failed = (reason: string): FlotillaError =>
    new FlotillaError('PROXY_FAILED', `the proxy ${via.host} did not open a way to ${authority}: ${reason}`, {
      kind: 'unavailable',
      remedy: 'Correct /etc/flotilla/proxy.env and restart flotilla-agent.',
    });
  return new Promise((resolve, reject) => {
    const connect = httpRequest({
      host: via.hostname,
      port: via.port === '' ? 80 : Number(via.port),
      method: 'CONNECT',
      path: authority,
      timeout: timeoutMs,
      agent: false,
      headers: {
        host: authority,
        ...(credentials === ''
          ? {}
          : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
    });
    connect.on('timeout', () => connect.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    connect.on('error', (error) => reject(failed(error.message)));
    connect.on('connect', (answer, socket) => {
      if (answer.statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(failed(`it answered ${answer.statusCode ?? 0}`));
      }
    });
    connect.end();
  });
}
