import { TestbedError } from '../pure/errors.js';
import { CALL } from '../pure/names.js';

export interface CommandSpec {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** Options without a value. */
  readonly flags: readonly string[];
  /** Options with a value. */
  readonly values: readonly string[];
  /** How many positional words; null for any number. */
  readonly words: readonly [number, number | null];
}

/** Options that every command takes. */
export const COMMON_VALUES = ['bed', 'state-dir'] as const;

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'up',
    usage: 'up [N | NAME…]',
    summary: 'boot servers (default 3: alpha, bravo, charlie); ones that are up stay',
    flags: [],
    values: ['disk', 'subnet'],
    words: [0, null],
  },
  {
    name: 'ls',
    usage: 'ls',
    summary: 'servers of the bed, or with --all of every bed on this host',
    flags: ['all'],
    values: ['output'],
    words: [0, 0],
  },
  {
    name: 'exec',
    usage: 'exec NAME -- COMMAND…',
    summary: 'run a command in a server; its exit code is the exit code',
    flags: [],
    values: ['timeout'],
    words: [1, 1],
  },
  { name: 'shell', usage: 'shell NAME', summary: 'a root shell in a server', flags: [], values: [], words: [1, 1] },
  {
    name: 'push',
    usage: 'push NAME FILE PATH',
    summary: 'copy a file or directory of this host into a server',
    flags: [],
    values: [],
    words: [3, 3],
  },
  {
    name: 'reboot',
    usage: 'reboot NAME…',
    summary: 'systemctl reboot, and wait until it is up again',
    flags: [],
    values: [],
    words: [1, null],
  },
  {
    name: 'powercut',
    usage: 'powercut NAME…',
    summary: 'pull the plug: everything of it is killed at once',
    flags: [],
    values: [],
    words: [1, null],
  },
  {
    name: 'poweron',
    usage: 'poweron NAME…',
    summary: 'boot it again from its disk',
    flags: [],
    values: [],
    words: [1, null],
  },
  {
    name: 'freeze',
    usage: 'freeze NAME…',
    summary: 'stop every process of it, as a hung machine would',
    flags: [],
    values: [],
    words: [1, null],
  },
  { name: 'thaw', usage: 'thaw NAME…', summary: 'let it run on', flags: [], values: [], words: [1, null] },
  {
    name: 'partition',
    usage: 'partition NAME…',
    summary: 'cut it off: --from all (default), host, or NAME,NAME; --direction both (default), in, out',
    flags: ['together'],
    values: ['from', 'direction', 'loss'],
    words: [1, null],
  },
  { name: 'heal', usage: 'heal NAME…', summary: 'end its partitions', flags: [], values: [], words: [1, null] },
  {
    name: 'fill',
    usage: 'fill NAME…',
    summary: 'take all space of its disk, or all but --leave MIB; needs up --disk',
    flags: [],
    values: ['leave'],
    words: [1, null],
  },
  { name: 'empty', usage: 'empty NAME…', summary: 'give that space back', flags: [], values: [], words: [1, null] },
  {
    name: 'faildisk',
    usage: 'faildisk NAME…',
    summary: 'an error of its disk: read-only until the next boot repairs it; needs up --disk',
    flags: [],
    values: [],
    words: [1, null],
  },
  {
    name: 'logs',
    usage: 'logs NAME',
    summary: 'its console over all boots, or with --journal its system log',
    flags: ['journal'],
    values: [],
    words: [1, 1],
  },
  {
    name: 'snapshot',
    usage: 'snapshot NAME',
    summary: 'everything a product could have changed in it, as JSON',
    flags: [],
    values: [],
    words: [1, 1],
  },
  {
    name: 'diff',
    usage: 'diff BEFORE AFTER',
    summary: 'compare two stored snapshots; exit code 1 when they differ',
    flags: [],
    values: [],
    words: [2, 2],
  },
  {
    name: 'down',
    usage: 'down',
    summary: 'remove the bed and everything of it, or with --all every bed',
    flags: ['all'],
    values: [],
    words: [0, 0],
  },
  {
    name: 'check',
    usage: 'check',
    summary: 'can this host boot test servers, and if not, why',
    flags: [],
    values: [],
    words: [0, 0],
  },
];

export interface ParsedArgs {
  readonly command: CommandSpec;
  readonly words: readonly string[];
  /** What stands after `--`. */
  readonly rest: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
}

/**
 * The command line as a value; `help` when help was asked for.
 * @throws TestbedError USAGE that names the wrong word and the nearest right one
 */
