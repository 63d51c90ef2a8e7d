export { run, type ExitCode } from './run.js';
export type { Env, Input, Output } from './env.js';
export { nodeFiles, type Files } from './files.js';
