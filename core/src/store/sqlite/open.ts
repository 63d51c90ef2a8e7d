import { FlotillaError, type Random } from '@flotilla/kit';
import type { InstanceRecord } from '../../domain/records.js';
import type { Change } from '../change.js';
import type { CommitNotice, CommitOptions, Committed, Store, StoreReads } from '../store.js';
import { holdOwnership, prepareDataDir } from './data-dir.js';
import { SqliteConnection } from './database.js';
import { inlineWriter } from './inline-writer.js';
import { prepareDatabase } from './prepare.js';
import { sqliteReads } from './reads.js';
import { workerWriter } from './worker-writer.js';
import type { WriterEvents, WriterPort } from './writer-port.js';

export interface SqliteStoreOptions {
  /** Directory of the data (made 0700 when missing), or `:memory:` for a store that ends with the process. */
  readonly dataDir: string;
  /** Stable name of this host; a database of another host is refused. */
  readonly hostId: string;
  /** Wall time now; the epoch is never behind it. */
  readonly nowMs: number;
  readonly random: Random;
  /** `inline` for tests and tools; the path of the bundled worker in production. */
  readonly writer: 'inline' | { readonly workerFile: string | URL };
  /**
   * The database cannot be written safely any more (a failed write or fsync, or another owner): log it and exit at once.
   * Called at most once.
   */
  readonly onFatal: (error: FlotillaError) => void;
  /** `flotilla-server restore --take-over`: the data may come from another host. */
  readonly takeOver?: boolean;
}

/**
 * Opens (and if new, makes) the store. Errors: DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DATA_DIR_ON_NETWORK,
 * STORE_DAMAGED, STORE_TOO_NEW, STORE_FOREIGN_HOST.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const inMemory = options.dataDir === ':memory:';
  const files = inMemory ? undefined : prepareDataDir(options.dataDir);
  const giveUp = files === undefined ? () => undefined : holdOwnership(files.owner);
  try {
    const file = files?.database ?? ':memory:';
    const main = new SqliteConnection(file, { readonly: false });
    const instance = prepareDatabase(main, {
      file,
      hostId: options.hostId,
      nowMs: options.nowMs,
      random: options.random,
      takeOver: options.takeOver ?? false,
    });
    const listeners = new Set<(notice: CommitNotice) => void>();
    const events = eventsOf(listeners, options.onFatal);
    let writer: WriterPort;
    if (options.writer === 'inline' || inMemory) {
      writer = inlineWriter(main, instance.epoch, events);
    } else {
      main.close();
      writer = await workerWriter(options.writer.workerFile, { file, epoch: instance.epoch }, events);
    }
    const reader = inMemory ? main : new SqliteConnection(file, { readonly: true });
    return new SqliteStore(instance, sqliteReads(reader), writer, listeners, async () => {
      await writer.close();
      if (reader !== main) reader.close();
      giveUp();
    });
  } catch (error) {
    giveUp();
    throw error;
  }
}

function eventsOf(
  listeners: ReadonlySet<(notice: CommitNotice) => void>,
  onFatal: (error: FlotillaError) => void,
): WriterEvents {
  let dead = false;
  return {
    committed: (result) => {
      if (!result.ok || result.notice === undefined) return;
      for (const listener of listeners) listener(result.notice);
    },
    failed: (error) => {
      if (dead) return;
      dead = true;
      onFatal(error);
    },
  };
}

class SqliteStore implements Store {
  #closing: Promise<void> | undefined;

  constructor(
    readonly instance: InstanceRecord,
    readonly read: StoreReads,
    private readonly writer: WriterPort,
    private readonly listeners: Set<(notice: CommitNotice) => void>,
    private readonly end: () => Promise<void>,
  ) {}

  async commit(changes: readonly Change[], options: CommitOptions): Promise<Committed> {
    if (this.#closing !== undefined) {
      throw new FlotillaError('STORE_CLOSED', 'the server is stopping', { kind: 'unavailable' });
    }
    const result = await this.writer.commit({ changes, options });
    if (!result.ok) throw result.error;
    return result.committed;
  }

  onCommit(listener: (notice: CommitNotice) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.end();
    return this.#closing;
  }
}
