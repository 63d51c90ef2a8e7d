import { createHash } from 'node:crypto';
import { FlotillaError, newId, type Random } from '@flotilla/kit';
import type { InstanceRecord } from '../../domain/records.js';
import { auditChainStart } from '../audit-chain.js';
import { migrations } from '../migrations/index.js';
import { builder, schemaBuilder, type SqliteConnection } from './database.js';
import { classify, storeDamaged } from './errors.js';

export interface PrepareOptions {
  readonly file: string;
  readonly hostId: string;
  readonly nowMs: number;
  readonly random: Random;
  /** An operator restores here on purpose: the data now belong to this host. */
  readonly takeOver: boolean;
}

/** Settings of every connection that writes. */
export function configureWriter(db: SqliteConnection): void {
  db.raw.pragma('journal_mode = WAL');
  // Acknowledged means durable: the log is fsynced at each commit, not only at checkpoints.
  db.raw.pragma('synchronous = FULL');
  db.raw.pragma('foreign_keys = ON');
  db.raw.pragma('trusted_schema = OFF');
}

/** Checks the file, brings the schema up to date, and starts a new epoch. Refuses, with the reason, what is not ours. */
export function prepareDatabase(db: SqliteConnection, options: PrepareOptions): InstanceRecord {
  try {
    configureWriter(db);
    checkIntegrity(db, options.file);
    migrate(db, options);
    return startEpoch(db, options);
  } catch (error) {
    if (classify(error) !== 'damaged') throw error;
    throw storeDamaged(options.file, error instanceof Error ? error.message : String(error), error);
  }
}

function checkIntegrity(db: SqliteConnection, file: string): void {
  const problems = db.raw.pragma('quick_check(5)') as { quick_check: string }[]; // SQLite's answer has this one column
  const texts = problems.map((p) => p.quick_check).filter((t) => t !== 'ok');
  if (texts.length > 0) throw storeDamaged(file, texts.join('; '));
}

function migrate(db: SqliteConnection, options: PrepareOptions): void {
  db.raw.exec(
    'create table if not exists migration (name text primary key not null, sha256 text not null, applied_at bigint not null)',
  );
  const applied = db.raw.prepare('select name, sha256 from migration order by name').all() as {
    name: string;
    sha256: string;
  }[]; // our own table
  const known = new Set(migrations.map((m) => m.name));
  const newer = applied.filter((row) => !known.has(row.name)).map((row) => row.name);
  if (newer.length > 0) {
    throw new FlotillaError('STORE_TOO_NEW', `${options.file} was written by a newer version (${newer.join(', ')})`, {
      kind: 'precondition',
      remedy: 'Start the newer version again, or restore the backup made before the upgrade.',
    });
  }
  db.raw.transaction(() => {
    for (const { name, statements } of migrations) {
      const queries = statements(schemaBuilder);
      const sha256 = createHash('sha256')
        .update(queries.map((q) => q.sql).join(';\n'))
        .digest('hex');
      const row = applied.find((a) => a.name === name);
      if (row === undefined) {
        for (const query of queries) db.raw.prepare(query.sql).run(...query.parameters);
        db.raw
          .prepare('insert into migration (name, sha256, applied_at) values (?, ?, ?)')
          .run(name, sha256, options.nowMs);
      } else if (row.sha256 !== sha256) {
        throw storeDamaged(options.file, `migration ${name} is not the one that was applied`);
      }
    }
  })();
}

function startEpoch(db: SqliteConnection, { file, hostId, nowMs, random, takeOver }: PrepareOptions): InstanceRecord {
  return db.raw.transaction((): InstanceRecord => {
    const stored = db.first(builder.selectFrom('instance').selectAll());
    const wallSeconds = Math.floor(nowMs / 1000);
    if (stored === undefined) return createInstance(db, { hostId, nowMs, random }, wallSeconds);
    if (stored.host_id !== hostId && !takeOver) {
      throw new FlotillaError('STORE_FOREIGN_HOST', `${file} belongs to another host; this looks like a copy`, {
        kind: 'precondition',
        remedy:
          'If the other server is gone for good, run: flotilla-server restore --take-over. Otherwise remove the copy.',
      });
    }
    const epoch = Math.max(stored.epoch + 1, wallSeconds);
    db.run(builder.updateTable('instance').set({ epoch, host_id: hostId }));
    return { instanceId: stored.id, epoch, hostId, createdAtMs: stored.created_at };
  })();
}

function createInstance(
  db: SqliteConnection,
  { hostId, nowMs, random }: Pick<PrepareOptions, 'hostId' | 'nowMs' | 'random'>,
  epoch: number,
): InstanceRecord {
  const instanceId = newId('ins', random);
  db.run(
    builder.insertInto('instance').values({
      id: instanceId,
      host_id: hostId,
      epoch,
      revision: 0,
      audit_sequence: 0,
      audit_hash: auditChainStart,
      created_at: nowMs,
    }),
  );
  db.run(
    builder.insertInto('project').values({
      id: newId('prj', random),
      name: 'default',
      display_name: 'Default project',
      labels: '{}',
      version: 1,
      created_at: nowMs,
      updated_at: nowMs,
    }),
  );
  return { instanceId, epoch, hostId, createdAtMs: nowMs };
}
