import { FlotillaError, suggestion, toFlotillaError } from '@flotilla/kit';
import { factsOf, loadNamedText } from './adapters/disk.js';
import { processFacts, setExitCode, stopSignal, writeError, writeOut, type ProcessFacts } from './adapters/process.js';
import { artifactsCommand, artifactsHelp } from './commands/artifacts.js';
import { restoreCommand } from './commands/restore.js';
import { runCommand } from './commands/run.js';
import { settingsHelp } from './config/help.js';
import { loadConfig } from './config/load.js';
import type { Config } from './config/settings.js';
import { version } from './version.js';

const defaultFile = '/etc/flotilla/server.yaml';
const configBytesMax = 1024 * 1024;

const help = `Usage: flotilla-server <command> [settings]

  run            serve until stopped (SIGTERM)
  check-config   read all settings, report every problem, start nothing
  restore        make a data directory of another host this host's own
  artifacts      the mirror of what nodes need: sync, list, verify, export, import, gc
  version        print the version

More: flotilla-server <command> --help
`;

type Command = (args: readonly string[], facts: ProcessFacts) => Promise<number>;

const commands: Readonly<Record<string, { readonly help: string; readonly run: Command }>> = {
  run: {
    help: `Usage: flotilla-server run [settings]\n\nServes until stopped.\n\n${settingsHelp()}`,
    run: async (args, facts) => {
      await runCommand(await readConfig(args, facts), new URL('./store-worker.mjs', import.meta.url));
      return 0;
    },
  },
  'check-config': {
    help: `Usage: flotilla-server check-config [settings]\n\nReports every problem at once; exit code 2 when there is one.\n\n${settingsHelp()}`,
    run: async (args, facts) => {
      const config = await readConfig(args, facts);
      writeOut(`The configuration is good: ${config.publicUrl}, data in ${config.dataDir}.\n`);
      return 0;
    },
  },
  restore: {
    help: `Usage: flotilla-server restore --take-over [settings]\n\nFor a data directory that was copied from another host: this host becomes its owner, and agents obey\nit rather than whatever ran before. Only when the other server is stopped for good.\n\n${settingsHelp()}`,
    run: async (args, facts) => {
      const config = await readConfig(
        args.filter((arg) => arg !== '--take-over'),
        facts,
      );
      const worker = new URL('./store-worker.mjs', import.meta.url);
      const epoch = await restoreCommand(config, args.includes('--take-over'), worker);
      writeOut(`${config.dataDir} is this host's now, epoch ${epoch}. Start it: flotilla-server run\n`);
      return 0;
    },
  },
  artifacts: { help: `${artifactsHelp}\n${settingsHelp()}`, run: artifacts },
  version: {
    help: 'Usage: flotilla-server version\n',
    run: async () => {
      writeOut(`flotilla-server ${version}\n`);
      return 0;
    },
  },
};

/** Runs one command; every problem ends as a sentence, its cure, and an exit code. */
async function main(facts: ProcessFacts): Promise<number> {
  const [name = '', ...args] = facts.args;
  if (name === '--version') return commands['version']?.run([], facts) ?? 1;
  if (name === '' || name === 'help' || name === '--help' || name === '-h') {
    (name === '' ? writeError : writeOut)(help);
    return name === '' ? 2 : 0;
  }
  const command = commands[name];
  if (command === undefined) {
    const near = suggestion(name, Object.keys(commands));
    throw usage(`${name} is not a command.${near === undefined ? '' : ` Did you mean ${near}?`}`);
  }
  if (args.includes('--help') || args.includes('-h')) {
    writeOut(command.help);
    return 0;
  }
  return command.run(args, facts);
}

async function artifacts(args: readonly string[], facts: ProcessFacts): Promise<number> {
  const own = new Map<string, string>();
  const words: string[] = [];
  const settings: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--file' || arg === '--arch') own.set(arg, args[(i += 1)] ?? '');
    else if (!arg.startsWith('--')) words.push(arg);
    else if (arg.includes('=')) settings.push(arg);
    else settings.push(arg, args[(i += 1)] ?? '');
  }
  const config = await readConfig(settings, facts);
  const [verb = '', chosen] = words;
  const options = { version: chosen, file: own.get('--file'), arch: own.get('--arch') };
  return artifactsCommand(verb, options, config, stopSignal());
}

function readConfig(args: readonly string[], facts: ProcessFacts): Promise<Config> {
  return loadConfig({
    flags: args,
    env: process.env,
    loadFile: (path) => loadNamedText(path, configBytesMax),
    defaultFile: { path: defaultFile, exists: async () => (await factsOf(defaultFile)) !== undefined },
    host: { name: facts.hostName, bundleDir: facts.bundleDir, workDir: facts.workDir },
  });
}

function usage(problem: string): FlotillaError {
  return new FlotillaError('USAGE', problem, { kind: 'invalid-argument', remedy: 'See: flotilla-server --help' });
}

try {
  setExitCode(await main(processFacts()));
} catch (thrown) {
  const error = toFlotillaError(thrown);
  writeError(`${error.code}: ${error.message}\n${error.remedy === '' ? '' : `${error.remedy}\n`}`);
  setExitCode(error.kind === 'invalid-argument' ? 2 : 1);
}
