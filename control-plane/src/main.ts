import { toFlotillaError } from '@flotilla/kit';
import { processFacts, setExitCode, writeError } from './adapters/process.js';
import { runProgram } from './commands/program.js';

// Every problem ends as a sentence, its cure, and an exit code.
try {
  setExitCode(await runProgram(processFacts(), process.env, new URL('./store-worker.mjs', import.meta.url)));
} catch (thrown) {
  const error = toFlotillaError(thrown);
  writeError(`${error.code}: ${error.message}\n${error.remedy === '' ? '' : `${error.remedy}\n`}`);
  setExitCode(error.kind === 'invalid-argument' ? 2 : 1);
}
