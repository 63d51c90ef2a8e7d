import { FlotillaError } from '@flotilla/kit';
import { describe, expect, it, vi } from 'vitest';
import type { ProcessFacts } from '../adapters/process.js';
import { settingsHelp } from '../config/help.js';
import { flagOf, loadConfig, variableOf } from '../config/load.js';
import { settings } from '../config/settings.js';
import { commands, runProgram } from './program.js';
import { flagsOf, helpOf, overview, parseWords } from './usage.js';

const host = { name: 'host1', bundleDir: '/opt/x', workDir: '/tmp' };
const facts = (args: string[]): ProcessFacts => ({ args, hostName: 'host1', bundleDir: '/opt/x', workDir: '/tmp' });
const worker = new URL('file:///nowhere.mjs');

/** What the program writes, and its exit code or error. */
async function run(...args: string[]): Promise<{ code: number | string; out: string }> {
  const lines: string[] = [];
  const take = (text: unknown): boolean => lines.push(String(text)) > 0;
  const spies = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
  for (const spy of spies) spy.mockImplementation(take);
  try {
    const code = await runProgram(facts(args), {}, worker).catch((error: unknown) =>
      error instanceof FlotillaError ? `${error.code}: ${error.message}` : String(error),
    );
    return { code, out: lines.join('') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** A good value of each setting, other than its default. */
const samples: Readonly<Record<string, string>> = {
  listen: '127.0.0.1:8443',
  publicUrl: 'https://fleet.example.org',
  serverNames: 'alias.example.org',
  artifactsSource: 'build',
  logLevel: 'debug',
  heartbeatInterval: '7s',
};
const sampleOf = (key: string): string => samples[key] ?? (/Dir$/.test(key) ? '/srv/sample' : '1234');

describe('the help of flotilla-server', () => {
  it.each(Object.keys(commands))('names %s, and tells about it without doing it', async (name) => {
    expect((await run('--help')).out).toMatch(new RegExp(`^ {2}${name} +\\S`, 'm'));
    for (const flag of ['--help', '-h']) {
      const { code, out } = await run(name, flag);
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`^Usage: flotilla-server ${name}`));
    }
  });

  it('names nothing that is not there', async () => {
    const named = [...overview(commands).matchAll(/^ {2}(\S+) {2,}/gm)].map(([, name = '']) => name);
    expect(named.sort()).toEqual(Object.keys(commands).sort());
    for (const [name, command] of Object.entries(commands)) {
      const flags = [...helpOf(name, command, settingsHelp()).matchAll(/^ {2}--([a-z0-9-]+)/gm)].map(
        ([, flag = '']) => flag,
      );
      const known = [...flagsOf(command).map((flag) => flag.name)];
      if (command.settings === true) known.push('config', ...settings.map(({ key }) => flagOf(key)));
      expect(flags.sort(), name).toEqual(known.sort());
    }
  });

  it.each(Object.entries(commands).flatMap(([name, command]) => flagsOf(command).map((flag) => [name, flag] as const)))(
    'names a flag of %s that is parsed: %j',
    (name, flag) => {
      const command = commands[name];
      if (command === undefined) throw new Error('no command');
      const given = flag.value === undefined ? [`--${flag.name}`] : [`--${flag.name}`, 'x'];
      expect(parseWords(command, [...given, '--listen', 'y', 'word'])).toEqual({
        plain: ['word'],
        flags: new Map([[flag.name, flag.value === undefined ? '' : 'x']]),
        rest: ['--listen', 'y'],
      });
      expect(() => parseWords(command, [...given, ...given])).toThrow('is given twice');
      if (flag.value !== undefined) expect(() => parseWords(command, [`--${flag.name}`])).toThrow('needs');
    },
  );

  it.each(settings.map(({ key }) => key))(
    'names the setting %s, which works as flag, line of a file and variable',
    async (key) => {
      const help = settingsHelp();
      expect(help).toContain(`--${flagOf(key)} `);
      const value = sampleOf(key);
      const load = (over: { flags?: string[]; env?: Record<string, string>; file?: string }) =>
        loadConfig({
          flags: [...(over.flags ?? []), ...(over.file === undefined ? [] : ['--config', 'a.yaml'])],
          env: over.env ?? {},
          loadFile: async () => over.file ?? '',
          host,
        });
      const byFlag = await load({ flags: [`--${flagOf(key)}`, value] });
      // It says something: the configuration without it is another.
      expect(byFlag).not.toEqual(await load({}));
      expect(await load({ file: `${key}: ${JSON.stringify(value)}\n` })).toEqual(byFlag);
      expect(await load({ env: { [variableOf(key)]: value } })).toEqual(byFlag);
    },
  );
});

describe('flotilla-server', () => {
  it.each([
    [[], 2, 'Usage: flotilla-server'],
    [['version'], 0, 'flotilla-server '],
    [['--version'], 0, 'flotilla-server '],
    [['rnu'], 'USAGE: rnu is not a command. Did you mean run?', ''],
    [['constructor'], 'USAGE: constructor is not a command.', ''],
    [['version', '--listen', 'x'], 'USAGE: version takes no --listen.', ''],
    [['restore'], 'CONSENT_NEEDED: restore makes this host the owner of /var/lib/flotilla.', ''],
    [['artifacts'], 'USAGE: A verb is missing.', ''],
    [['artifacts', 'snyc'], 'USAGE: snyc is not a verb of artifacts.', ''],
    [['artifacts', 'list', '--file', 'x'], 'USAGE: artifacts list takes no --file.', ''],
    [['artifacts', 'list', 'x'], 'USAGE: artifacts list takes no x.', ''],
    [['artifacts', 'sync', '--arch', 'riscv'], 'USAGE: The version is missing.', ''],
    [['artifacts', 'sync', 'v1.34.4', '--arch', 'riscv'], 'USAGE: --arch must be one of amd64, arm64.', ''],
    [['artifacts', 'export', 'v1.34.4'], 'USAGE: --file is missing.', ''],
    [['artifacts', 'import'], 'USAGE: --file is missing.', ''],
    [['artifacts', 'pin-cni', 'calico'], 'USAGE: The version is missing.', ''],
    [['artifacts', 'list', '--artifacts-dir', '/nonexistent/mirror'], 0, ''],
  ])('%j', async (args, code, out) => {
    const seen = await run(...args);
    expect(seen.code).toBe(code);
    expect(seen.out).toContain(out);
  });

  it('reports wrong settings before it does anything', async () => {
    const { code } = await run('check-config', '--listn', 'x');
    expect(code).toContain('Did you mean --listen?');
    expect((await run('check-config', '--listen', '127.0.0.1:7440')).out).toContain('The configuration is good');
  });
});
