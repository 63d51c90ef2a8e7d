import { FlotillaError } from '@flotilla/kit';

/** What a command is called with, as data: help is printed and arguments are parsed from the same lines. */
export interface CommandInfo {
  /** One line of the overview. */
  readonly summary: string;
  readonly text: string;
  readonly flags?: readonly FlagInfo[];
  readonly verbs?: readonly VerbInfo[];
  /** Takes the settings of the server too. */
  readonly settings?: true;
}

export interface FlagInfo {
  /** Without its dashes. */
  readonly name: string;
  /** Name of its value; absent = it has none. */
  readonly value?: string;
  /** It cannot be left out. */
  readonly needed?: true;
  readonly help: string;
}

export interface VerbInfo {
  readonly name: string;
  /** Names of its words, for example `VERSION`. */
  readonly words?: readonly string[];
  readonly flags?: readonly FlagInfo[];
  readonly help: string;
}

/** Arguments, sorted. */
export interface Words {
  /** Those without dashes: a verb and its words. */
  readonly plain: readonly string[];
  /** The command's own flags; empty text for those without a value. */
  readonly flags: ReadonlyMap<string, string>;
  /** Everything else with dashes: for the settings, which complain themselves. */
  readonly rest: readonly string[];
}

/** Sorts the arguments of a command. Throws USAGE for a flag that lacks its value or stands twice. */
export function parseWords(command: CommandInfo, args: readonly string[]): Words {
  const own = new Map(flagsOf(command).map((flag) => [flag.name, flag]));
  const plain: string[] = [];
  const flags = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [, name = '', inline] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const flag = own.get(name);
    if (!arg.startsWith('--')) plain.push(arg);
    else if (flag === undefined) {
      rest.push(arg);
      const next = args[i + 1];
      if (inline === undefined && next !== undefined && !next.startsWith('--')) rest.push(args[(i += 1)] ?? '');
    } else {
      const value = flag.value === undefined ? '' : (inline ?? args[(i += 1)]);
      if (value === undefined || (flag.value === undefined && inline !== undefined)) {
        throw usage(flag.value === undefined ? `--${name} takes no value.` : `--${name} needs ${flag.value}.`);
      }
      if (flags.has(name)) throw usage(`--${name} is given twice.`);
      flags.set(name, value);
    }
  }
  return { plain, flags, rest };
}

/** The flags of a command and of its verbs, each once. */
export function flagsOf({ flags = [], verbs = [] }: CommandInfo): readonly FlagInfo[] {
  const all = [...flags, ...verbs.flatMap((verb) => verb.flags ?? [])];
  return [...new Map(all.map((flag) => [flag.name, flag])).values()];
}

export function overview(commands: Readonly<Record<string, CommandInfo>>): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`);
  return `Usage: flotilla-server <command> [settings]\n\n${lines.join('\n')}\n\nMore: flotilla-server <command> --help\n`;
}

export function helpOf(name: string, command: CommandInfo, settings: string): string {
  const { text, verbs = [] } = command;
  const own = (command.flags ?? []).map(
    ({ name: flag, value }) => ` [--${flag}${value === undefined ? '' : ` ${value}`}]`,
  );
  const head = `Usage: flotilla-server ${name}${verbs.length > 0 ? ' <verb>' : ''}${own.join('')}${command.settings === true ? ' [settings]' : ''}`;
  const verbLines = verbs.map((verb) => {
    const usage = usageOf(verb);
    return usage.length > 44 ? `  ${usage}\n${' '.repeat(47)}${verb.help}` : `  ${usage.padEnd(44)} ${verb.help}`;
  });
  const flagLines = flagsOf(command).map(({ name: flag, value, help }) => {
    const left = `--${flag}${value === undefined ? '' : ` ${value}`}`;
    return `  ${left.padEnd(34)} ${help}`;
  });
  return [
    head,
    text,
    ...(verbLines.length > 0 ? [verbLines.join('\n')] : []),
    ...(flagLines.length > 0 ? [flagLines.join('\n')] : []),
    ...(command.settings === true ? [settings] : []),
  ]
    .map((part) => part.replace(/\n$/, ''))
    .join('\n\n')
    .concat('\n');
}

function usageOf({ name, words = [], flags = [] }: VerbInfo): string {
  const options = flags.map(({ name: flag, value, needed }) => {
    const text = `--${flag}${value === undefined ? '' : ` ${value}`}`;
    return needed === true ? text : `[${text}]`;
  });
  return [name, ...words, ...options].join(' ');
}

export function usage(problem: string): FlotillaError {
  return new FlotillaError('USAGE', problem, { kind: 'invalid-argument', remedy: 'See: flotilla-server --help' });
}
