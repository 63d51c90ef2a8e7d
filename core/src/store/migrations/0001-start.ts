import { sql, type CompiledQuery, type CreateTableBuilder, type Kysely } from 'kysely';
import type { Migration } from './migration.js';

/** Columns: `!` = not null. Types are those that SQLite and PostgreSQL share. */
type Columns = Readonly<Record<string, 'text!' | 'text' | 'int!' | 'int' | 'blob!' | 'blob'>>;

const meta = { version: 'int!', created_at: 'int!', updated_at: 'int!' } as const;

const tables: Readonly<Record<string, { readonly columns: Columns; readonly key: readonly string[] }>> = {
  instance: {
    columns: {
      id: 'text!',
      host_id: 'text!',
      epoch: 'int!',
      revision: 'int!',
      audit_sequence: 'int!',
      audit_hash: 'text!',
      created_at: 'int!',
    },
    key: ['id'],
  },
  project: { columns: { id: 'text!', name: 'text!', display_name: 'text!', labels: 'text!', ...meta }, key: ['id'] },
  cluster: {
    columns: {
      id: 'text!',
      project_id: 'text!',
      name: 'text!',
      labels: 'text!',
      spec: 'text!',
      state: 'int!',
      status: 'text!',
      delete_requested_at: 'int',
      gone_at: 'int',
      client_spki: 'blob',
      sealed_client_key: 'blob',
      sealed_certificate_key: 'blob',
      ca_certificate: 'text!',
      client_certificate: 'text!',
      ...meta,
    },
    key: ['id'],
  },
  pool: {
    columns: {
      id: 'text!',
      project_id: 'text!',
      cluster_id: 'text!',
      cluster_name: 'text!',
      name: 'text!',
      labels: 'text!',
      role: 'int!',
      spec: 'text!',
      template_revision: 'int!',
      spec_changed_at: 'int!',
      state: 'int!',
      status: 'text!',
      delete_requested_at: 'int',
      gone_at: 'int',
      ...meta,
    },
    key: ['id'],
  },
  machine: {
    columns: {
      id: 'text!',
      project_id: 'text!',
      name: 'text!',
      labels: 'text!',
      provider: 'text!',
      region: 'text!',
      zone: 'text!',
      wanted_pool_id: 'text!',
      quarantined: 'int!',
      quarantine_reason: 'text!',
      retire_requested_at: 'int',
      token_id: 'text!',
      identity_key_sha256: 'text!',
      identity_key: 'blob!',
      install_id: 'text!',
      state: 'int!',
      status: 'text!',
      node_id: 'text!',
      facts: 'text!',
      os: 'text!',
      arch: 'text!',
      cpus: 'int!',
      memory_bytes: 'int!',
      disk_bytes: 'int!',
      observed: 'text',
      observed_at: 'int',
      session: 'int!',
      last_seen_at: 'int',
      remote_address: 'text!',
      ...meta,
    },
    key: ['id'],
  },
  node: {
    columns: {
      id: 'text!',
      project_id: 'text!',
      cluster_id: 'text!',
      cluster_name: 'text!',
      pool_id: 'text!',
      pool_name: 'text!',
      machine_id: 'text!',
      machine_name: 'text!',
      name: 'text!',
      role: 'int!',
      template_revision: 'int!',
      kubernetes_version: 'text!',
      removal: 'text',
      retry_count: 'int!',
      state: 'int!',
      ready: 'int!',
      schedulable: 'int!',
      warning: 'text!',
      status: 'text!',
      ended_at: 'int',
      ...meta,
    },
    key: ['id'],
  },
  target: {
    columns: { machine_id: 'text!', generation: 'int!', target: 'text!', written_at: 'int!' },
    key: ['machine_id'],
  },
  token: {
    columns: {
      id: 'text!',
      project_id: 'text!',
      secret_hmac: 'blob!',
      pool_id: 'text!',
      cluster_name: 'text!',
      pool_name: 'text!',
      max_uses: 'int!',
      uses: 'int!',
      expires_at: 'int!',
      revoked_at: 'int',
      labels: 'text!',
      machine_labels: 'text!',
      location: 'text',
      source_cidrs: 'text!',
      created_by: 'text!',
      ...meta,
    },
    key: ['id'],
  },
  token_spend: {
    columns: { token_id: 'text!', identity_key_sha256: 'text!', machine_id: 'text!', at: 'int!' },
    key: ['token_id', 'identity_key_sha256'],
  },
  certificate: {
    columns: {
      serial: 'text!',
      machine_id: 'text!',
      spki_sha256: 'text!',
      not_before: 'int!',
      not_after: 'int!',
      issued_at: 'int!',
      revoked_at: 'int',
    },
    key: ['serial'],
  },
  api_key: {
    columns: {
      id: 'text!',
      project_id: 'text!',
      name: 'text!',
      role: 'int!',
      secret_hash: 'blob!',
      expires_at: 'int!',
      revoked_at: 'int',
      last_used_at: 'int',
      ...meta,
    },
    key: ['id'],
  },
  event: {
    columns: {
      revision: 'int!',
      at: 'int!',
      project_id: 'text!',
      resource_kind: 'text!',
      resource_id: 'text!',
      resource_name: 'text!',
      severity: 'int!',
      category: 'text!',
      reason: 'text!',
      message: 'text!',
      count: 'int!',
    },
    key: ['revision'],
  },
  audit: {
    columns: {
      sequence: 'int!',
      at: 'int!',
      project_id: 'text!',
      actor: 'text!',
      remote_address: 'text!',
      action: 'text!',
      resource_kind: 'text!',
      resource_id: 'text!',
      result: 'text!',
      details: 'text!',
      epoch: 'int!',
      hash: 'text!',
      previous_hash: 'text!',
    },
    key: ['sequence'],
  },
  request: {
    columns: { key: 'text!', fingerprint: 'text!', response: 'text!', revision: 'int!', expires_at: 'int!' },
    key: ['key'],
  },
};

