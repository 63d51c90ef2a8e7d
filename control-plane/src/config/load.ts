import { FlotillaError, suggestion } from '@flotilla/kit';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { settings, toConfig, type Config, type HostFacts, type Setting } from './settings.js';

export interface ConfigSources {
  /** Arguments after the command. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly loadFile: (path: string) => Promise<string>;
  /** Read when it exists and no other file is named. */
  readonly defaultFile?: { readonly path: string; readonly exists: () => Promise<boolean> };
  readonly host: HostFacts;
}

interface Given {
  readonly text: string;
  /** Where it was said: `server.yaml:7`, `--listen`, `FLOTILLA_LISTEN`. */
  readonly where: string;
}

/**
 * The configuration: flags win over the environment, that over the file, that over the defaults. Throws CONFIG_INVALID
 * with every problem of every source at once.
 */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  const problems: string[] = [];
  const flags = readFlags(sources.flags, problems);
  const file = flags.get('config')?.text ?? sources.env['FLOTILLA_CONFIG'] ?? (await defaultFile(sources));
  const fromFile =
    file === undefined || file === '' ? new Map<string, Given>() : await readFile(file, sources, problems);
  const values = new Map<string, string>();
  for (const setting of settings) {
    const given = flags.get(setting.key) ?? fromEnv(setting, sources.env) ?? fromFile.get(setting.key);
    if (given !== undefined && given.text !== '') {
      const problem = setting.problem(given.text);
      if (problem !== undefined) problems.push(`${given.where}: ${setting.key} ${problem}.`);
    }
    values.set(setting.key, given?.text || setting.preset);
  }
  if (problems.length > 0) {
    throw new FlotillaError('CONFIG_INVALID', problems.join('\n'), {
      kind: 'invalid-argument',
      remedy: 'All settings and their meaning: flotilla-server run --help',
    });
  }
  return toConfig(values, sources.host);
}

/** `heartbeatInterval` -> `heartbeat-interval`. */
export function flagOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `heartbeatInterval` -> `FLOTILLA_HEARTBEAT_INTERVAL`. */
export function variableOf(key: string): string {
  return `FLOTILLA_${flagOf(key).replace(/-/g, '_').toUpperCase()}`;
}

async function defaultFile({ defaultFile: preset }: ConfigSources): Promise<string | undefined> {
  return preset !== undefined && (await preset.exists()) ? preset.path : undefined;
}

function fromEnv(setting: Setting, env: ConfigSources['env']): Given | undefined {
  const name = variableOf(setting.key);
  const text = env[name];
  return text === undefined ? undefined : { text, where: name };
}

function readFlags(args: readonly string[], problems: string[]): Map<string, Given> {
  const known = new Map([...settings.map(({ key }) => [flagOf(key), key] as const), ['config', 'config'] as const]);
  const given = new Map<string, Given>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [, name = '', inline] = /^--([a-zA-Z-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const key = known.get(name);
    if (key === undefined) {
      const near = suggestion(name, [...known.keys()]);
      const hint = near === undefined ? '' : ` Did you mean --${near}?`;
      problems.push(`${arg.slice(0, 80)} is not a flag.${hint}`);
      // Its value would be a second complaint about the same thing.
      if (arg.startsWith('--') && inline === undefined && args[i + 1]?.startsWith('--') === false) i += 1;
      continue;
    }
    const text = inline ?? args[(i += 1)];
    if (text === undefined) problems.push(`--${name} needs a value.`);
    else if (given.has(key)) problems.push(`--${name} is given twice.`);
    else given.set(key, { text, where: `--${name}` });
  }
  return given;
}

async function readFile(path: string, sources: ConfigSources, problems: string[]): Promise<Map<string, Given>> {
  const given = new Map<string, Given>();
  let text: string;
  try {
    text = await sources.loadFile(path);
  } catch (error) {
    problems.push(`${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
    return given;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number | undefined): string => `${path}:${lines.linePos(offset ?? 0).line}`;
  for (const error of document.errors) problems.push(`${at(error.pos[0])}: ${error.message}.`);
  if (document.errors.length > 0 || document.contents === null) return given;
  if (!isMap(document.contents)) {
    problems.push(`${path}:1: must be a list of "setting: value" lines.`);
    return given;
  }
  const keys = settings.map(({ key }) => key);
  for (const { key: node, value } of document.contents.items) {
    const key = isScalar(node) ? scalarText(node.value) : '';
    const where = at(isScalar(node) ? node.range?.[0] : undefined);
    if (!keys.includes(key)) {
      const near = suggestion(key, keys);
      problems.push(
        `${where}: ${key.slice(0, 80)} is not a setting.${near === undefined ? '' : ` Did you mean ${near}?`}`,
      );
    } else if (isScalar(value)) {
      given.set(key, { text: scalarText(value.value), where });
    } else if (isSeq(value) && value.items.every((item) => isScalar(item))) {
      given.set(key, { text: value.items.map((item) => scalarText(item.value)).join(','), where });
    } else {
      problems.push(`${where}: ${key} must be a single value.`);
    }
  }
  return given;
}

function scalarText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
