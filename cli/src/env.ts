import type { Clock, Random } from '@flotilla/kit';
import type { Files } from './files.js';

/** Where text goes. `columns` and `rows` are those of the terminal; 100 and 0 when it is none. */
export interface Output {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

/** Where answers and files on "-" come from. */
export interface Input {
  readonly isTTY: boolean;
  /** One line without its end; undefined when the input ended first. */
  readLine(signal: AbortSignal): Promise<string | undefined>;
  /** Everything up to `sizeBytesMax`; more is refused. */
  readAll(sizeBytesMax: number): Promise<string>;
}

/** All that a command may know of the world outside; tests give their own. */
export interface Env {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly vars: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly workDir: string;
  /** Where files that nobody else shall see stand for a while, each in a folder of its own (0700). */
  readonly tempDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  /** Runs a program that takes the terminal over, such as an editor; gives its exit code. */
  readonly runOnTerminal: (argv: readonly string[]) => Promise<number>;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
}
