import { FlotillaError, suggestion, toFlotillaError } from '@flotilla/kit';
import { flagsHelp, parseArgs, type FlagSpec } from './args.js';
import { exitCodes, type Command, type CommandPorts } from './command.js';

const helpFlag: FlagSpec = { name: 'help', short: 'h', help: 'print this' };

export function generalHelp(commands: readonly Command[]): string {
  const shown = commands.filter(({ hidden }) => hidden !== true);
  const rows = shown.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}\n`).join('');
  return `flotilla-agent makes this machine a Kubernetes node of a Flotilla.\n\nUsage: flotilla-agent COMMAND [FLAGS]\n\n${rows}\nHelp for one: flotilla-agent COMMAND --help\n`;
}

export function commandHelp(command: Command): string {
  const about = command.about === '' ? '' : `\n${command.about}\n`;
  return `flotilla-agent ${command.name}: ${command.summary}\n${about}\nUsage: flotilla-agent ${command.name} [FLAGS]\n\n${flagsHelp([...command.flags, helpFlag])}`;
}

/** Finds the command, parses its flags, runs it; every error is told with its cure. Returns the exit code. */
export async function dispatch(
  args: readonly string[],
  commands: readonly Command[],
  ports: CommandPorts,
): Promise<number> {
  try {
    const [name = '', ...rest] = args;
    if (['help', '--help', '-h'].includes(name)) {
      ports.print(generalHelp(commands));
      return exitCodes.done;
    }
    const command = findCommand(name === '--version' ? 'version' : name, commands);
    const parsed = parseArgs(rest, [...command.flags, helpFlag], command.name);
    if (parsed.flags.has('help')) {
      ports.print(commandHelp(command));
      return exitCodes.done;
    }
    const [extra] = parsed.rest;
    if (extra !== undefined) {
      throw new FlotillaError('USAGE', `${command.name} takes no ${JSON.stringify(extra)}`, {
        remedy: `See: flotilla-agent ${command.name} --help`,
      });
    }
    return await command.run(parsed, ports);
  } catch (error) {
    const { code, message, remedy } = toFlotillaError(error);
    ports.tell(
      `flotilla-agent: ${code === 'USAGE' ? '' : `${code}: `}${message}\n${remedy === '' ? '' : `  ${remedy}\n`}`,
    );
    return code === 'USAGE' ? exitCodes.usage : exitCodes.failed;
  }
}

function findCommand(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = commands.filter(({ hidden }) => hidden !== true).map((command) => command.name);
  const near = name === '' ? undefined : suggestion(name, names);
  throw new FlotillaError('USAGE', name === '' ? 'which command?' : `there is no command ${JSON.stringify(name)}`, {
    remedy: near === undefined ? `Commands: ${names.join(', ')}. See: flotilla-agent --help` : `Did you mean ${near}?`,
  });
}
