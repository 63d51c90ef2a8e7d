import { closeSync, constants, openSync, readSync } from 'node:fs';
import { systemCode } from '@flotilla/kit';
import type { KernelRecord } from './host.js';

const recordBytesMax = 8192;
const recordsMax = 1000;

/**
 * Reads /dev/kmsg: memory of the kernel, one record a read, never waiting. It is opened once; what was read before is
 * not read again.
 */
export class KernelLog {
  #file: number | undefined;
  readonly #buffer = Buffer.allocUnsafeSlow(recordBytesMax);

  constructor(private readonly path = '/dev/kmsg') {}

  /** Records after this sequence; undefined when the log may not be read here. */
  read(afterSequence: number): readonly KernelRecord[] | undefined {
    const records: KernelRecord[] = [];
    try {
      this.#file ??= openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
      while (records.length < recordsMax) {
        const text = this.#next(this.#file);
        if (text === '') return records;
        const record = text === undefined ? undefined : parseKernelRecord(text);
        if (record !== undefined && record.sequence > afterSequence) records.push(record);
      }
      return records;
    } catch {
      this.close();
      return undefined;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** Empty when there is no more; undefined when a record was overwritten before it could be read. */
  #next(file: number): string | undefined {
    try {
      return this.#buffer.toString('utf8', 0, readSync(file, this.#buffer, 0, recordBytesMax, null));
    } catch (error) {
      if (systemCode(error) === 'EAGAIN') return '';
      if (systemCode(error) === 'EPIPE') return undefined;
      throw error;
    }
  }
}

/** `priority,sequence,microseconds,flags;text`, and lines of key=value that do not matter here. */
export function parseKernelRecord(text: string): KernelRecord | undefined {
  const match = /^\d+,(\d+),(\d+),[^;]*;(.*)/.exec(text);
  if (match === null) return undefined;
  return { sequence: Number(match[1]), atMs: Number(match[2]) / 1000, text: match[3] ?? '' };
}
