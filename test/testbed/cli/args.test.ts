import { describe, expect, test } from 'vitest';

import { COMMANDS, helpText, parseArgs, suggest, type ParsedArgs } from './args.js';

function parsed(...argv: string[]): ParsedArgs {
  const args = parseArgs(argv);
  if (args === 'help') throw new Error('help was not asked for');
  return args;
}

describe('words', () => {
  test('command, words, options in both spellings, before and after the command', () => {
    const args = parsed('--bed=two', 'partition', 'alpha', '--from', 'bravo,charlie', 'delta', '--direction=in');
    expect(args.command.name).toBe('partition');
    expect(args.words).toEqual(['alpha', 'delta']);
    expect([...args.values]).toEqual([
      ['bed', 'two'],
      ['from', 'bravo,charlie'],
      ['direction', 'in'],
    ]);
  });

  test('the value of an option before the command is not the command', () => {
    const args = parsed('--bed', 'two', 'ls');
    expect(args.command.name).toBe('ls');
    expect(args.values.get('bed')).toBe('two');
  });

  test('an option value that is called like the command stays a value', () => {
    const args = parsed('--bed', 'ls', 'ls');
    expect(args.values.get('bed')).toBe('ls');
    expect(args.words).toEqual([]);
  });

  test('what stands after -- is left alone', () => {
    expect(parsed('exec', 'alpha', '--', 'ls', '--help', '-o').rest).toEqual(['ls', '--help', '-o']);
  });

  test('help is help, also for a command', () => {
    for (const argv of [[], ['--help'], ['up', '-h'], ['help']]) expect(parseArgs(argv)).toBe('help');
  });
});

describe('refusals name the word and the way out', () => {
  test.each([
    [['dwon'], '"dwon" is not a command', 'Did you mean down?'],
    [['up', '--bde', 'x'], '--bde is not an option of up', 'Did you mean --bed?'],
    [['up', '--bed'], '--bed needs a value', 'All commands'],
    [['reboot'], 'reboot takes other words', 'reboot NAME…'],
    [['exec', 'alpha'], 'exec needs a command after --', 'exec NAME -- COMMAND…'],
    [['down', '--', 'x'], 'down takes nothing after --', 'All commands'],
    [['down', 'alpha'], 'down takes other words', 'Usage:'],
    [['zzz'], '"zzz" is not a command', 'All commands'],
  ])('%j', (argv, message, remedy) => {
    expect(() => parseArgs(argv)).toThrow(
      expect.objectContaining({ code: 'USAGE', message, remedy: expect.stringContaining(remedy) as string }),
    );
  });
});

test('the nearest word is suggested only when it is near', () => {
  expect(suggest('powrecut', ['powercut', 'poweron'])).toBe('Did you mean powercut?');
  expect(suggest('kubernetes', ['up', 'ls'])).toBe('');
});

test('help shows every command and every option', () => {
  const text = helpText();
  for (const { usage, values, flags } of COMMANDS) {
    expect(text).toContain(usage);
    for (const option of [...values, ...flags]) expect(text).toContain(`--${option}`);
  }
  expect(text.split('\n').filter((line) => line.length > 130)).toEqual([]);
});
