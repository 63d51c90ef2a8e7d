import { helpText, parseArgs } from './cli/args.js';
import { runCommand } from './cli/commands.js';
import { messageOf, TestbedError } from './pure/errors.js';

const USAGE_EXIT_CODE = 2;

async function main(argv: readonly string[]): Promise<number> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    const args = parseArgs(argv);
    if (args === 'help') {
      process.stdout.write(helpText());
      return 0;
    }
    return await runCommand(args, { progress, data: (text) => void process.stdout.write(text) });
  } catch (error) {
    progress(messageOf(error));
    if (error instanceof TestbedError && error.remedy !== '') progress(error.remedy);
    return error instanceof TestbedError && error.code === 'USAGE' ? USAGE_EXIT_CODE : 1;
  }
}

// The exit code is set and not forced: what was written to a pipe must still arrive.
process.exitCode = await main(process.argv.slice(2));
