import { parentPort, workerData } from 'node:worker_threads';
import { BatchWriter } from './batch-writer.js';
import { SqliteConnection } from './database.js';
import { toPlainError } from './errors.js';
import { GroupCommit, type WriterReply } from './group-commit.js';
import { configureWriter } from './prepare.js';
import type { FromWorker, ToWorker, WorkerInput } from './worker-protocol.js';

/**
 * Entry of the writer's thread. Bundled on its own as `store-worker.mjs` beside the server's bundle; the database has
 * already been checked and migrated by the main thread.
 */
const port = parentPort;
if (port === null) throw new Error('the store worker runs as a worker thread only');
const input = workerData as WorkerInput; // given by workerWriter, and by nobody else

const db = new SqliteConnection(input.file, { readonly: false });
configureWriter(db);
const writer = new BatchWriter(db, input.epoch);
const send = (message: FromWorker): void => port.postMessage(message);

const group = new GroupCommit(writer, (replies: readonly WriterReply[]) => {
  send({
    kind: 'replies',
    replies: replies.map(({ id, result }) =>
      result.ok
        ? { id, ok: true, committed: result.committed, notice: result.notice }
        : { id, ok: false, error: toPlainError(result.error) },
    ),
    failed: writer.failed === undefined ? undefined : toPlainError(writer.failed),
  });
});

port.on('message', (message: ToWorker) => {
  if (message.kind === 'commit') {
    group.add(message.id, message.request);
    return;
  }
  group.flush();
  if (writer.failed === undefined) db.raw.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  send({ kind: 'closed' });
  port.close();
});
send({ kind: 'ready' });
