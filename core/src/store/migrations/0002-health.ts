import { sql } from 'kysely';
import { addColumn, createIndex, createTable } from './columns.js';
import type { Migration } from './migration.js';

const meta = { version: 'int!', created_at: 'int!', updated_at: 'int!' } as const;

const member = { id: 'text!', project_id: 'text!', subject: 'text!', role: 'int!', ...meta } as const;

const repair = {
  id: 'text!',
  version: 'int!',
  project_id: 'text!',
  cluster_id: 'text!',
  pool_id: 'text!',
  node_id: 'text!',
  machine_id: 'text!',
  cause: 'text!',
  rung: 'int!',
  attempt: 'int!',
  state: 'int!',
  message: 'text!',
  started_at: 'int!',
  rung_started_at: 'int!',
  rung_deadline_at: 'int!',
  boot_id: 'text!',
  ended_at: 'int',
  history: 'text!',
} as const;

/** Members, repairs, health, pauses, what operators wish of a node, and how far a template has been rolled out. */
export const health: Migration = {
  name: '0002-health',
  statements: (builder) => [
    createTable(builder, 'member', member, ['id']),
    createTable(builder, 'repair', repair, ['id']),
    addColumn(builder, 'project', 'delete_requested_at', 'int'),
    addColumn(builder, 'project', 'gone_at', 'int'),
    addColumn(builder, 'cluster', 'sealed_kubeconfig', 'blob'),
    addColumn(builder, 'cluster', 'pause', 'text'),
    addColumn(builder, 'cluster', 'health', 'text'),
    addColumn(builder, 'pool', 'pause', 'text'),
    addColumn(builder, 'pool', 'health', 'text'),
    addColumn(builder, 'pool', 'rollout_revision', 'int!', 1),
    addColumn(builder, 'machine', 'remediation_disabled', 'int!', 0),
    addColumn(builder, 'machine', 'preserved', 'int!', 0),
    addColumn(builder, 'machine', 'pause', 'text'),
    addColumn(builder, 'machine', 'health', 'text'),
    addColumn(builder, 'node', 'cordon', 'text'),
    addColumn(builder, 'node', 'drain', 'text'),
    addColumn(builder, 'node', 'replace', 'text'),
    addColumn(builder, 'node', 'health', 'text'),
    addColumn(builder, 'node', 'was_ready', 'int!', 0),
    addColumn(builder, 'node', 'observed_revision', 'int!', 0),
    addColumn(builder, 'node', 'update_parked', 'int!', 0),
    // Statuses leave out what is undefined, so the name is there only in those that have been Ready.
    sql`update node set was_ready = 1 where status like '%"readyAtMs":%'`.compile(builder),
    // The name of a project that is gone is free again.
    builder.schema.dropIndex('project_name_index').compile(),
    ...[
      { name: 'project_name', on: 'project', columns: ['name'], unique: true, where: 'gone_at is null' } as const,
      { name: 'member_subject', on: 'member', columns: ['project_id', 'subject'], unique: true } as const,
      { name: 'repair_live', on: 'repair', columns: ['node_id'], unique: true, where: 'ended_at is null' } as const,
      { name: 'repair_of_node', on: 'repair', columns: ['node_id', 'started_at'] },
      { name: 'repair_of_cluster', on: 'repair', columns: ['cluster_id', 'node_id', 'started_at'] },
      { name: 'token_of_pool', on: 'token', columns: ['pool_id'], where: 'revoked_at is null' },
      { name: 'cluster_of_project', on: 'cluster', columns: ['project_id'], where: 'gone_at is null' },
    ].map((index) => createIndex(builder, index)),
  ],
};
