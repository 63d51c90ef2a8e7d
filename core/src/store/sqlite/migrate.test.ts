import { createHash } from 'node:crypto';
import { seededRandom } from '@flotilla/kit';
import { NodeState } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { someCluster, someMachine, someNode, someNodeStatus, somePool } from '../../testing/samples.js';
import { start } from '../migrations/0001-start.js';
import { schemaBuilder, SqliteConnection } from './database.js';
import { prepareDatabase } from './prepare.js';
import { sqliteReads } from './reads.js';

/** Of the first schema as it was shipped: a database that has it must never be refused. */
const startSha256 = '8e48b087c434f51ae56a2183b5843e86a6cef5f06f352152815a85272b8fbb3e';
const nowMs = Date.UTC(2026, 0, 1);

const cluster = someCluster('prj_a', 'clu_a');
const pool = somePool(cluster, 'pol_a', { size: 1 });
const machine = someMachine('prj_a', 'mch_a');

/** A database as the first version left it, with one cluster, one pool, one machine and two nodes. */
function aDatabaseOfTheStart(): SqliteConnection {
  const db = new SqliteConnection(':memory:', { readonly: false });
  const queries = start.statements(schemaBuilder);
  db.raw.exec(
    'create table migration (name text primary key not null, sha256 text not null, applied_at bigint not null)',
  );
  for (const query of queries) db.raw.exec(query.sql);
  const put = (table: string, row: Readonly<Record<string, unknown>>): void => {
    const names = Object.keys(row);
    db.raw
      .prepare(`insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`)
      .run(...Object.values(row));
  };
  const meta = { version: 3, created_at: nowMs, updated_at: nowMs };
  put('migration', { name: '0001-start', sha256: startSha256, applied_at: nowMs });
  put('instance', {
    id: 'ins_a',
    host_id: 'h',
    epoch: 1,
    revision: 0,
    audit_sequence: 0,
    audit_hash: '',
    created_at: 1,
  });
  put('project', { id: 'prj_a', name: 'default', display_name: '', labels: '{}', ...meta });
  const clusterStatus = {
    state: 3,
    reason: '',
    message: '',
    conditions: [],
    endpoint: '',
    caCertHashes: [],
    nodesTotal: 1,
  };
  const oldCluster = { ...clusterStatus, nodesRunning: 1, initNodeId: 'nod_a' };
  const texts = { spec: JSON.stringify(cluster.spec), labels: '{}', status: JSON.stringify(oldCluster) };
  const pems = { ca_certificate: 'ca', client_certificate: 'crt' };
  put('cluster', { id: 'clu_a', project_id: 'prj_a', name: 'a', state: 3, ...texts, ...pems, ...meta });
  const poolStatus = { state: 1, reason: '', message: '', conditions: [], nodesTotal: 1, nodesRunning: 1, missing: 0 };
  put('pool', {
    ...{ id: 'pol_a', project_id: 'prj_a', cluster_id: 'clu_a', cluster_name: 'a', name: 'a', labels: '{}', role: 1 },
    ...{ spec: JSON.stringify({ size: 1 }), template_revision: 1, spec_changed_at: 1, state: 1, ...meta },
    status: JSON.stringify({ ...poolStatus, mismatches: [] }),
  });
  const host = { os: 'debian', arch: 'amd64', cpus: 4, memory_bytes: 1, disk_bytes: 1, facts: '{}' };
  put('machine', {
    ...{ id: 'mch_a', project_id: 'prj_a', name: 'a', labels: '{}', provider: '', region: '', zone: '' },
    ...{ wanted_pool_id: '', quarantined: 0, quarantine_reason: '', token_id: '', identity_key_sha256: 's' },
    ...{ identity_key: Buffer.from([1]), install_id: '', state: 3, node_id: 'nod_a', ...host, ...meta },
    ...{
      status: JSON.stringify({ state: 3, reason: '', message: '', conditions: [] }),
      session: 1,
      remote_address: '',
    },
  });
  const running = someNodeStatus(NodeState.RUNNING, { readyAtMs: nowMs });
  for (const [id, machineId, status] of [
    ['nod_a', 'mch_a', running],
    ['nod_b', 'mch_b', someNodeStatus(NodeState.PENDING)],
  ] as const) {
    const { drain: _drain, observedTemplateRevision: _revision, ...old } = status;
    const node = someNode(pool, machine, id);
    put('node', {
      ...{ id, project_id: 'prj_a', cluster_id: 'clu_a', cluster_name: 'a', pool_id: 'pol_a', pool_name: 'a' },
      ...{ machine_id: machineId, machine_name: 'a', name: 'a', role: node.role, template_revision: 1 },
      ...{ kubernetes_version: node.kubernetesVersion, retry_count: 0, state: status.state, ready: 1, schedulable: 1 },
      ...{ warning: '', status: JSON.stringify(old), ...meta },
    });
  }
  return db;
}

test('the first schema is the one that was shipped', () => {
  const text = start.statements(schemaBuilder).map((q) => q.sql);
  expect(createHash('sha256').update(text.join(';\n')).digest('hex')).toBe(startSha256);
});

test('a database of the first schema moves on and loses nothing', async () => {
  const db = aDatabaseOfTheStart();
  const options = { file: ':memory:', hostId: 'h', nowMs, random: seededRandom(1), takeOver: false };
  prepareDatabase(db, options);
  const read = sqliteReads(db);
  expect(await read.project('default')).toMatchObject({ id: 'prj_a', version: 3, goneAtMs: undefined });
  expect((await read.cluster('clu_a'))?.status).toMatchObject({ controlPlaneReplicas: 0, missingRights: [] });
  expect(await read.pool('pol_a')).toMatchObject({
    rolloutRevision: 1,
    status: { nodesUpdated: 0 },
    health: undefined,
  });
  expect(await read.machine('mch_a')).toMatchObject({ preserved: false, remediationDisabled: false, pause: undefined });
  expect(await read.node('nod_a')).toMatchObject({
    cordon: undefined,
    status: { readyAtMs: nowMs, observedTemplateRevision: 0, drain: undefined },
  });
  const seats = db.raw.prepare('select id, was_ready from node order by id').all();
  expect(seats).toEqual([
    { id: 'nod_a', was_ready: 1 },
    { id: 'nod_b', was_ready: 0 },
  ]);
  // Twice is as good as once.
  prepareDatabase(db, options);
  db.close();
});
