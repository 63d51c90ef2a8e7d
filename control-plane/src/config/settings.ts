import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { formatDuration, parseDurationMs } from '@flotilla/kit';

/** Everything that can be set, with its meaning; file, flags, environment, help and checks all come from this table. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number };
  readonly publicUrl: string;
  readonly serverNames: readonly string[];
  readonly dataDir: string;
  readonly agentDir: string;
  readonly artifactsDir: string;
  /** Compiled programs by version; several servers of one host may share it. */
  readonly buildCacheDir: string;
  readonly artifactsSource: 'upstream' | 'build';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly heartbeatIntervalMs: number;
  readonly connectionsMax: number;
  readonly strangersMax: number;
  readonly strangersPerAddressMax: number;
  readonly acceptPerSecond: number;
}

export interface Setting {
  /** Name in the file; the flag and the variable follow from it. */
  readonly key: string;
  readonly help: string;
  readonly valueName: string;
  /** As a user would write it; '' = worked out from other settings. */
  readonly preset: string;
  /** Why the text is no such value; undefined when it is one. */
  readonly problem: (text: string) => string | undefined;
}

const count =
  (min: number, max: number) =>
  (text: string): string | undefined =>
    /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max} (is ${shown(text)})`;

const oneOf =
  (values: readonly string[]) =>
  (text: string): string | undefined =>
    values.includes(text) ? undefined : `must be one of ${values.join(', ')} (is ${shown(text)})`;

const directory = (text: string): string | undefined =>
  /^[^\0\n]{1,4096}$/.test(text) ? undefined : `must be a path (is ${shown(text)})`;

export const settings: readonly Setting[] = [
  {
    key: 'listen',
    help: 'address and port that serve everything',
    valueName: 'HOST:PORT',
    preset: '0.0.0.0:7440',
    problem: (text) =>
      parseListen(text) === undefined
        ? `must be an address and a port such as 0.0.0.0:7440 (is ${shown(text)})`
        : undefined,
  },
  {
    key: 'publicUrl',
    help: "how machines and operators reach the server; default: this host's name and the port",
    valueName: 'URL',
    preset: '',
    problem: (text) =>
      parsePublicUrl(text) === undefined
        ? `must be https://host or https://host:port without a path (is ${shown(text)})`
        : undefined,
  },
  {
    key: 'serverNames',
    help: 'further names and addresses in the certificate, separated by commas',
    valueName: 'NAME,…',
    preset: '',
    problem: (text) => {
      const bad = parseList(text).find((name) => isIP(name) === 0 && !isHostName(name));
      return bad === undefined ? undefined : `has ${shown(bad)}, which is no name and no address`;
    },
  },
  {
    key: 'dataDir',
    help: 'everything the server keeps (0700)',
    valueName: 'DIR',
    preset: '/var/lib/flotilla',
    problem: directory,
  },
  {
    key: 'agentDir',
    help: 'agent and install scripts to hand out; default: beside the server',
    valueName: 'DIR',
    preset: '',
    problem: directory,
  },
  {
    key: 'artifactsDir',
    help: 'mirror of what nodes need; default: artifacts in the data directory',
    valueName: 'DIR',
    preset: '',
    problem: directory,
  },
  {
    key: 'buildCacheDir',
    help: 'where the source "build" keeps what it compiled; default DATADIR/build',
    valueName: 'DIR',
    preset: '',
    problem: directory,
  },
  {
    key: 'artifactsSource',
    help: 'where the mirror gets Kubernetes from: upstream = download, build = compile from Go modules',
    valueName: 'SOURCE',
    preset: 'upstream',
    problem: oneOf(['upstream', 'build']),
  },
  {
    key: 'logLevel',
    help: 'debug, info, warn or error',
    valueName: 'LEVEL',
    preset: 'info',
    problem: oneOf(['debug', 'info', 'warn', 'error']),
  },
  {
    key: 'heartbeatInterval',
    help: 'how often agents report; a machine is silent after three missed ones, on an uneven link after more',
    valueName: 'DURATION',
    preset: '5s',
    problem: (text) => {
      const ms = parseDurationMs(text);
      return ms !== undefined && ms >= 1000 && ms <= 60_000
        ? undefined
        : `must be 1s to ${formatDuration(60_000)} (is ${shown(text)})`;
    },
  },
  {
    key: 'connectionsMax',
    help: 'most connections at once',
    valueName: 'N',
    preset: '20000',
    problem: count(10, 1_000_000),
  },
  {
    key: 'strangersMax',
    help: 'most connections at once that have not said who they are',
    valueName: 'N',
    preset: '4096',
    problem: count(10, 1_000_000),
  },
  {
    key: 'strangersPerAddressMax',
    help: 'the same, of one address',
    valueName: 'N',
    preset: '512',
    problem: count(1, 1_000_000),
  },
  {
    key: 'acceptPerSecond',
    help: 'new connections per second; more wait their turn',
    valueName: 'N',
    preset: '300',
    problem: count(1, 100_000),
  },
];

