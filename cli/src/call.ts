import { assert, FlotillaError, invalidArgument } from '@flotilla/kit';
import type { Connection } from './client.js';
import { type Context, resolveContext } from './context.js';
import type { Env } from './env.js';
import type { Options } from './options.js';
import { type Painter, painterFor } from './output/paint.js';
import type { CommandShapes } from './registry/types.js';

/** Where a command works: the server, and the project there. */
export interface Session {
  readonly context: Context;
  readonly connection: Connection;
  readonly project: string;
}

const requestTimeoutMsDefault = 30_000;

/** One call of a command: its words, its options, and the world. */
export class Call {
  readonly paint: Painter;
  /** 1 where a command did its work and the answer is no: `diff` found differences, `doctor` found something wrong. */
  exitCode: 0 | 1 = 0;
  private opened: Promise<Session> | undefined;

  constructor(
    readonly env: Env,
    readonly options: Options,
    private readonly words: Readonly<Record<string, string | readonly string[] | undefined>>,
    /** For the commands that speak about commands: completion. */
    readonly commands: CommandShapes,
  ) {
    this.paint = painterFor(env, env.stdout, options.flag('no-color'));
  }

  /** The argument of that name, which the parser has made sure of. */
  argument(name: string): string {
    const value = this.words[name];
    assert(typeof value === 'string', `argument ${name} is missing`);
    return value;
  }

  optionalArgument(name: string): string | undefined {
    const value = this.words[name];
    assert(value === undefined || typeof value === 'string', `argument ${name} is a list`);
    return value;
  }

  /** All words of a variadic argument. */
  list(name: string): readonly string[] {
    const value = this.words[name];
    assert(typeof value !== 'string', `argument ${name} is one word`);
    return value ?? [];
  }

  /** Connects at the first use; the parser's caller closes. */
  session(): Promise<Session> {
    this.opened ??= this.open();
    return this.opened;
  }

  async close(): Promise<void> {
    if (this.opened === undefined) return;
    const [session] = await Promise.allSettled([this.opened]);
    if (session.status === 'fulfilled') session.value.connection.close();
  }

  /** Data. */
  print(text: string): void {
    this.env.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Words for a person who watches: only on a terminal, never in the data. */
  note(text: string): void {
    if (this.env.stderr.isTTY) this.env.stderr.write(`${text}\n`);
  }

  /** What every write carries: a fresh request id, and whether nothing shall be written. */
  writeOptions(): { requestId: string; validateOnly: boolean } {
    return { requestId: Buffer.from(this.env.random.bytes(16)).toString('hex'), validateOnly: this.dryRun };
  }

  get dryRun(): boolean {
    return this.options.flag('dry-run');
  }

  /** `cluster/demo created`, with ` (dry run)` where nothing was. */
  done(what: string, deed: string): void {
    this.print(`${what} ${deed}${this.dryRun ? ' (dry run)' : ''}`);
  }

  private async open(): Promise<Session> {
    const context = await resolveContext(this.env, this.options.text('context'));
    const { Connection } = await import('./client.js');
    const timeoutMs = this.options.number('request-timeout') ?? requestTimeoutMsDefault;
    const project = this.options.text('project') ?? context.project;
    return { context, connection: new Connection(context, timeoutMs, this.env.signal), project };
  }
}

/** A call that cannot be meant: exit code 2. */
export function usageError(message: string, remedy = ''): FlotillaError {
  return new FlotillaError('USAGE', message, { kind: 'invalid-argument', remedy });
}

const labelKey = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

/** `["a=b"]` → `{a: 'b'}`, with every bad one named. */
export function parseLabels(option: string, texts: readonly string[]): Record<string, string> {
  const problems: { field: string; description: string }[] = [];
  const entries: [string, string][] = [];
  for (const text of texts) {
    const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
    if (key === undefined || value === undefined || !labelKey.test(key) || !labelValue.test(value)) {
      problems.push({
        field: `--${option}`,
        description: `wants key=value in the letters Kubernetes allows (is ${JSON.stringify(text)})`,
      });
    } else entries.push([key, value]);
  }
  if (problems.length > 0) throw invalidArgument(problems);
  return Object.fromEntries(entries);
}

/** `a=b,c!=d` → the filter of a list call. */
export function parseSelector(text: string | undefined): string {
  if (text === undefined) return '';
  const terms = text.split(',').map((term) => {
    const [, key = '', operator = '', value = ''] = /^\s*([^=!\s]+)\s*(!=|==?)\s*(\S*)\s*$/.exec(term) ?? [];
    if (!labelKey.test(key) || !labelValue.test(value) || value === '') {
      throw usageError(`-l wants key=value or key!=value, separated by commas (is ${JSON.stringify(term)})`);
    }
    return `labels.${key} ${operator === '!=' ? '!=' : '='} "${value}"`;
  });
  return terms.join(' AND ');
}
