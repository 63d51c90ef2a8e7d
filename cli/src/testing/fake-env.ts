import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type Clock, reasonOf, seededRandom, systemClock, systemRandom } from '@flotilla/kit';
import type { Env, Output } from '../env.js';
import { nodeFiles } from '../files.js';
import { run, type ExitCode } from '../run.js';

/** Tuesday; everything relative is told from here. */
export const fakeNowMs = Date.parse('2026-03-03T12:00:00Z');

/** A time so many seconds before {@link fakeNowMs}. */
export function ago(seconds: number): Date {
  return new Date(fakeNowMs - seconds * 1000);
}

/** Remembers what was written; tells whoever waits for a text. */
export class FakeOutput implements Output {
  text = '';
  columns = 100;
  rows = 40;
  private waiting: { pattern: RegExp; resolve: () => void }[] = [];

  constructor(public isTTY = false) {}

  write(text: string): void {
    this.text += text;
    this.waiting = this.waiting.filter(({ pattern, resolve }) => {
      const found = pattern.test(this.text);
      if (found) resolve();
      return !found;
    });
  }

  /** Resolves as soon as the text so far matches. */
  shows(pattern: RegExp): Promise<void> {
    if (pattern.test(this.text)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ pattern, resolve }));
  }
}

/** The wall stands still, so that ages are exact; waiting is real but never long. */
export class FakeClock implements Clock {
  wallMs = fakeNowMs;
  private readonly monotonicStartMs = systemClock.now().monotonicMs;

  now(): { wallMs: number; monotonicMs: number } {
    return { wallMs: this.wallMs, monotonicMs: systemClock.now().monotonicMs - this.monotonicStartMs };
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    return systemClock.sleep(Math.min(durationMs, 20), signal);
  }
}

export interface FakeTerminal {
  readonly env: Env;
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  readonly clock: FakeClock;
  readonly home: string;
  readonly vars: Record<string, string | undefined>;
  readonly interrupt: AbortController;
  /** What the next question is answered. */
  answer: string | undefined;
  /** What standing input holds. */
  input: string;
  /** Whether there is somebody to ask. */
  stdinIsTTY: boolean;
  /** What runs in place of an editor. */
  editor: (argv: readonly string[]) => Promise<number>;
  /** Runs `flotilla …`; what is written is kept in `stdout` and `stderr`, emptied before. */
  flotilla(...argv: string[]): Promise<ExitCode>;
}

const homes = new Set<string>();

// In the runner of every file that opens a terminal.
afterAll(async () => {
  for (const home of homes) await rm(home, { recursive: true, force: true });
});

/** A terminal with an empty home of its own, removed at the end of the test file. */
export async function fakeTerminal(): Promise<FakeTerminal> {
  const home = await mkdtemp(join(tmpdir(), 'flotilla-cli-'));
  homes.add(home);
  const stdout = new FakeOutput();
  const stderr = new FakeOutput();
  const clock = new FakeClock();
  const interrupt = new AbortController();
  const vars: Record<string, string | undefined> = {};
  const terminal: FakeTerminal = {
    stdout,
    stderr,
    clock,
    home,
    vars,
    interrupt,
    answer: undefined,
    input: '',
    stdinIsTTY: false,
    editor: () => Promise.resolve(0),
    env: {
      stdin: {
        get isTTY() {
          return terminal.stdinIsTTY;
        },
        readLine: () => Promise.resolve(terminal.answer),
        readAll: () => Promise.resolve(terminal.input),
      },
      stdout,
      stderr,
      vars,
      homeDir: home,
      workDir: home,
      tempDir: join(home, 'tmp'),
      clock,
      random: seededRandom(1),
      files: nodeFiles(systemClock, systemRandom),
      runOnTerminal: (argv) => terminal.editor(argv),
      signal: interrupt.signal,
    },
    flotilla: (...argv) => {
      stdout.text = '';
      stderr.text = '';
      return run(argv, terminal.env);
    },
  };
  return terminal;
}