/** name: table, columns; `live` limits the index to rows that are not over. */
const indexes: readonly {
  readonly name: string;
  readonly on: string;
  readonly columns: readonly string[];
  readonly unique?: true;
  readonly where?: string;
}[] = [
  { name: 'project_name', on: 'project', columns: ['name'], unique: true },
  { name: 'cluster_name', on: 'cluster', columns: ['project_id', 'name'], unique: true, where: 'gone_at is null' },
  { name: 'pool_name', on: 'pool', columns: ['cluster_id', 'name'], unique: true, where: 'gone_at is null' },
  { name: 'machine_name', on: 'machine', columns: ['project_id', 'name'], unique: true, where: 'state <> 6' },
  { name: 'machine_spare', on: 'machine', columns: ['project_id', 'id'], where: "node_id = '' and state <> 6" },
  { name: 'node_of_machine', on: 'node', columns: ['machine_id'], unique: true, where: 'ended_at is null' },
  { name: 'node_history_of_pool', on: 'node', columns: ['pool_id', 'ended_at'] },
  { name: 'node_of_pool', on: 'node', columns: ['pool_id', 'id'], where: 'ended_at is null' },
  { name: 'node_of_cluster', on: 'node', columns: ['cluster_id', 'name'], where: 'ended_at is null' },
  { name: 'node_of_project', on: 'node', columns: ['project_id', 'name', 'id'] },
  { name: 'token_of_project', on: 'token', columns: ['project_id', 'id'] },
  { name: 'certificate_of_machine', on: 'certificate', columns: ['machine_id'] },
  { name: 'api_key_name', on: 'api_key', columns: ['project_id', 'name'], unique: true, where: 'revoked_at is null' },
  { name: 'event_of_resource', on: 'event', columns: ['resource_kind', 'resource_id', 'revision'] },
  { name: 'event_of_project', on: 'event', columns: ['project_id', 'revision'] },
  { name: 'request_expiry', on: 'request', columns: ['expires_at'] },
];

function createTable(builder: Kysely<unknown>, name: string, columns: Columns, key: readonly string[]): CompiledQuery {
  let table: CreateTableBuilder<string, string> = builder.schema.createTable(name);
  for (const [column, type] of Object.entries(columns)) {
    const dataType = type.startsWith('text') ? 'text' : type.startsWith('int') ? 'bigint' : 'blob';
    const isSingleKey = key.length === 1 && key[0] === column;
    // INTEGER PRIMARY KEY is what makes SQLite use the row number itself.
    const stored = isSingleKey && dataType === 'bigint' ? 'integer' : dataType;
    table = table.addColumn(column, stored, (c) => {
      const withNull = type.endsWith('!') ? c.notNull() : c;
      return isSingleKey ? withNull.primaryKey() : withNull;
    });
  }
  if (key.length > 1) table = table.addPrimaryKeyConstraint(`${name}_key`, [...key]);
  return table.compile();
}

/** The first schema. */
export const start: Migration = {
  name: '0001-start',
  statements: (builder) => [
    ...Object.entries(tables).map(([name, { columns, key }]) => createTable(builder, name, columns, key)),
    ...indexes.map(({ name, on, columns, unique, where }) => {
      const index = builder.schema
        .createIndex(`${name}_index`)
        .on(on)
        .columns([...columns]);
      const kind = unique === true ? index.unique() : index;
      return (where === undefined ? kind : kind.where(sql.raw<boolean>(where))).compile();
    }),
  ],
};
