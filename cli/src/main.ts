import { homedir, tmpdir } from 'node:os';
import { systemClock, systemRandom } from '@flotilla/kit';
import { nodeFiles } from './files.js';
import { run } from './run.js';
import { inputOf, outputOf, runOnTerminal } from './terminal.js';

/** The process: its streams, its environment, Ctrl-C. Everything else is in {@link run}. */
async function main(): Promise<void> {
  const interrupt = new AbortController();
  let guests = 0;
  const stop = (): void => {
    // Ctrl-C in an editor is meant for the editor.
    if (guests > 0) return;
    // The second time means now.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort(new Error('interrupted'));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.exitCode = await run(process.argv.slice(2), {
    stdin: inputOf(() => process.stdin),
    stdout: outputOf(process.stdout, stop),
    stderr: outputOf(process.stderr, stop),
    vars: process.env,
    homeDir: homedir(),
    workDir: process.cwd(),
    tempDir: tmpdir(),
    clock: systemClock,
    random: systemRandom,
    files: nodeFiles(systemClock, systemRandom),
    runOnTerminal: async (argv) => {
      guests++;
      try {
        return await runOnTerminal(argv);
      } finally {
        guests--;
      }
    },
    signal: interrupt.signal,
  });
}

void main();
