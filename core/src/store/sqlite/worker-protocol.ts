import type { CommitNotice, Committed } from '../store.js';
import type { CommitRequest } from './batch-writer.js';
import type { PlainError } from './errors.js';

/** What crosses between the main thread and the writer's: plain data only. */
export interface WorkerInput {
  readonly file: string;
  readonly epoch: number;
}

export type ToWorker =
  { readonly kind: 'commit'; readonly id: number; readonly request: CommitRequest } | { readonly kind: 'close' };

export type PlainReply =
  | { readonly id: number; readonly ok: true; readonly committed: Committed; readonly notice: CommitNotice | undefined }
  | { readonly id: number; readonly ok: false; readonly error: PlainError };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'replies'; readonly replies: readonly PlainReply[]; readonly failed: PlainError | undefined }
  | { readonly kind: 'closed' };
