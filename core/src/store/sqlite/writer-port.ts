import type { FlotillaError } from '@flotilla/kit';
import type { CommitRequest, CommitResult } from './batch-writer.js';

/** Where commits go: this thread or another. */
export interface WriterPort {
  commit(request: CommitRequest): Promise<CommitResult>;
  /** Writes what waits, checkpoints and ends. */
  close(): Promise<void>;
}

export interface WriterEvents {
  /** After each durable commit, in order, before its caller resumes. */
  committed(result: CommitResult): void;
  /** The database cannot be written safely any more. */
  failed(error: FlotillaError): void;
}
