import { spawn } from 'node:child_process';
import { systemClock } from '@flotilla/kit';
import type { Argv, RunOptions, RunResult } from './host.js';

const outputBytesMax = 64 * 1024;
const lineBytesMax = 4096;
const drainMs = 200;
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Keeps the last 64 KiB and hands complete lines on. */
class Output {
  #text = '';
  #line = '';
  constructor(private readonly onLine: ((line: string) => void) | undefined) {}

  take(chunk: string): void {
    this.#text = (this.#text + chunk).slice(-outputBytesMax);
    if (this.onLine === undefined) return;
    const lines = (this.#line + chunk).split('\n');
    this.#line = (lines.pop() ?? '').slice(0, lineBytesMax);
    for (const line of lines) this.onLine(line.slice(0, lineBytesMax));
  }

  get text(): string {
    return this.#text;
  }
}

/**
 * Runs a program in a process group of its own and kills the whole group at the deadline or when aborted, so that a
 * hung kubeadm leaves no children behind. Never rejects: what went wrong is in the result.
 */
export function runProgram(argv: Argv, options: RunOptions): Promise<RunResult> {
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    const stdout = new Output(options.onLine);
    const stderr = new Output(options.onLine);
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
      env: { PATH: searchPath, LANG: 'C.UTF-8', HOME: '/root', ...options.env },
    });
    let timedOut = false;
    let settled = false;
    const killGroup = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group has just ended by itself.
      }
    };
    const over = new AbortController();
    const after = (durationMs: number, act: () => void): void => {
      systemClock.sleep(durationMs, over.signal).then(act, () => undefined);
    };
    after(options.timeoutMs, () => {
      timedOut = true;
      killGroup();
    });
    options.signal?.addEventListener('abort', killGroup, { once: true });
    if (options.signal?.aborted) killGroup();
    const finish = (exitCode: number, note: string): void => {
      if (settled) return;
      settled = true;
      over.abort();
      options.signal?.removeEventListener('abort', killGroup);
      // A daemon that inherited the pipe must not keep us waiting or reading.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ exitCode, stdout: stdout.text, stderr: stderr.text + note, timedOut });
    };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => stdout.take(chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => stderr.take(chunk));
    child.on('error', (error) => finish(127, error.message));
    child.on('exit', (code, signal) => {
      // Let what is already in the pipes arrive, without waiting for a grandchild that holds them open.
      const exitCode = code ?? (signal === null ? 1 : 137);
      after(drainMs, () => finish(exitCode, ''));
      child.on('close', () => finish(exitCode, ''));
    });
  });
}
