import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

import { TestbedError } from '../pure/errors.js';

/** Output beyond this is cut: a test that prints without end must not fill the memory. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const TIMEOUT_CODE = 124;

export interface RunOptions {
  /** Written to standard input, which is then closed; a number is an open file descriptor. Nothing means empty input. */
  readonly input?: string | Buffer | number;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called with each piece of output, while it is also collected. */
  readonly onOutput?: (text: string) => void;
}

export interface RunResult {
  /** Exit code; 128 + n after signal n is not known to us, so killed commands give 137; 124 when the time was up. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/**
 * Runs a command to its end; a code other than 0 is a result, not an error.
 * @throws TestbedError COMMAND_MISSING when it cannot be started
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [file = '', ...args] = argv;
  const { input, timeoutMs } = options;
  // Its own process group: at the end of the time everything it started is killed with it.
  const child = spawn(file, args, {
    detached: true,
    stdio: [typeof input === 'number' ? input : input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  return new Promise<RunResult>((resolve, reject) => {
    const stdout = collect(child, 'stdout', options.onOutput);
    const stderr = collect(child, 'stderr', options.onOutput);
    let done = false;
    const finish = (code: number, timedOut: boolean): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      resolve({ code, stdout: stdout(), stderr: stderr(), timedOut });
    };
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            killGroup(child);
            // A frozen process dies only when it is thawed: do not wait for it.
            finish(TIMEOUT_CODE, true);
          }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new TestbedError('COMMAND_MISSING', `cannot start ${file}: ${error.message}`));
    });
    child.on('close', (code) => {
      finish(code ?? 137, false);
    });
    if (child.stdin !== null && typeof input !== 'number') {
      // The command may end before it has read everything; its exit code tells that story.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    }
  });
}

/** Like {@link run}, but any code other than 0 is an error. Gives standard output. */
export async function runOk(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(argv, options);
  if (result.code === 0) return result.stdout;
  const why = result.timedOut ? `no end after ${String(options.timeoutMs)} ms` : `exit code ${String(result.code)}`;
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-5).join('\n');
  throw new TestbedError('COMMAND_FAILED', `${argv.join(' ')}: ${why}${said === '' ? '' : `: ${said}`}`);
}

/** Starts a command and hands it over: the caller owns its streams and its end. */
export function start(argv: readonly string[], options: SpawnOptions): ChildProcess {
  const [file = '', ...args] = argv;
  return spawn(file, args, options);
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr', onOutput?: (text: string) => void): () => string {
  const parts: Buffer[] = [];
  let size = 0;
  child[stream]?.on('data', (part: Buffer) => {
    if (size < MAX_OUTPUT_BYTES) parts.push(part);
    size += part.length;
    onOutput?.(part.toString('utf8'));
  });
  return () => Buffer.concat(parts).toString('utf8');
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Already gone, which is what was wanted.
  }
}
