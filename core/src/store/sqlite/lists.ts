import { createHash } from 'node:crypto';
import {
  ClusterState,
  MachineState,
  NodePoolRole,
  NodePoolState,
  NodeState,
  Role,
  SessionState,
} from '@flotilla/proto';
import { sql, type RawBuilder } from 'kysely';
import {
  enumField,
  fromPageToken,
  pageSizeOf,
  parseFilter,
  parseOrderBy,
  resolveTerm,
  toPageToken,
  type ListField,
} from '../list-query.js';
import type { ListQuery, Page } from '../store.js';
import { builder, type SqliteConnection } from './database.js';

type ListedTable = 'project' | 'cluster' | 'pool' | 'machine' | 'node' | 'token' | 'api_key' | 'member';

interface Listed {
  readonly fields: Readonly<Record<string, ListField>>;
  readonly orderFirst: string;
  /** What is over, hidden unless asked for. */
  readonly live: string;
  readonly scopes: readonly ('project_id' | 'cluster_id' | 'pool_id')[];
  readonly hasLabels: boolean;
}

const bare = (column: string): ListField => ({ column });
const times = { create_time: bare('created_at'), update_time: bare('updated_at') };
const flag = (column: string): ListField => ({
  column,
  values: ['true', 'false'],
  read: (text) => (text === 'true' ? 1 : text === 'false' ? 0 : undefined),
});

/** Rows that are converted at a stretch. */
const sliceSize = 50;

/** What each list can be filtered and ordered by. */
const listed = {
  project: {
    fields: { name: bare('name'), id: bare('id'), ...times },
    orderFirst: 'name',
    live: 'gone_at is null',
    scopes: [],
    hasLabels: true,
  },
  member: {
    fields: { subject: bare('subject'), name: bare('subject'), role: enumField('role', Role), ...times },
    orderFirst: 'subject',
    live: '1 = 1',
    scopes: ['project_id'],
    hasLabels: false,
  },
  cluster: {
    fields: { name: bare('name'), id: bare('id'), state: enumField('state', ClusterState), ...times },
    orderFirst: 'name',
    live: 'gone_at is null',
    scopes: ['project_id'],
    hasLabels: true,
  },
  pool: {
    fields: {
      name: bare('name'),
      id: bare('id'),
      cluster: bare('cluster_name'),
      role: enumField('role', NodePoolRole),
      state: enumField('state', NodePoolState),
      ...times,
    },
    orderFirst: 'name',
    live: 'gone_at is null',
    scopes: ['project_id', 'cluster_id'],
    hasLabels: true,
  },
  machine: {
    fields: {
      name: bare('name'),
      id: bare('id'),
      state: enumField('state', MachineState),
      session: enumField('session', SessionState),
      os: bare('os'),
      arch: bare('arch'),
      provider: bare('provider'),
      region: bare('region'),
      zone: bare('zone'),
      quarantined: flag('quarantined'),
      node: bare('node_id'),
      ...times,
    },
    orderFirst: 'name',
    live: 'state <> 6',
    scopes: ['project_id'],
    hasLabels: true,
  },
  node: {
    fields: {
      name: bare('name'),
      id: bare('id'),
      cluster: bare('cluster_name'),
      pool: bare('pool_name'),
      machine: bare('machine_id'),
      role: enumField('role', NodePoolRole),
      state: enumField('state', NodeState),
      version: bare('kubernetes_version'),
      warning: bare('warning'),
      ready: flag('ready'),
      ...times,
    },
    orderFirst: 'name',
    live: 'ended_at is null',
    scopes: ['project_id', 'cluster_id', 'pool_id'],
    hasLabels: false,
  },
  token: {
    fields: {
      name: bare('id'),
      id: bare('id'),
      cluster: bare('cluster_name'),
      pool: bare('pool_name'),
      created_by: bare('created_by'),
      ...times,
    },
    orderFirst: 'create_time desc',
    live: '1 = 1',
    scopes: ['project_id', 'pool_id'],
    hasLabels: true,
  },
  api_key: {
    fields: { name: bare('name'), id: bare('id'), role: enumField('role', Role), ...times },
    orderFirst: 'name',
    live: '1 = 1',
    scopes: ['project_id'],
    hasLabels: false,
  },
} as const satisfies Record<ListedTable, Listed>;