export function parseArgs(argv: readonly string[]): ParsedArgs | 'help' {
  const cut = argv.indexOf('--');
  const own = cut < 0 ? argv : argv.slice(0, cut);
  if (own.length === 0 || own.includes('--help') || own.includes('-h') || own[0] === 'help') return 'help';
  const at = commandIndex(own);
  const name = own[at];
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined)
    throw usage(
      `"${name ?? own.join(' ')}" is not a command`,
      suggest(
        name ?? '',
        COMMANDS.map((candidate) => candidate.name),
      ),
    );
  return parseFor(command, own.toSpliced(at, 1), cut < 0 ? [] : argv.slice(cut + 1));
}

/** The first word that is neither an option nor the value of one; -1 when there is none. */
function commandIndex(own: readonly string[]): number {
  return own.findIndex((word, at) => {
    const before = own[at - 1] ?? '';
    return !word.startsWith('-') && !COMMON_VALUES.some((option) => before === `--${option}`);
  });
}

function parseFor(command: CommandSpec, own: readonly string[], rest: readonly string[]): ParsedArgs {
  const [words, flags, values] = [[] as string[], new Set<string>(), new Map<string, string>()];
  const withValue = [...COMMON_VALUES, ...command.values];
  for (let at = 0; at < own.length; at += 1) {
    const word = own[at] ?? '';
    const long = word === '-o' ? '--output' : word;
    if (!long.startsWith('-')) {
      words.push(long);
      continue;
    }
    const [option = '', inline] = splitOnce(long.replace(/^--?/, ''));
    if (command.flags.includes(option) && inline === undefined) flags.add(option);
    else if (withValue.includes(option)) {
      const value = inline ?? own[(at += 1)];
      if (value === undefined) throw usage(`--${option} needs a value`);
      values.set(option, value);
    } else
      throw usage(
        `${word} is not an option of ${command.name}`,
        suggest(option, [...command.flags, ...withValue], '--'),
      );
  }
  const [least, most] = command.words;
  if (words.length < least || (most !== null && words.length > most))
    throw usage(`${command.name} takes other words`, `Usage: ${CALL} ${command.usage}`);
  if (command.name === 'exec' && rest.length === 0)
    throw usage('exec needs a command after --', `Usage: ${CALL} ${command.usage}`);
  if (command.name !== 'exec' && rest.length > 0) throw usage(`${command.name} takes nothing after --`);
  return { command, words, rest, flags, values };
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function usage(message: string, remedy = ''): TestbedError {
  return new TestbedError('USAGE', message, remedy === '' ? `All commands: ${CALL} --help` : remedy);
}

/** `Did you mean up?` for the nearest known word, if one is near. */
export function suggest(word: string, known: readonly string[], prefix = ''): string {
  const ranked = known.map((candidate) => [distance(word, candidate), candidate] as const).sort(([a], [b]) => a - b);
  const [best] = ranked;
  if (best === undefined || best[0] > Math.max(2, Math.floor(best[1].length / 3)) || word === '') return '';
  return `Did you mean ${prefix}${best[1]}?`;
}

/** Number of letters to add, drop, change or swap with the neighbour. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(i - 2, j - 2) + 1);
      const row = rows[i];
      if (row !== undefined) row[j] = best;
    }
  }
  return at(a.length, b.length);
}

export function helpText(): string {
  const width = Math.max(...COMMANDS.map(({ usage: text }) => text.length)) + 2;
  return `Real servers on this host: systemd-nspawn machines on a bridge of their own. Needs root.

Usage: ${CALL} COMMAND [--bed NAME] …

${COMMANDS.map(({ usage: text, summary }) => `  ${text.padEnd(width)}${summary}`).join('\n')}

Options
  --bed NAME        another bed beside "demo": other bridge, other network
  --state-dir DIR   where the bed keeps its files (default ~/.cache/flotilla/testbed/beds/NAME)
  --disk MIB        up: give each new server a disk of this size, to fill it
  --subnet A.B.C.0/24   up: default is the first free 10.77.N.0/24
  --together            partition: the named servers still reach each other
  --loss PERCENT        partition: lose so many of 100 frames, at random, not all
  --timeout SECONDS     exec: then the command is ended with exit code 124; default is no limit
  -o, --output json     ls: the same facts as JSON

The host is .1 on the bridge, the servers are .11, .12, …; they reach each other and the host, nothing else.
Exit codes: 0 done, 1 failed, 2 wrong usage; exec gives the code of the command.
`;
}
