import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { FlotillaError, reasonOf } from '@flotilla/kit';
import type { Input, Output } from './env.js';

const columnsElsewhere = 100;

/** A stream of the process as a place for text. A reader that went away (`| head`) ends us quietly through `onClosed`. */
export function outputOf(stream: WriteStream, onClosed: () => void): Output {
  stream.on('error', onClosed);
  return {
    get isTTY() {
      return Boolean(stream.isTTY);
    },
    get columns() {
      return stream.isTTY ? stream.columns : columnsElsewhere;
    },
    get rows() {
      return stream.isTTY ? stream.rows : 0;
    },
    write: (text) => void stream.write(text),
  };
}

/** Standard input, touched only when it is needed. */
export function inputOf(open: () => ReadStream): Input {
  return {
    get isTTY() {
      return Boolean(open().isTTY);
    },
    readLine: (signal) => readLine(open(), signal),
    readAll: async (sizeBytesMax) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      for await (const chunk of open()) {
        const bytes = Buffer.from(chunk as Uint8Array);
        sizeBytes += bytes.length;
        if (sizeBytes > sizeBytesMax) {
          throw new FlotillaError('INPUT_TOO_LARGE', `standard input has more than ${sizeBytesMax} bytes`, {
            kind: 'invalid-argument',
          });
        }
        chunks.push(bytes);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

function readLine(stream: ReadStream, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stream });
    const onAbort = (): void => {
      // First: closing ends the lines at once, as the end of the input does.
      reject(reasonOf(signal));
      lines.close();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(undefined);
    });
  });
}

/** Runs a program on our own terminal until it ends; no shell in between. Gives its exit code, 1 when a signal ended it. */
export function runOnTerminal([program = '', ...words]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'inherit' });
    child.once('error', (error) =>
      reject(
        new FlotillaError('PROGRAM_NOT_RUN', `${program} could not be started: ${error.message}`, {
          kind: 'precondition',
        }),
      ),
    );
    child.once('close', (code) => resolve(code ?? 1));
  });
}
