import { FlotillaError } from '@flotilla/kit';

/**
 * One object of a JSON answer, read field by field. What is missing reads as empty, what is unknown is left alone, and
 * what has the wrong shape is KUBE_BAD_ANSWER naming the path.
 */
export class JsonReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badAnswer(path, 'an object', value);
    // Proven just above; JSON.parse gives plain objects only.
    this.#fields = value as Readonly<Record<string, unknown>>;
    this.path = path;
  }

  /** The raw value; inherited names such as `constructor` are not fields. */
  raw(key: string): unknown {
    return Object.hasOwn(this.#fields, key) ? (this.#fields[key] ?? undefined) : undefined;
  }

  text(key: string): string {
    return this.#typed(key, 'string', isText) ?? '';
  }

  /** Text that must be there. */
  name(key: string): string {
    const text = this.text(key);
    if (text === '') throw badAnswer(this.#at(key), 'a text that is not empty', undefined);
    return text;
  }

  flag(key: string): boolean {
    return this.#typed(key, 'true or false', isFlag) ?? false;
  }

  /** A whole number. */
  count(key: string): number | undefined {
    return this.#typed(key, 'a whole number', isCount);
  }

  /** An RFC 3339 time as wall milliseconds. */
  timeMs(key: string): number | undefined {
    const text = this.#typed(key, 'a time', isText);
    if (text === undefined || text === '') return undefined;
    const timeMs = Date.parse(text);
    if (Number.isNaN(timeMs)) throw badAnswer(this.#at(key), 'a time', text);
    return timeMs;
  }

  /** The object below; an empty one when it is missing. */
  object(key: string): JsonReader {
    return new JsonReader(this.raw(key) ?? {}, this.#at(key));
  }

  has(key: string): boolean {
    return this.raw(key) !== undefined;
  }

  list<T>(key: string, parse: (item: JsonReader) => T): readonly T[] {
    return this.#items(key).map((item, i) => parse(new JsonReader(item, `${this.#at(key)}[${i}]`)));
  }

  texts(key: string): readonly string[] {
    return this.#items(key).map((item, i) => {
      if (!isText(item)) throw badAnswer(`${this.#at(key)}[${i}]`, 'a text', item);
      return item;
    });
  }

  textMap(key: string): Readonly<Record<string, string>> {
    const entries = this.object(key);
    return Object.fromEntries(entries.keys().map((name) => [name, entries.text(name)]));
  }

  keys(): readonly string[] {
    return Object.keys(this.#fields);
  }

  #items(key: string): readonly unknown[] {
    const value = this.raw(key) ?? [];
    if (!Array.isArray(value)) throw badAnswer(this.#at(key), 'a list', value);
    return value;
  }

  #typed<T>(key: string, what: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (!is(value)) throw badAnswer(this.#at(key), what, value);
    return value;
  }

  #at(key: string): string {
    return `${this.path}.${key}`;
  }
}

/** KUBE_BAD_ANSWER for a value at a path. Says the type that came, never the value: it may be a secret. */
export function badAnswer(path: string, wanted: string, value: unknown): FlotillaError {
  const got = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
  return new FlotillaError('KUBE_BAD_ANSWER', `The API server answered ${got} where ${path} must be ${wanted}.`, {
    kind: 'internal',
    retry: 'later',
    remedy: 'Check that the endpoint is a Kubernetes API server and not a proxy or login page.',
  });
}

/** The JSON value of a text, or KUBE_BAD_ANSWER. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badAnswer(path, 'JSON', text);
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
