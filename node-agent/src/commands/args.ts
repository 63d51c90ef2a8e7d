import { FlotillaError, suggestion } from '@flotilla/kit';

export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  /** Text of the value in the help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  readonly hidden?: boolean;
}

export interface ParsedArgs {
  readonly flags: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

function usage(message: string, remedy: string): FlotillaError {
  return new FlotillaError('USAGE', message, { kind: 'invalid-argument', remedy });
}

/** `--flag value`, `--flag=value`, `-f`; an unknown flag is refused with the one that was probably meant. */
export function parseArgs(args: readonly string[], flags: readonly FlagSpec[], command: string): ParsedArgs {
  const found = new Map<string, string>();
  const rest: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (!arg.startsWith('-') || arg === '-') {
      rest.push(arg);
      continue;
    }
    const [word = '', inline] = arg.includes('=')
      ? [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)]
      : [arg];
    const spec = flags.find(({ name, short }) => word === `--${name}` || (short !== undefined && word === `-${short}`));
    if (spec === undefined) {
      const near = suggestion(
        word.replace(/^-+/, ''),
        flags.map(({ name }) => name),
      );
      throw usage(
        `unknown flag ${word}`,
        near === undefined ? `See: flotilla-agent ${command} --help` : `Did you mean --${near}?`,
      );
    }
    if (spec.value === undefined) {
      if (inline !== undefined) throw usage(`--${spec.name} takes no value`, `See: flotilla-agent ${command} --help`);
      found.set(spec.name, '');
      continue;
    }
    const value = inline ?? args[++index];
    if (value === undefined)
      throw usage(`--${spec.name} needs a value (${spec.value})`, `See: flotilla-agent ${command} --help`);
    found.set(spec.name, value);
  }
  return { flags: found, rest };
}

/** Help text of a command from its flags, so that it is always true. */
export function flagsHelp(flags: readonly FlagSpec[]): string {
  const rows = flags
    .filter(({ hidden }) => hidden !== true)
    .map(
      ({ name, short, value, help }) =>
        [
          `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
          help,
        ] as const,
    );
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, help]) => `  ${left.padEnd(width)}${help}\n`).join('');
}
