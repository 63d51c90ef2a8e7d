import { FlotillaError } from '@flotilla/kit';
import { sql, type RawBuilder } from 'kysely';
import type { AuditRecord, EventRecord } from '../../domain/records.js';
import { fromPageToken, pageSizeOf, parseFilter, resolveTerm, toPageToken, type ListField } from '../list-query.js';
import { toAudit, toEvent } from '../rows.js';
import type { AuditTable, EventTable } from '../schema.js';
import type { EventQuery, Page } from '../store.js';
import { builder, type SqliteConnection } from './database.js';

/** Newest event revision; 0 before the first. */
export function newestRevision(db: SqliteConnection): number {
  return db.first(builder.selectFrom('instance').select('revision'))?.revision ?? 0;
}

/** Events after a revision, oldest first. */
export function eventsAfter(db: SqliteConnection, revision: number, limit: number): readonly EventRecord[] {
  const oldest = db.first(builder.selectFrom('event').select('revision').orderBy('revision').limit(1))?.revision;
  if (revision > 0 && oldest !== undefined && oldest > revision + 1) {
    throw new FlotillaError('OUT_OF_RANGE', `events up to revision ${oldest - 1} are no longer kept`, {
      kind: 'out-of-range',
      remedy: 'List again and watch from the revision of the list.',
    });
  }
  const capped = Math.max(1, Math.min(1000, Math.floor(limit)));
  const query = builder
    .selectFrom('event')
    .selectAll()
    .where('revision', '>', revision)
    .orderBy('revision')
    .limit(capped);
  return db.all(query).map(toEvent);
}

const eventFields: Readonly<Record<string, ListField>> = {
  reason: { column: 'reason' },
  category: { column: 'category' },
  severity: {
    column: 'severity',
    values: ['NORMAL', 'WARNING'],
    read: (t) => ({ NORMAL: 1, WARNING: 2 })[t.toUpperCase()],
  },
  resource_kind: { column: 'resource_kind' },
  resource_id: { column: 'resource_id' },
  resource_name: { column: 'resource_name' },
};

/** Events, newest first. */
export function listEvents(db: SqliteConnection, query: EventQuery): Page<EventRecord> {
  const key = JSON.stringify(['event', query.projectId, query.resourceKind, query.resourceId, query.filter]);
  const conditions: RawBuilder<unknown>[] = [sql`1 = 1`];
  if (query.projectId !== undefined) conditions.push(sql`project_id = ${query.projectId}`);
  if (query.resourceKind !== undefined) conditions.push(sql`resource_kind = ${query.resourceKind}`);
  if (query.resourceId !== undefined) conditions.push(sql`resource_id = ${query.resourceId}`);
  for (const term of parseFilter(query.filter ?? '')) {
    const { column, value } = resolveTerm(term, eventFields);
    conditions.push(sql`${sql.ref(column)} ${sql.raw(term.operator === '=' ? 'is' : 'is not')} ${value}`);
  }
  return newestFirst<EventTable, EventRecord>(
    db,
    { table: 'event', key: 'revision', queryKey: key },
    conditions,
    query,
    toEvent,
  );
}

/** Audit entries, newest first. */
export function listAudit(
  db: SqliteConnection,
  query: { projectId?: string; actor?: string; pageSize?: number; pageToken?: string },
): Page<AuditRecord> {
  const key = JSON.stringify(['audit', query.projectId, query.actor]);
  const conditions: RawBuilder<unknown>[] = [sql`1 = 1`];
  if (query.projectId !== undefined) conditions.push(sql`project_id = ${query.projectId}`);
  if (query.actor !== undefined) conditions.push(sql`actor = ${query.actor}`);
  return newestFirst<AuditTable, AuditRecord>(
    db,
    { table: 'audit', key: 'sequence', queryKey: key },
    conditions,
    query,
    toAudit,
  );
}

function newestFirst<Row extends object, T>(
  db: SqliteConnection,
  journal: { readonly table: string; readonly key: string; readonly queryKey: string },
  conditions: RawBuilder<unknown>[],
  page: { readonly pageSize?: number; readonly pageToken?: string },
  toRecord: (row: Row) => T,
): Page<T> {
  const key = sql.ref(journal.key);
  if (page.pageToken !== undefined && page.pageToken !== '') {
    conditions.push(sql`${key} < ${fromPageToken(page.pageToken, journal.queryKey).id}`);
  }
  const pageSize = pageSizeOf(page.pageSize);
  const statement = sql<Row>`select * from ${sql.table(journal.table)} where ${sql.join(conditions, sql` and `)}
    order by ${key} desc limit ${pageSize + 1}`;
  const rows = db.all<Row>({ compile: () => statement.compile(builder) });
  const shown = rows.slice(0, pageSize);
  const last = shown.at(-1);
  const position = last === undefined ? undefined : Number(Reflect.get(last, journal.key));
  const more = rows.length > pageSize && position !== undefined;
  return {
    items: shown.map(toRecord),
    nextPageToken: more ? toPageToken(journal.queryKey, { value: position, id: position }) : '',
  };
}
