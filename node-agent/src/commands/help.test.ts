import { describe, expect, it } from 'vitest';
import { parseArgs } from './args.js';
import { commandHelp, generalHelp } from './dispatch.js';
import { commands } from './registry.js';

/** Commands that the help names: two spaces, a word, what it does. */
function namedCommands(help: string): readonly string[] {
  return [...help.matchAll(/^ {2}([a-z][a-z-]*) {2,}\S/gm)].map(([, name]) => name ?? '');
}

interface NamedFlag {
  readonly short: string | undefined;
  readonly name: string;
  readonly value: string | undefined;
}

function namedFlags(help: string): readonly NamedFlag[] {
  return [...help.matchAll(/^ {2}(?:-([a-z]), | {4})--([a-z-]+)(?: (\S+))? {2,}\S/gm)].map(
    ([, short, name, value]) => ({
      short,
      name: name ?? '',
      value,
    }),
  );
}

const shown = commands.filter(({ hidden }) => hidden !== true);

describe('what the help names', () => {
  it('every command that is named exists, and every one that exists is named', () => {
    expect(namedCommands(generalHelp(commands))).toEqual(shown.map(({ name }) => name));
    // Started by systemd, not by people.
    expect(commands.filter(({ hidden }) => hidden === true).map(({ name }) => name)).toEqual(['run']);
  });

  it.each(shown.map((command) => [command.name, command] as const))(
    '%s parses every flag that its help names, and names every flag that it parses',
    (_name, command) => {
      const flags = namedFlags(commandHelp(command)).filter(({ name }) => name !== 'help');
      for (const { short, name, value } of flags) {
        const words = value === undefined ? [`--${name}`] : [`--${name}`, 'x'];
        expect(parseArgs(words, command.flags, command.name).flags.has(name), name).toBe(true);
        if (short === undefined) continue;
        const brief = value === undefined ? [`-${short}`] : [`-${short}`, 'x'];
        expect(parseArgs(brief, command.flags, command.name).flags.has(name), short).toBe(true);
      }
      expect(flags.map(({ name }) => name)).toEqual(command.flags.map(({ name }) => name));
    },
  );

  it('the help of each command is asked for as it says', () => {
    expect(generalHelp(commands)).toContain('flotilla-agent COMMAND --help');
    for (const command of shown) expect(namedFlags(commandHelp(command)).map(({ name }) => name)).toContain('help');
  });
});
