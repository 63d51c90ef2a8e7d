import { BatchWriter, type CommitResult } from './batch-writer.js';
import type { SqliteConnection } from './database.js';
import { GroupCommit } from './group-commit.js';
import type { WriterEvents, WriterPort } from './writer-port.js';

/** The writer in the caller's own thread: for tests, simulation and tools. The code behind it is the worker's. */
export function inlineWriter(db: SqliteConnection, epoch: number, events: WriterEvents): WriterPort {
  const writer = new BatchWriter(db, epoch);
  const waiting = new Map<number, (result: CommitResult) => void>();
  let nextId = 1;
  const group = new GroupCommit(writer, (replies) => {
    for (const { id, result } of replies) {
      if (result.ok) events.committed(result);
      waiting.get(id)?.(result);
      waiting.delete(id);
    }
    if (writer.failed !== undefined) events.failed(writer.failed);
  });
  return {
    commit: (request) =>
      new Promise((resolve) => {
        const id = nextId++;
        waiting.set(id, resolve);
        // Values, not references: what the caller does to its objects afterwards must not reach the disk.
        group.add(id, structuredClone(request));
      }),
    close: async () => {
      group.flush();
      if (writer.failed === undefined) db.raw.pragma('wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}
