import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { parseDurationMs } from '@flotilla/kit';
import { globalOptions, groups } from './registry/common.js';
import { namesOf, nounNames, nouns } from './registry/nouns.js';
import type { ArgumentSpec, CommandShape, CommandShapes, OptionSpec } from './registry/types.js';

/** What the parser made of a line. */
export interface Parsed {
  /** `token create` */
  readonly path: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly words: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface ProgramOptions {
  readonly commands: CommandShapes;
  readonly families: Readonly<Record<string, string>>;
  readonly version: string;
  readonly helpColumns: number;
  readonly writeOut: (text: string) => void;
  readonly dispatch: (parsed: Parsed) => Promise<void>;
}

/** The parser, made from the registry. Nothing is written to the process's own streams; errors are thrown. */
export function buildProgram(options: ProgramOptions): Command {
  const root = configure(new Command('flotilla'), options)
    .description('One Kubernetes cluster over machines you own anywhere.')
    .version(options.version, '--version', 'version of this command')
    .addHelpText(
      'after',
      `\nTypes: ${nounNames.map((noun) => nouns[noun].plural).join(', ')}.\nMore about a command: flotilla <command> --help`,
    );
  for (const option of globalOptions) root.addOption(toOption(option));
  const families = new Map<string, Command>();
  for (const [path, shape] of Object.entries(options.commands)) {
    const [first = '', second] = path.split(' ');
    if (second === undefined) addCommand(root, first, path, shape, options);
    else {
      let family = families.get(first);
      if (family === undefined) {
        family = configure(new Command(first), options)
          .description(options.families[first] ?? '')
          .helpGroup(`${shape.group}:`);
        families.set(first, family);
        root.addCommand(family);
      }
      addCommand(family, second, path, shape, options);
    }
  }
  return root.helpCommand('help [command]', 'show help of a command').commandsGroup(`${groups.access}:`);
}

function addCommand(parent: Command, word: string, path: string, shape: CommandShape, options: ProgramOptions): void {
  const command = configure(new Command(word), options).summary(shape.summary).helpGroup(`${shape.group}:`);
  command.description(
    shape.about === undefined ? sentence(shape.summary) : `${sentence(shape.summary)}\n${shape.about}`,
  );
  for (const argument of shape.arguments) command.addArgument(toArgument(argument));
  for (const option of shape.options) command.addOption(toOption(option));
  if (shape.arguments.some(({ complete }) => complete === 'noun')) command.addHelpText('after', `\n${typesText()}`);
  if (shape.examples.length > 0)
    command.addHelpText('after', `\nExamples:\n${shape.examples.map((example) => `  ${example}`).join('\n')}`);
  if (shape.hidden) command.allowUnknownOption().helpOption(false);
  command.action(async () => {
    const words = Object.fromEntries(shape.arguments.map(({ name }, at) => [name, wordOf(command.processedArgs[at])]));
    await options.dispatch({ path, options: command.optsWithGlobals(), words });
  });
  parent.addCommand(command, { hidden: shape.hidden === true, isDefault: shape.byDefault === true });
}

function configure(command: Command, { helpColumns, writeOut }: ProgramOptions): Command {
  return command
    .exitOverride()
    .configureOutput({
      writeOut,
      writeErr: () => undefined,
      outputError: () => undefined,
      getOutHelpWidth: () => helpColumns,
      getErrHelpWidth: () => helpColumns,
    })
    .configureHelp({ showGlobalOptions: true })
    .helpOption('-h, --help', 'show this')
    .allowExcessArguments(false);
}

function toArgument({ name, help, optional, variadic, choices }: ArgumentSpec): Argument {
  const inner = variadic ? `${name}...` : name;
  const argument = new Argument(optional ? `[${inner}]` : `<${inner}>`, help);
  return choices === undefined ? argument : argument.choices(choices);
}

function toOption({ name, short, kind, value, help, choices, required }: OptionSpec): Option {
  const long = kind === 'flag' ? `--${name}` : `--${name} <${value ?? 'value'}>`;
  const option = new Option(short === undefined ? long : `-${short}, ${long}`, help);
  // "--no-color" is its own flag here, not the negation of a "--color".
  option.negate = false;
  if (choices !== undefined) option.choices(choices);
  if (required) option.makeOptionMandatory();
  if (kind === 'list') option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text]);
  if (kind === 'whole') option.argParser(parseWhole);
  if (kind === 'duration') option.argParser(parseDuration);
  return option;
}

function parseWhole(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

function parseDuration(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined || durationMs === 0)
    throw new InvalidArgumentError('It must be a duration like 90s, 5m or 1h30m.');
  return durationMs;
}

function wordOf(value: unknown): string | readonly string[] | undefined {
  // The parser gives words as they were typed: a text, or a list for "...".
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value : undefined;
}

function typesText(): string {
  const lines = nounNames.map((noun) => `  ${namesOf(noun).join(', ').padEnd(38)}${nouns[noun].summary}`);
  return `Types:\n${lines.join('\n')}`;
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