/** What settings that are not set are worked out from. */
export interface HostFacts {
  readonly name: string;
  readonly bundleDir: string;
  /** Relative paths count from here. */
  readonly workDir: string;
}

/** Valid texts of all settings to the configuration; what depends on others is worked out here. */
export function toConfig(values: ReadonlyMap<string, string>, host: HostFacts): Config {
  const text = (key: string): string => values.get(key) ?? '';
  const listen = parseListen(text('listen')) ?? { host: '0.0.0.0', port: 7440 };
  const path = (key: string, preset: string): string => resolve(host.workDir, text(key) || preset);
  const dataDir = path('dataDir', '/var/lib/flotilla');
  return {
    listen,
    publicUrl:
      parsePublicUrl(text('publicUrl')) ??
      `https://${urlHost(isWildcard(listen.host) ? host.name : listen.host)}:${listen.port}`,
    serverNames: parseList(text('serverNames')),
    dataDir,
    agentDir: path('agentDir', join(host.bundleDir, '..', '..', 'installer', 'dist')),
    artifactsDir: path('artifactsDir', join(dataDir, 'artifacts')),
    buildCacheDir: text('buildCacheDir') || `${dataDir}/build`,
    artifactsSource: text('artifactsSource') === 'build' ? 'build' : 'upstream',
    logLevel: (['debug', 'warn', 'error'] as const).find((level) => level === text('logLevel')) ?? 'info',
    heartbeatIntervalMs: parseDurationMs(text('heartbeatInterval')) ?? 5000,
    connectionsMax: Number(text('connectionsMax')),
    strangersMax: Number(text('strangersMax')),
    strangersPerAddressMax: Number(text('strangersPerAddressMax')),
    acceptPerSecond: Number(text('acceptPerSecond')),
  };
}

/** Names and addresses for the server's certificate: of the public URL, of the listener, set by the operator, loopback. */
export function certificateNames(config: Config): string[] {
  const publicHost = new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '');
  const own = isWildcard(config.listen.host) ? [] : [config.listen.host];
  return [...new Set([publicHost, ...own, ...config.serverNames, 'localhost', '127.0.0.1', '::1'])];
}

function parseListen(text: string): { host: string; port: number } | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s]*):(\d{1,5})$/.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  const host = match[1].replace(/^\[|\]$/g, '');
  const port = Number(match[2]);
  return port > 0 && port < 65_536 && (isIP(host) !== 0 || isHostName(host)) ? { host, port } : undefined;
}

function parsePublicUrl(text: string): string | undefined {
  const match = /^https:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?\/?$/.exec(text);
  if (!match?.[1] || !URL.canParse(text)) return undefined;
  const host = match[1].replace(/^\[|\]$/g, '');
  if (isIP(host) === 0 && !isHostName(host)) return undefined;
  return text.replace(/\/$/, '');
}

function parseList(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function isHostName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/.test(text)
  );
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
