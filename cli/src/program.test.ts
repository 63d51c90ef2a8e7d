import { describe, expect, test } from 'vitest';
import { buildProgram, type Parsed } from './program.js';
import { commands, families } from './registry.js';
import { globalOptions } from './registry/common.js';
import { keyOf } from './options.js';
import type { OptionSpec } from './registry/types.js';
import { useStage } from './testing/setup.js';

const stage = useStage();
const visible = Object.entries(commands).filter(([, { hidden }]) => hidden !== true);

/** Parses with the real registry; gives what would have run. */
async function parse(...argv: string[]): Promise<Parsed> {
  let parsed: Parsed | undefined;
  const program = buildProgram({
    commands,
    families,
    version: '0',
    helpColumns: 100,
    writeOut: () => undefined,
    dispatch: (found) => {
      parsed = found;
      return Promise.resolve();
    },
  });
  await program.parseAsync(argv, { from: 'user' });
  if (parsed === undefined) throw new Error(`nothing ran for ${argv.join(' ')}`);
  return parsed;
}

function sample(option: OptionSpec): { words: string[]; value: unknown } {
  const flag = `--${option.name}`;
  const text = option.choices?.[0] ?? 'x';
  switch (option.kind) {
    case 'flag':
      return { words: [flag], value: true };
    case 'text':
      return { words: [flag, text], value: text };
    case 'list':
      return { words: [flag, 'a', flag, 'b'], value: ['a', 'b'] };
    case 'whole':
      return { words: [flag, '7'], value: 7 };
    case 'duration':
      return { words: [flag, '1m'], value: 60_000 };
  }
}

/** The call with what it cannot be without, apart from `without`. */
function minimal(path: string, without?: OptionSpec): string[] {
  const shape = commands[path];
  const words = (shape?.arguments ?? [])
    .filter(({ optional }) => optional !== true)
    .map(({ choices }) => choices?.[0] ?? 'x');
  const options = (shape?.options ?? [])
    .filter((option) => option.required === true && option !== without)
    .flatMap((option) => sample(option).words);
  return [...path.split(' '), ...words, ...options];
}

describe('help is true', () => {
  test.each(visible)(
    'every option in the help of "%s" is accepted, and every one accepted is in it',
    async (path, shape) => {
      expect(await stage.terminal.flotilla(...path.split(' '), '--help')).toBe(0);
      const help = stage.terminal.stdout.text;
      const documented = [...help.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)]
        .map(([, name]) => name)
        .filter((name) => name !== 'help' && name !== 'version');
      const known = [...shape.options, ...globalOptions];
      expect(documented.sort()).toEqual(known.map(({ name }) => name).sort());
      for (const option of known) {
        const { words, value } = sample(option);
        const parsed = await parse(...minimal(path, option), ...words);
        expect(parsed.path).toBe(path);
        expect(parsed.options[keyOf(option.name)]).toEqual(value);
        if (option.short !== undefined)
          expect(
            (await parse(...minimal(path, option), `-${option.short}`, ...words.slice(1, 2))).options[
              keyOf(option.name)
            ],
          ).toEqual(option.kind === 'list' ? ['a'] : value);
      }
      expect(help.split('\n').filter((line) => line.length > 100 && !line.startsWith('  flotilla'))).toEqual([]);
    },
  );

  test('every command in the help exists and loads, and every one that exists is in it', async () => {
    await stage.terminal.flotilla('--help');
    const listed = async (text: string, prefix: string): Promise<string[]> => {
      const found: string[] = [];
      for (const [, word = ''] of text.matchAll(/^ {2}([a-z][a-z-]*)(?: \[| <| {2,})/gm)) {
        if (word === 'help') continue;
        if (prefix === '' && Object.hasOwn(families, word)) {
          await stage.terminal.flotilla(word, '--help');
          found.push(...(await listed(stage.terminal.stdout.text, `${word} `)));
        } else found.push(prefix + word);
      }
      return found;
    };
    expect((await listed(stage.terminal.stdout.text, '')).sort()).toEqual(visible.map(([path]) => path).sort());
    for (const { load } of Object.values(commands)) expect(typeof (await load())).toBe('function');
  });

  test.each(visible.flatMap(([path, { examples }]) => examples.map((example) => [path, example] as const)))(
    '%s: the example "%s" is a call that can be meant',
    async (path, example) => {
      const calls = example.split(/ \| |[()]| > /).filter((part) => part.startsWith('flotilla '));
      const words = (call: string): string[] =>
        (call.match(/(?:'[^']*'|\S)+/g) ?? []).slice(1).map((word) => word.replaceAll("'", ''));
      const paths = await Promise.all(calls.map(async (call) => (await parse(...words(call))).path));
      expect(paths).toContain(path);
    },
  );

  test('every family has commands and a text', () => {
    for (const [family, text] of Object.entries(families)) {
      expect(text).not.toBe('');
      expect(visible.some(([path]) => path.startsWith(`${family} `))).toBe(true);
    }
  });

  test('global options stand before and after the command', async () => {
    expect((await parse('--context', 'a', 'get', 'nodes')).options['context']).toBe('a');
    expect((await parse('get', 'nodes', '--context', 'a')).options['context']).toBe('a');
    expect((await parse('get', 'nodes', '--no-color')).options['noColor']).toBe(true);
  });

  test('durations and numbers are checked by the parser', async () => {
    await expect(parse('wait', 'node/a', '--for', 'ready', '--timeout', '5')).rejects.toThrow(
      'It must be a duration like 90s, 5m or 1h30m.',
    );
    await expect(parse('wait', 'node/a')).rejects.toThrow("required option '--for <goal>' not specified");
    await expect(parse('get', 'nodes', '--limit', '-1')).rejects.toThrow("unknown option '--limit'");
  });
});
