import {
  toApiKey,
  toCertificate,
  toCluster,
  toMachine,
  toMember,
  toNode,
  toPool,
  toProject,
  toRepair,
  toTarget,
  toToken,
} from '../rows.js';
import type { StoreReads } from '../store.js';
import { builder, type SqliteConnection } from './database.js';
import { eventsAfter, listAudit, listEvents, newestRevision } from './journals.js';
import { listRows } from './lists.js';
import { sqliteViews } from './views.js';

const maybe = <Row, T>(row: Row | undefined, convert: (row: Row) => T): T | undefined =>
  row === undefined ? undefined : convert(row);

/** All reads, on a connection that only reads. */
export function sqliteReads(db: SqliteConnection): StoreReads {
  const views = sqliteViews(db);
  return { ...resourceReads(db), ...nodeReads(db), ...accessReads(db), ...memberReads(db), ...journalReads(db), views };
}

type Resources = Pick<
  StoreReads,
  'project' | 'projects' | 'cluster' | 'clusterByName' | 'clusters' | 'pool' | 'poolByName' | 'pools'
>;

function resourceReads(db: SqliteConnection): Resources {
  return {
    project: async (idOrName) => {
      const query = builder.selectFrom('project').selectAll();
      const named = query.where('name', '=', idOrName).where('gone_at', 'is', null);
      const row = db.first(query.where('id', '=', idOrName)) ?? db.first(named);
      return maybe(row, toProject);
    },
    projects: async (query) => listRows(db, 'project', query, toProject),
    cluster: async (id) => maybe(db.first(builder.selectFrom('cluster').selectAll().where('id', '=', id)), toCluster),
    clusterByName: async (projectId, name) => {
      const query = builder
        .selectFrom('cluster')
        .selectAll()
        .where('project_id', '=', projectId)
        .where('name', '=', name);
      return maybe(db.first(query.where('gone_at', 'is', null)), toCluster);
    },
    clusters: async (query) => listRows(db, 'cluster', query, toCluster),
    pool: async (id) => maybe(db.first(builder.selectFrom('pool').selectAll().where('id', '=', id)), toPool),
    poolByName: async (clusterId, name) => {
      const query = builder.selectFrom('pool').selectAll().where('cluster_id', '=', clusterId).where('name', '=', name);
      return maybe(db.first(query.where('gone_at', 'is', null)), toPool);
    },
    pools: async (query) => listRows(db, 'pool', query, toPool),
  };
}

type Nodes = Pick<StoreReads, 'machine' | 'machineByName' | 'machines' | 'node' | 'nodesByName' | 'nodes' | 'target'>;

function nodeReads(db: SqliteConnection): Nodes {
  return {
    machine: async (id) => maybe(db.first(builder.selectFrom('machine').selectAll().where('id', '=', id)), toMachine),
    machineByName: async (projectId, name) => {
      const query = builder
        .selectFrom('machine')
        .selectAll()
        .where('project_id', '=', projectId)
        .where('name', '=', name);
      return maybe(db.first(query.where('state', '<>', 6)), toMachine);
    },
    machines: async (query) => listRows(db, 'machine', query, toMachine),
    node: async (id) => maybe(db.first(builder.selectFrom('node').selectAll().where('id', '=', id)), toNode),
    nodesByName: async (projectId, name, clusterId) => {
      const query = builder
        .selectFrom('node')
        .selectAll()
        .where('project_id', '=', projectId)
        .where('name', '=', name)
        .where('ended_at', 'is', null)
        .orderBy('id')
        .limit(2);
      return db.all(clusterId === undefined ? query : query.where('cluster_id', '=', clusterId)).map(toNode);
    },
    nodes: async (query) => listRows(db, 'node', query, toNode),
    target: async (machineId) =>
      maybe(db.first(builder.selectFrom('target').selectAll().where('machine_id', '=', machineId)), toTarget),
  };
}

type Access = Pick<
  StoreReads,
  | 'token'
  | 'tokens'
  | 'tokenSpend'
  | 'certificate'
  | 'certificatesOf'
  | 'apiKey'
  | 'apiKeyByName'
  | 'apiKeys'
  | 'request'
>;

function accessReads(db: SqliteConnection): Access {
  return {
    token: async (id) => maybe(db.first(builder.selectFrom('token').selectAll().where('id', '=', id)), toToken),
    tokens: async (query) => listRows(db, 'token', query, toToken),
    tokenSpend: async (tokenId, identityKeySha256) => {
      const query = builder
        .selectFrom('token_spend')
        .select('machine_id')
        .where('token_id', '=', tokenId)
        .where('identity_key_sha256', '=', identityKeySha256);
      return maybe(db.first(query), (row) => ({ machineId: row.machine_id }));
    },
    certificate: async (serial) =>
      maybe(db.first(builder.selectFrom('certificate').selectAll().where('serial', '=', serial)), toCertificate),
    certificatesOf: async (machineId) =>
      db
        .all(builder.selectFrom('certificate').selectAll().where('machine_id', '=', machineId).orderBy('issued_at'))
        .map(toCertificate),
    apiKey: async (id) => maybe(db.first(builder.selectFrom('api_key').selectAll().where('id', '=', id)), toApiKey),
    apiKeyByName: async (projectId, name) => {
      const query = builder
        .selectFrom('api_key')
        .selectAll()
        .where('project_id', '=', projectId)
        .where('name', '=', name);
      return maybe(db.first(query.where('revoked_at', 'is', null)), toApiKey);
    },
    apiKeys: async (query) => listRows(db, 'api_key', query, toApiKey),
    request: async (key, nowMs) => {
      const query = builder.selectFrom('request').select(['fingerprint', 'response']).where('key', '=', key);
      return db.first(query.where('expires_at', '>', nowMs));
    },
  };
}

function memberReads(db: SqliteConnection): Pick<StoreReads, 'members' | 'member' | 'repairsOf'> {
  return {
    members: async (query) => listRows(db, 'member', query, toMember),
    member: async (projectId, subject) => {
      const query = builder.selectFrom('member').selectAll().where('project_id', '=', projectId);
      return maybe(db.first(query.where('subject', '=', subject)), toMember);
    },
    repairsOf: async (nodeId, limit) => {
      const query = builder.selectFrom('repair').selectAll().where('node_id', '=', nodeId);
      return db.all(query.orderBy('started_at', 'desc').orderBy('id', 'desc').limit(limit)).map(toRepair);
    },
  };
}

function journalReads(db: SqliteConnection): Pick<StoreReads, 'revision' | 'eventsAfter' | 'events' | 'audit'> {
  return {
    revision: async () => newestRevision(db),
    eventsAfter: async (revision, limit) => eventsAfter(db, revision, limit),
    events: async (query) => listEvents(db, query),
    audit: async (query) => listAudit(db, query),
  };
}
