import { X509Certificate, createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { FlotillaError, suggestion } from '@flotilla/kit';
import type { Env } from './env.js';

/** One server and who we are there. */
export interface Context {
  readonly name: string;
  /** https://host:port */
  readonly server: string;
  /** The only CA that is trusted for this server. */
  readonly caPem: string;
  readonly apiKey: string;
  readonly project: string;
}

export interface Config {
  readonly currentContext: string;
  readonly contexts: readonly Context[];
}

const emptyConfig: Config = { currentContext: '', contexts: [] };

/** `$FLOTILLACONFIG`, else `~/.flotilla/config`. */
export function configPath(env: Env): string {
  const wanted = env.vars['FLOTILLACONFIG'];
  return wanted === undefined || wanted === ''
    ? join(env.homeDir, '.flotilla', 'config')
    : resolve(env.workDir, wanted);
}

/** The contexts on disk; none when there is no file yet. Refuses a file that others may read. */
export async function loadConfig(env: Env): Promise<Config> {
  const path = configPath(env);
  const file = await readPrivate(env, path);
  if (file === undefined) return emptyConfig;
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(file);
  } catch {
    throw broken(path, 'it is not YAML');
  }
  return parseConfig(value, path);
}

/** Changes the contexts on disk: read again, changed and written (0600) under the lock. */
export async function changeConfig(env: Env, change: (config: Config) => Config): Promise<void> {
  const path = configPath(env);
  await env.files.withLock(path, async () => {
    const changed = change(await loadConfig(env));
    const { stringify } = await import('yaml');
    await env.files.writeAtomic(path, stringify(changed), 0o600);
  });
}

/** The context that a call works in: `--context`, `$FLOTILLA_CONTEXT`, `$FLOTILLA_ADMIN_FILE`, the current one. */
export async function resolveContext(env: Env, wanted: string | undefined): Promise<Context> {
  const name = wanted ?? nonEmpty(env.vars['FLOTILLA_CONTEXT']);
  const adminFile = nonEmpty(env.vars['FLOTILLA_ADMIN_FILE']);
  if (name === undefined && adminFile !== undefined) return loadAdminFile(env, adminFile);
  const config = await loadConfig(env);
  if (name === undefined && config.currentContext === '') {
    throw new FlotillaError('NOT_LOGGED_IN', 'there is no server to talk to yet', {
      kind: 'precondition',
      remedy:
        'Log in with the file that the server wrote at its first start (there: /var/lib/flotilla/admin.json): flotilla login --from admin.json',
    });
  }
  return findContext(config, name ?? config.currentContext);
}

/** The context of that name, or a refusal that names the nearest. */
export function findContext(config: Config, name: string): Context {
  const found = config.contexts.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = config.contexts.map((each) => each.name);
  const near = suggestion(name, names);
  throw new FlotillaError('CONTEXT_NOT_FOUND', `there is no context "${name}"`, {
    kind: 'not-found',
    remedy:
      near === undefined ? 'See: flotilla config contexts' : `Did you mean ${near}? See: flotilla config contexts`,
  });
}

/** Reads the file that the server wrote at its first start. The context is named after the server's host. */
export async function loadAdminFile(env: Env, path: string): Promise<Context> {
  const full = resolve(env.workDir, path);
  const text = await readPrivate(env, full);
  if (text === undefined) {
    throw new FlotillaError('FILE_NOT_FOUND', `there is no file ${full}`, {
      kind: 'not-found',
      remedy: 'The server writes admin.json into its data directory (default /var/lib/flotilla) at its first start.',
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken(full, 'it is not JSON');
  }
  const server = textOf(value, 'server', full);
  const caPem = textOf(value, 'caPem', full);
  const caPin = textOf(value, 'caPin', full);
  const url = parseServer(server, full);
  const found = pinOf(caPem, full);
  if (found !== caPin) throw broken(full, `its caPem has the pin ${found}, its caPin says ${caPin}`);
  return { name: nameOf(url), server, caPem, apiKey: textOf(value, 'apiKey', full), project: 'default' };
}

/** `fleet.example.org`, with the port unless it is the usual one. */
function nameOf(url: URL): string {
  return url.port === '7440' ? url.hostname : url.host;
}

/** sha256:<hex of the SPKI>, as the server prints it. */
function pinOf(caPem: string, path: string): string {
  try {
    const key = new X509Certificate(caPem).publicKey.export({ type: 'spki', format: 'der' });
    return `sha256:${createHash('sha256').update(key).digest('hex')}`;
  } catch {
    throw broken(path, 'its caPem is no certificate');
  }
}

async function readPrivate(env: Env, path: string): Promise<string | undefined> {
  const file = await env.files.read(path);
  if (file === undefined) return undefined;
  if ((file.mode & 0o077) !== 0) {
    throw new FlotillaError(
      'FILE_EXPOSED',
      `${path} holds a key and others may read it (mode ${file.mode.toString(8).padStart(4, '0')})`,
      {
        kind: 'precondition',
        remedy: `Run: chmod 600 ${path}. If others were on this machine, make a new key: flotilla api-key create.`,
      },
    );
  }
  return file.text;
}

function parseConfig(value: unknown, path: string): Config {
  if (value === null || value === undefined) return emptyConfig;
  const contexts = fieldOf(value, 'contexts');
  if (contexts !== undefined && !Array.isArray(contexts)) throw broken(path, 'contexts is not a list');
  const list: unknown[] = contexts ?? [];
  const currentContext = fieldOf(value, 'currentContext');
  return {
    currentContext: typeof currentContext === 'string' ? currentContext : '',
    contexts: list.map((each) => {
      const server = textOf(each, 'server', path);
      parseServer(server, path);
      const name = textOf(each, 'name', path);
      const project = textOf(each, 'project', path);
      return { name, server, caPem: textOf(each, 'caPem', path), apiKey: textOf(each, 'apiKey', path), project };
    }),
  };
}

function parseServer(server: string, path: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol !== 'https:' || url.hostname === '')
    throw broken(path, `"${server}" is not of the form https://host:port`);
  return url;
}

function textOf(value: unknown, name: string, path: string): string {
  const text = fieldOf(value, name);
  if (typeof text !== 'string' || text === '') throw broken(path, `${name} is missing or no text`);
  return text;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function broken(path: string, why: string): FlotillaError {
  return new FlotillaError('FILE_INVALID', `${path} cannot be used: ${why}`, {
    kind: 'precondition',
    remedy: 'Log in again: flotilla login --from <admin.json>',
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
