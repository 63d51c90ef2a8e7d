import { FlotillaError } from '@flotilla/kit';
import type { Host } from './host/host.js';
import type { ProxySettings } from './host/proxy.js';

export const agentVersion = '0.1.0';

/** Where the agent keeps its things; another place only for trials and tests. */
export interface Places {
  readonly configFile: string;
  readonly tokenFile: string;
  readonly stateDir: string;
}

export const defaultPlaces: Places = {
  configFile: '/etc/flotilla/agent.json',
  tokenFile: '/etc/flotilla/token',
  stateDir: '/var/lib/flotilla-agent',
};

export interface AgentConfig {
  /** https://host:port, without a path. */
  readonly server: string;
  /** sha256:<hex of the CA's SPKI>. */
  readonly caPin: string;
}

/** /etc/flotilla/agent.json. Throws `CONFIG_INVALID` with every problem at once. */
export function parseConfig(text: string, path: string): AgentConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(path, ['it is not JSON']);
  }
  if (typeof value !== 'object' || value === null) throw invalid(path, ['it is not an object']);
  const known = ['server', 'caPin', 'publicKeyPin'];
  const problems = Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${key} is not a setting`);
  const server = 'server' in value ? value.server : undefined;
  const caPin = 'caPin' in value ? value.caPin : undefined;
  const url = typeof server === 'string' ? parseServer(server) : undefined;
  if (url === undefined) problems.push('server must be https://host:port');
  if (typeof caPin !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(caPin))
    problems.push('caPin must be sha256:<64 hex digits>');
  if (problems.length > 0 || url === undefined || typeof caPin !== 'string') throw invalid(path, problems);
  return { server: url, caPin };
}

function parseServer(text: string): string | undefined {
  try {
    const url = new URL(text);
    const bare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
    return url.protocol === 'https:' && bare ? url.origin : undefined;
  } catch {
    return undefined;
  }
}

function invalid(path: string, problems: readonly string[]): FlotillaError {
  return new FlotillaError('CONFIG_INVALID', `${path}: ${problems.join('; ')}`, {
    kind: 'invalid-argument',
    remedy: 'Run the install command again, as flotilla token create prints it.',
  });
}

export async function loadConfig(host: Host, places: Places): Promise<AgentConfig> {
  const text = await host.read(places.configFile);
  if (text === undefined) {
    throw new FlotillaError('CONFIG_MISSING', `${places.configFile} is not there`, {
      kind: 'precondition',
      remedy: 'Run the install command, as flotilla token create prints it.',
    });
  }
  return parseConfig(text, places.configFile);
}

/** Proxy settings from the environment, in both spellings; systemd reads them from /etc/flotilla/proxy.env. */
export function parseProxy(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const url = env['https_proxy'] ?? env['HTTPS_PROXY'] ?? env['http_proxy'] ?? env['HTTP_PROXY'] ?? '';
  const except = (env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(',').filter((entry) => entry.trim() !== '');
  if (url === '') return { except };
  try {
    if (new URL(url).protocol === 'http:') return { url, except };
  } catch {
    // Falls through to the refusal.
  }
  throw new FlotillaError('PROXY_INVALID', 'the proxy must be given as http://host:port', {
    kind: 'invalid-argument',
    remedy: 'Correct /etc/flotilla/proxy.env and restart flotilla-agent.',
  });
}
