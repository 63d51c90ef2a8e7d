import { Worker } from 'node:worker_threads';
import { FlotillaError } from '@flotilla/kit';
import type { CommitRequest, CommitResult } from './batch-writer.js';
import { fromPlainError, storeFailed } from './errors.js';
import { pendingMax } from './group-commit.js';
import type { FromWorker, PlainReply, ToWorker, WorkerInput } from './worker-protocol.js';
import type { WriterEvents, WriterPort } from './writer-port.js';

/** The writer in its own thread; resolves once it has opened the database. */
export async function workerWriter(
  workerFile: string | URL,
  input: WorkerInput,
  events: WriterEvents,
): Promise<WriterPort> {
  const worker = new Worker(workerFile, { workerData: input, name: 'store-writer' });
  const client = new WorkerClient(worker, events);
  await client.ready;
  return client;
}

class WorkerClient implements WriterPort {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #events: WriterEvents;
  readonly #waiting = new Map<number, (result: CommitResult) => void>();
  readonly #closed: Promise<void>;
  #nextId = 1;
  #failure: FlotillaError | undefined;
  #closing = false;

  constructor(worker: Worker, events: WriterEvents) {
    this.#worker = worker;
    this.#events = events;
    let onReady: () => void = () => undefined;
    let onClosed: () => void = () => undefined;
    let onEarlyEnd: (error: FlotillaError) => void = () => undefined;
    this.ready = new Promise((resolve, reject) => {
      onReady = resolve;
      onEarlyEnd = reject;
    });
    this.#closed = new Promise((resolve) => (onClosed = resolve));
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') onReady();
      else if (message.kind === 'closed') onClosed();
      else this.#onReplies(message.replies, message.failed === undefined ? undefined : fromPlainError(message.failed));
    });
    const onEnd = (cause: unknown): void => {
      onClosed();
      if (this.#closing) return;
      const error = storeFailed(cause);
      onEarlyEnd(error);
      this.#fail(error);
    };
    worker.on('error', onEnd);
    worker.on('exit', (code) => onEnd(new Error(`the store's thread ended with ${code}`)));
  }

  commit(request: CommitRequest): Promise<CommitResult> {
    if (this.#failure !== undefined) return Promise.resolve({ ok: false, error: this.#failure });
    if (this.#waiting.size >= pendingMax) {
      const error = new FlotillaError('STORE_BUSY', `${pendingMax} writes already wait for the disk`, {
        kind: 'exhausted',
        retry: 'later',
        remedy: 'Check the speed of the disk that holds the data directory.',
      });
      return Promise.resolve({ ok: false, error });
    }
    return new Promise((resolve) => {
      const id = this.#nextId++;
      this.#waiting.set(id, resolve);
      this.#send({ kind: 'commit', id, request });
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#failure === undefined) {
      this.#send({ kind: 'close' });
      await this.#closed;
    }
    await this.#worker.terminate();
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #onReplies(replies: readonly PlainReply[], failed: FlotillaError | undefined): void {
    for (const reply of replies) {
      const result: CommitResult = reply.ok
        ? { ok: true, committed: reply.committed, notice: reply.notice }
        : { ok: false, error: fromPlainError(reply.error) };
      if (result.ok) this.#events.committed(result);
      this.#waiting.get(reply.id)?.(result);
      this.#waiting.delete(reply.id);
    }
    if (failed !== undefined) this.#fail(failed);
  }

  #fail(error: FlotillaError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const resolve of this.#waiting.values()) resolve({ ok: false, error });
    this.#waiting.clear();
    this.#events.failed(error);
  }
}
