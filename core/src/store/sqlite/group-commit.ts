import { FlotillaError } from '@flotilla/kit';
import { batchMax, type BatchWriter, type CommitRequest, type CommitResult } from './batch-writer.js';

/** Requests that wait for the disk; beyond it a caller is told to come back. */
export const pendingMax = 4096;

export type WriterReply = { readonly id: number; readonly result: CommitResult };

/**
 * Gathers what arrives while the disk is busy into the next batch. Nothing waits on purpose: a lone request is written at
 * once, and a crowd shares one fsync.
 */
export class GroupCommit {
  readonly #writer: BatchWriter;
  readonly #reply: (replies: readonly WriterReply[]) => void;
  #pending: { readonly id: number; readonly request: CommitRequest }[] = [];
  #scheduled = false;

  constructor(writer: BatchWriter, reply: (replies: readonly WriterReply[]) => void) {
    this.#writer = writer;
    this.#reply = reply;
  }

  add(id: number, request: CommitRequest): void {
    if (this.#pending.length >= pendingMax) {
      const error = new FlotillaError('STORE_BUSY', `${pendingMax} writes already wait for the disk`, {
        kind: 'exhausted',
        retry: 'later',
        remedy: 'Check the speed of the disk that holds the data directory.',
      });
      this.#reply([{ id, result: { ok: false, error } }]);
      return;
    }
    this.#pending.push({ id, request });
    this.#schedule();
  }

  /** Writes everything that waits, now. */
  flush(): void {
    while (this.#pending.length > 0) {
      const batch = this.#pending.slice(0, batchMax);
      this.#pending = this.#pending.slice(batchMax);
      const results = this.#writer.commitAll(batch.map((b) => b.request));
      this.#reply(batch.flatMap(({ id }, i) => (results[i] === undefined ? [] : [{ id, result: results[i] }])));
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
