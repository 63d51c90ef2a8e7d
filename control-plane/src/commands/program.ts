import { suggestion } from '@flotilla/kit';
import { factsOf, loadNamedText } from '../adapters/disk.js';
import { stopSignal, writeError, writeOut, type ProcessFacts } from '../adapters/process.js';
import { settingsHelp } from '../config/help.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/settings.js';
import { version } from '../version.js';
import { artifactsCommand, artifactsVerbs } from './artifacts.js';
import { restoreCommand } from './restore.js';
import { runCommand } from './run.js';
import { helpOf, overview, parseWords, usage, type CommandInfo, type Words } from './usage.js';

const defaultFile = '/etc/flotilla/server.yaml';
const configBytesMax = 1024 * 1024;

interface Given {
  readonly words: Words;
  readonly config: () => Promise<Config>;
  /** The bundled writer of the store. */
  readonly workerFile: URL;
}

interface Command extends CommandInfo {
  readonly run: (given: Given) => Promise<number>;
}

/** Every command there is; help and parsing are made from it. */
export const commands: Readonly<Record<string, Command>> = {
  run: {
    summary: 'serve until stopped (SIGTERM)',
    text: 'Serves until stopped.',
    settings: true,
    run: async ({ config, workerFile }) => {
      await runCommand(await config(), workerFile);
      return 0;
    },
  },
  'check-config': {
    summary: 'read all settings, report every problem, start nothing',
    text: 'Reports every problem at once; exit code 2 when there is one.',
    settings: true,
    run: async ({ config }) => {
      const { publicUrl, dataDir } = await config();
      writeOut(`The configuration is good: ${publicUrl}, data in ${dataDir}.\n`);
      return 0;
    },
  },
  restore: {
    summary: "make a data directory of another host this host's own",
    text: 'For a data directory that was copied from another host: this host becomes its owner, and agents obey\nit rather than whatever ran before. Only when the other server is stopped for good.',
    flags: [{ name: 'take-over', help: 'yes, the other server is stopped for good' }],
    settings: true,
    run: async ({ words, config, workerFile }) => {
      const settings = await config();
      const epoch = await restoreCommand(settings, words.flags.has('take-over'), workerFile);
      writeOut(`${settings.dataDir} is this host's now, epoch ${epoch}. Start it: flotilla-server run\n`);
      return 0;
    },
  },
  artifacts: {
    summary: 'the mirror of what nodes need: sync, list, verify, export, import, gc, pin-cni',
    text: 'Works on the mirror of this host (artifactsDir), also while the server runs; no API key needed.',
    verbs: artifactsVerbs,
    settings: true,
    run: async ({ words, config }) => artifactsCommand(words, await config(), stopSignal()),
  },
  version: {
    summary: 'print the version',
    text: 'Prints the version.',
    run: async () => {
      writeOut(`flotilla-server ${version}\n`);
      return 0;
    },
  },
};

/** Runs one command and gives its exit code. Throws what went wrong as a FlotillaError. */
export async function runProgram(
  facts: ProcessFacts,
  env: Readonly<Record<string, string | undefined>>,
  workerFile: URL,
): Promise<number> {
  const [name = '', ...args] = facts.args;
  if (name === '' || ['help', '--help', '-h'].includes(name)) {
    (name === '' ? writeError : writeOut)(overview(commands));
    return name === '' ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name === '--version' ? 'version' : name)
    ? commands[name === '--version' ? 'version' : name]
    : undefined;
  if (command === undefined) {
    const near = suggestion(name, Object.keys(commands));
    throw usage(`${name} is not a command.${near === undefined ? '' : ` Did you mean ${near}?`}`);
  }
  if (args.includes('--help') || args.includes('-h')) {
    writeOut(helpOf(name, command, settingsHelp()));
    return 0;
  }
  const words = parseWords(command, args);
  if (command.settings !== true && words.rest.length > 0) throw usage(`${name} takes no ${words.rest[0] ?? ''}.`);
  if (command.verbs === undefined && words.plain.length > 0) throw usage(`${name} takes no ${words.plain[0] ?? ''}.`);
  return command.run({ words, config: () => readConfig(words.rest, facts, env), workerFile });
}

function readConfig(
  flags: readonly string[],
  facts: ProcessFacts,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  return loadConfig({
    flags,
    env,
    loadFile: (path) => loadNamedText(path, configBytesMax),
    defaultFile: { path: defaultFile, exists: async () => (await factsOf(defaultFile)) !== undefined },
    host: { name: facts.hostName, bundleDir: facts.bundleDir, workDir: facts.workDir },
  });
}
