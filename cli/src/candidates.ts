import { globalOptions } from './registry/common.js';
import { namesOf, nounNames, nouns } from './registry/nouns.js';
import type { CommandShape, CommandShapes, Completion, OptionSpec } from './registry/types.js';

/** What may stand in place of the last word: words known here, names to ask for, or files. */
export interface Candidates {
  readonly words: readonly string[];
  readonly names: Completion | undefined;
  /** Put before each name: `node/`. */
  readonly prefix: string;
}

const nothing: Candidates = { words: [], names: undefined, prefix: '' };

/** Pure: from the line so far (without `flotilla`; its last word may be empty) and the registry. */
export function candidatesFor(line: readonly string[], commands: CommandShapes): Candidates {
  const last = line.at(-1) ?? '';
  const before = line.slice(0, -1);
  const found = commandOf(before, commands);
  if (found === undefined) return { ...nothing, words: startsWith(nextWords(before, commands), last) };
  const options = [...found.shape.options, ...globalOptions];
  const opened = openOption(found.rest, options);
  if (opened !== undefined) return optionValue(opened, last);
  if (last.startsWith('-')) return { ...nothing, words: startsWith(flagsOf(options), last) };
  return argumentValue(found.shape, operandsOf(found.rest, options), last);
}

function commandOf(
  words: readonly string[],
  commands: CommandShapes,
): { shape: CommandShape; rest: readonly string[] } | undefined {
  const plain = words.filter((word) => !word.startsWith('-'));
  for (const length of [2, 1]) {
    const path = plain.slice(0, length).join(' ');
    const shape = Object.hasOwn(commands, path) ? commands[path] : undefined;
    if (shape !== undefined && plain.length >= length) {
      const end = words.indexOf(plain[length - 1] ?? '');
      return { shape, rest: words.slice(end + 1) };
    }
  }
  return undefined;
}

function nextWords(before: readonly string[], commands: CommandShapes): string[] {
  const prefix = before.filter((word) => !word.startsWith('-'));
  const words = Object.entries(commands)
    .filter(([, { hidden }]) => hidden !== true)
    .map(([path]) => path.split(' '))
    .filter((path) => path.length > prefix.length && prefix.every((word, at) => path[at] === word))
    .map((path) => path[prefix.length] ?? '');
  return [...new Set(words)];
}

/** The option whose value is typed now. */
function openOption(rest: readonly string[], options: readonly OptionSpec[]): OptionSpec | undefined {
  const word = rest.at(-1) ?? '';
  return options.find(
    ({ name, short, kind }) =>
      kind !== 'flag' && (word === `--${name}` || (short !== undefined && word === `-${short}`)),
  );
}

function optionValue({ choices, suggests, complete, name }: OptionSpec, last: string): Candidates {
  if (suggests !== undefined) return { ...nothing, words: startsWith(suggests, last) };
  if (choices !== undefined) return { ...nothing, words: startsWith(choices, last) };
  if (name === 'output') return { ...nothing, words: startsWith(['wide', 'json', 'yaml', 'name', 'jsonpath='], last) };
  return { ...nothing, names: complete };
}

function flagsOf(options: readonly OptionSpec[]): string[] {
  return [...options.map(({ name }) => `--${name}`), '--help'];
}

function operandsOf(rest: readonly string[], options: readonly OptionSpec[]): string[] {
  return rest.filter((word, at) => !word.startsWith('-') && openOption(rest.slice(0, at), options) === undefined);
}

function argumentValue({ arguments: args }: CommandShape, operands: readonly string[], last: string): Candidates {
  const argument = args[Math.min(operands.length, args.length - 1)];
  if (argument === undefined || (operands.length >= args.length && argument.variadic !== true)) return nothing;
  if (argument.choices !== undefined) return { ...nothing, words: startsWith(argument.choices, last) };
  const slash = last.indexOf('/');
  if (argument.complete === 'name-of-noun') return namesOfNoun(operands[0] ?? '', '');
  if (argument.complete === 'noun' && operands.length > 0) return namesOfNoun(operands[0] ?? '', '');
  if ((argument.complete === 'noun' || argument.complete === 'noun/name') && slash > 0)
    return namesOfNoun(last.slice(0, slash), last.slice(0, slash + 1));
  if (argument.complete === 'noun')
    return {
      ...nothing,
      words: startsWith(
        nounNames.map((noun) => nouns[noun].plural),
        last,
      ),
    };
  if (argument.complete === 'noun/name')
    return {
      ...nothing,
      words: startsWith(
        nounNames.map((noun) => `${noun}/`),
        last,
      ),
    };
  return { ...nothing, names: argument.complete };
}

function namesOfNoun(word: string, prefix: string): Candidates {
  const noun = nounNames.find((each) => namesOf(each).includes(word.toLowerCase()));
  return noun === undefined ? nothing : { words: [], names: noun, prefix };
}

function startsWith(words: readonly string[], prefix: string): string[] {
  return words.filter((word) => word.startsWith(prefix));
}
