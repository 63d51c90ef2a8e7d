import { CommanderError } from 'commander';
import { type ErrorKind, type FlotillaError, suggestion, toFlotillaError } from '@flotilla/kit';
import { Call } from './call.js';
import type { Env } from './env.js';
import { Options } from './options.js';
import { painterFor } from './output/paint.js';
import { buildProgram, type Parsed } from './program.js';
import { commands, families } from './registry.js';
import { cliVersion } from './version-number.js';

/** 0 done, 1 failed, 2 not a call that can be meant, 3 not found, 4 not in time, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130;

const exitCodes: Readonly<Record<ErrorKind, ExitCode>> = {
  'invalid-argument': 2,
  'not-found': 3,
  timeout: 4,
  cancelled: 130,
  'already-exists': 1,
  conflict: 1,
  precondition: 1,
  permission: 1,
  unauthenticated: 1,
  exhausted: 1,
  unavailable: 1,
  'out-of-range': 1,
  'data-loss': 1,
  internal: 1,
};

/** Who said no: a rule, or the circumstances. */
const refusals: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'invalid-argument',
  'already-exists',
  'conflict',
  'precondition',
  'permission',
  'unauthenticated',
  'exhausted',
]);

/** Completion asks on every press of a key: it may not take long. */
const completionTimeoutMs = 2000;

/** Runs one line. Everything it says goes through `env`; it never throws. */
export async function run(argv: readonly string[], env: Env): Promise<ExitCode> {
  let call: Call | undefined;
  const program = buildProgram({
    commands,
    families,
    version: cliVersion,
    helpColumns: Math.min(100, env.stdout.columns),
    writeOut: (text) => env.stdout.write(text),
    dispatch: async ({ path, options, words }: Parsed) => {
      const command = commands[path];
      if (command === undefined) throw new Error(`no command ${path}`);
      const given = command.hidden ? { ...options, requestTimeout: completionTimeoutMs } : options;
      call = new Call(env, new Options(given), words, commands);
      await (
        await command.load()
      )(call);
    },
  });
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: 'user' });
    return call?.exitCode ?? 0;
  } catch (error) {
    if (env.signal.aborted) return 130;
    return error instanceof CommanderError ? reportUsage(error, argv, env) : reportFailure(error, argv, env);
  } finally {
    await call?.close();
  }
}

function reportUsage(error: CommanderError, argv: readonly string[], env: Env): ExitCode {
  if (error.exitCode === 0) return 0;
  const words = wordsOf(argv);
  const help = `See: flotilla ${[...words, '--help'].join(' ')}`;
  if (error.code === 'commander.help') {
    const family = words[0] ?? '';
    const verbs = Object.keys(commands)
      .filter((path) => path.startsWith(`${family} `))
      .map((path) => path.slice(family.length + 1));
    env.stderr.write(`flotilla ${family} goes with: ${verbs.join(', ')}.\n${help}\n`);
    return 2;
  }
  const strayed = error.code === 'commander.excessArguments' ? strayWord(argv) : undefined;
  if (strayed !== undefined) {
    env.stderr.write(`${strayed}\nSee: flotilla ${argv[0] ?? ''} --help\n`);
    return 2;
  }
  const text = error.message.replace(/^error: /, '').replace(/\n?\(Did you mean (.*)\?\)$/s, '. Did you mean $1?');
  env.stderr.write(`${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}\n${help}\n`);
  return 2;
}

/** A family that does something by itself takes an unknown second word for one argument too many. */
function strayWord(argv: readonly string[]): string | undefined {
  const [family = '', word = ''] = argv.filter((each) => !each.startsWith('-'));
  if (!Object.hasOwn(families, family) || Object.hasOwn(commands, `${family} ${word}`)) return undefined;
  const words = Object.keys(commands).filter((path) => path.startsWith(`${family} `));
  const near = suggestion(
    word,
    words.map((path) => path.slice(family.length + 1)),
  );
  return `Unknown command '${word}'.${near === undefined ? '' : ` Did you mean ${near}?`}`;
}

/** The longest known command at the start of the line. */
function wordsOf(argv: readonly string[]): readonly string[] {
  const [first = '', second = ''] = argv.filter((word) => !word.startsWith('-'));
  if (Object.hasOwn(commands, `${first} ${second}`)) return [first, second];
  return Object.hasOwn(commands, first) || Object.hasOwn(families, first) ? [first] : [];
}

function reportFailure(thrown: unknown, argv: readonly string[], env: Env): ExitCode {
  const error = toFlotillaError(thrown);
  env.stderr.write(`${failureLines(error, env, argv).join('\n')}\n`);
  return exitCodes[error.kind];
}

/** Code, reason, what is wrong with each field, cure. */
function failureLines(error: FlotillaError, env: Env, argv: readonly string[]): string[] {
  const paint = painterFor(env, env.stderr, argv.includes('--no-color'));
  // Manifests and line problems name their own places; a headline would only push them down.
  const bare = error.code === 'MANIFEST_INVALID';
  const said = headlineOf(error);
  const message = /[.!?:]$/.test(said) ? said : `${said}.`;
  const headline = bare ? message : `${paint(`${wordFor(error.kind)} ${error.code}:`, 'bad')} ${message}`;
  const fields =
    error.violations.length > 1 ? error.violations.map(({ field, description }) => `  ${field} ${description}`) : [];
  return [headline, ...fields, ...(error.remedy === '' ? [] : error.remedy.split('\n'))];
}

/** Where the message only repeats the fields that are listed below it, their count. */
function headlineOf({ message, violations }: FlotillaError): string {
  const repeats = violations.length > 1 && violations.every(({ description }) => message.includes(description));
  return repeats ? `${violations.length} fields are wrong` : message;
}

function wordFor(kind: ErrorKind): string {
  if (kind === 'timeout') return 'timed out';
  return refusals.has(kind) ? 'refused' : 'failed';
}