/** One page of rows of a table, in order, keyset-paged by the order's column and the id. */
export async function listRows<Row extends { readonly id: string }, T>(
  db: SqliteConnection,
  table: ListedTable,
  query: ListQuery,
  toRecord: (row: Row) => T,
): Promise<Page<T>> {
  const kind: Listed = listed[table];
  const queryKey = keyOf(table, query);
  const order = parseOrderBy(query.orderBy ?? '', kind.fields, kind.orderFirst);
  const pageSize = pageSizeOf(query.pageSize);
  const conditions = conditionsOf(kind, query);
  const column = sql.ref(order.column);
  if (query.pageToken !== undefined && query.pageToken !== '') {
    const { value, id } = fromPageToken(query.pageToken, queryKey);
    conditions.push(
      order.descending ? sql`(${column}, id) < (${value}, ${id})` : sql`(${column}, id) > (${value}, ${id})`,
    );
  }
  const direction = sql.raw(order.descending ? 'desc' : 'asc');
  const statement = sql<Row>`select * from ${sql.table(table)} where ${sql.join(conditions, sql` and `)}
    order by ${column} ${direction}, id ${direction} limit ${pageSize + 1}`;
  const rows = db.all<Row>({ compile: () => statement.compile(builder) });
  const shown = rows.slice(0, pageSize);
  const last = shown.at(-1);
  const more = rows.length > pageSize && last !== undefined;
  return {
    items: await converted(shown, toRecord),
    nextPageToken: more ? toPageToken(queryKey, { value: valueOf(last, order.column), id: last.id }) : '',
  };
}

/** A big page is converted in slices, so that heartbeats are not kept waiting by it. */
async function converted<Row, T>(rows: readonly Row[], toRecord: (row: Row) => T): Promise<T[]> {
  const records: T[] = [];
  for (let from = 0; from < rows.length; from += sliceSize) {
    if (from > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    records.push(...rows.slice(from, from + sliceSize).map(toRecord));
  }
  return records;
}

function conditionsOf(kind: Listed, query: ListQuery): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = [query.includeEnded === true ? sql`1 = 1` : sql.raw(kind.live)];
  const scope = { project_id: query.projectId, cluster_id: query.clusterId, pool_id: query.poolId };
  for (const column of kind.scopes) {
    const id = scope[column];
    if (id !== undefined) conditions.push(sql`${sql.ref(column)} = ${id}`);
  }
  for (const term of parseFilter(query.filter ?? '')) {
    const operator = sql.raw(term.operator === '=' ? 'is' : 'is not');
    if (kind.hasLabels && term.field.startsWith('labels.')) {
      // A label's key may hold dots and slashes: quoted in the path, its own quotes cannot occur in a key.
      const path = `$."${term.field.slice('labels.'.length).replaceAll('"', '')}"`;
      conditions.push(sql`json_extract(labels, ${path}) ${operator} ${term.value}`);
      continue;
    }
    const { column, value } = resolveTerm(term, kind.fields);
    conditions.push(sql`${sql.ref(column)} ${operator} ${value}`);
  }
  return conditions;
}

function keyOf(table: string, query: ListQuery): string {
  const { pageToken: _token, pageSize: _size, ...rest } = query;
  const sorted = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([table, sorted]))
    .digest('base64url')
    .slice(0, 12);
}

function valueOf(row: object, column: string): string | number {
  const value: unknown = Reflect.get(row, column);
  return typeof value === 'number' ? value : String(value);
}
