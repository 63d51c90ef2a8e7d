import { formatDuration } from '@flotilla/kit';

const nameWidth = 16;

/** Lines of progress on stderr: on a terminal the running line is rewritten, in a pipe each line is final. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #startedMs = performance.now();

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  /** Runs one stage and prints `name  what  done 3s`, or `failed` and the error. */
  async stage<T>(name: string, body: (stage: Stage) => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    let what = '';
    const stage: Stage = {
      note: (text) => {
        what = text;
        this.#running(name, text);
      },
      detail: (text) => this.#running(name, `${what}: ${text}`),
    };
    try {
      const result = await body(stage);
      this.#final(name, what, `done ${formatSeconds(performance.now() - startedMs)}`);
      return result;
    } catch (error) {
      this.#final(name, what, 'failed');
      throw error;
    }
  }

  line(text: string): void {
    this.#out.write(`${text}\n`);
  }

  get elapsed(): string {
    return formatDuration(performance.now() - this.#startedMs);
  }

  #running(name: string, text: string): void {
    if (this.#out.isTTY) this.#out.write(`\r\x1b[2K  ${name.padEnd(nameWidth)} ${text.slice(0, 80)}`);
  }

  #final(name: string, what: string, how: string): void {
    const start = this.#out.isTTY ? '\r\x1b[2K' : '';
    this.#out.write(`${start}  ${name.padEnd(nameWidth)} ${what.padEnd(58)} ${how}\n`);
  }
}

export interface Stage {
  /** Says what this stage is about. */
  readonly note: (text: string) => void;
  /** Says where it stands; seen on a terminal only. */
  readonly detail: (text: string) => void;
}

function formatSeconds(durationMs: number): string {
  const s = durationMs / 1000;
  return s < 10
    ? `${s.toFixed(1)}s`
    : s < 120
      ? `${Math.round(s)}s`
      : `${Math.floor(s / 60)}m${String(Math.round(s % 60)).padStart(2, '0')}s`;
}
