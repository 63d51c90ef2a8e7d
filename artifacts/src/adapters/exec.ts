import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to, not instead of, the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Hears each line of both outputs as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Both outputs of a finished program, each bounded. */
export interface RunResult {
  readonly stdout: string;
}

/** Runs a program to its end; no shell. Rejects with {@link ProgramFailed} on any other end than exit 0. */
export type Run = (argv: readonly [string, ...string[]], options?: RunOptions) => Promise<RunResult>;

/** A program could not be started or ended badly; `tail` is the last of what it said. */
export class ProgramFailed extends Error {
  constructor(
    readonly program: string,
    readonly reason: string,
    readonly tail: string,
  ) {
    super(`${program}: ${reason}${tail ? `\n${tail}` : ''}`);
    this.name = 'ProgramFailed';
  }
}

const stdoutBytesMax = 16 * 1024 ** 2;
const tailLinesMax = 30;

export const run: Run = (argv, options = {}) =>
  new Promise((resolve, reject) => {
    const [program, ...args] = argv;
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const kept: string[] = [];
    const tail: string[] = [];
    let keptBytes = 0;
    const hear = (line: string): void => {
      tail.push(line);
      if (tail.length > tailLinesMax) tail.shift();
      options.onLine?.(line);
    };
    createInterface({ input: child.stdout }).on('line', (line) => {
      keptBytes += line.length + 1;
      if (keptBytes <= stdoutBytesMax) kept.push(line);
      hear(line);
    });
    createInterface({ input: child.stderr }).on('line', hear);
    child.on('error', (error) => {
      reject(options.signal?.aborted ? error : new ProgramFailed(program, error.message, ''));
    });
    child.on('close', (code, endSignal) => {
      if (code === 0) resolve({ stdout: kept.join('\n') });
      else reject(new ProgramFailed(program, endSignal ? `ended by ${endSignal}` : `exit ${code}`, tail.join('\n')));
    });
  });
