import type {
  ApiKeyRecord,
  ClusterRecord,
  EventRecord,
  MachineRecord,
  NodeRecord,
  PoolRecord,
  ProjectRecord,
  TargetRecord,
  TokenRecord,
} from '@flotilla/core';
import {
  ApiKey,
  Cluster,
  EnrollmentToken,
  EnrollmentTokenState,
  Event,
  Machine,
  Node,
  NodePool,
  Project,
  ResourceMeta,
  type SessionState,
} from '@flotilla/proto';
import { printedTokenId } from '../enroll/token-format.js';

/** The only translator between records and the messages that operators see. Nothing secret has a field to go to. */

/** What is known now about a machine's session, beside its record. */
export interface Liveness {
  readonly session: SessionState;
  readonly lastSeenAtMs: number | undefined;
}

/** An etag is opaque to callers; ours is the version. */
export function etagOf(record: { readonly version: number }): string {
  return `v${record.version}`;
}

interface MetaSource {
  readonly id: string;
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly labels?: Readonly<Record<string, string>>;
}

function toMeta(source: MetaSource, name: string, project: string, deletedAtMs?: number): ResourceMeta {
  return ResourceMeta.create({
    id: source.id,
    name,
    project,
    createTime: new Date(source.createdAtMs),
    updateTime: new Date(source.updatedAtMs),
    etag: etagOf(source),
    labels: { ...source.labels },
    deleteTime: toDate(deletedAtMs),
  });
}

function toDate(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}

export function toProject(record: ProjectRecord): Project {
  return Project.create({ meta: toMeta(record, record.name, ''), displayName: record.displayName });
}

export function toCluster(record: ClusterRecord, project: string): Cluster {
  const { status, spec } = record;
  return Cluster.create({
    meta: toMeta(record, record.name, project, record.deleteRequestedAtMs),
    spec,
    status: {
      state: status.state,
      reason: status.reason,
      message: status.message,
      conditions: [...status.conditions],
      endpoint: status.endpoint,
      caCertHashes: [...status.caCertHashes],
      kubernetesVersion: spec.kubernetesVersion,
      nodesTotal: status.nodesTotal,
      nodesRunning: status.nodesRunning,
    },
  });
}

export function toNodePool(record: PoolRecord, project: string): NodePool {
  const { status } = record;
  return NodePool.create({
    meta: toMeta(record, record.name, project, record.deleteRequestedAtMs),
    cluster: record.clusterName,
    spec: record.spec,
    status: {
      state: status.state,
      reason: status.reason,
      message: status.message,
      conditions: [...status.conditions],
      nodesTotal: status.nodesTotal,
      nodesRunning: status.nodesRunning,
      templateRevision: BigInt(record.templateRevision),
      missing: status.missing,
      mismatches: [...status.mismatches],
    },
  });
}

export function toMachine(
  record: MachineRecord,
  project: string,
  live: Liveness,
  target: { readonly record: TargetRecord | undefined; readonly epoch: number },
): Machine {
  const { status } = record;
  return Machine.create({
    meta: toMeta(record, record.name, project, record.retireRequestedAtMs),
    spec: {
      location: record.location,
      wantedPoolId: record.wantedPoolId,
      quarantined: record.quarantined,
      quarantineReason: record.quarantineReason,
    },
    status: {
      state: status.state,
      reason: status.reason,
      message: status.message,
      session: live.session,
      lastSeenTime: toDate(live.lastSeenAtMs),
      facts: record.facts,
      conditions: [...status.conditions],
      nodeId: record.nodeId,
      observed: record.observed,
      targetEpoch: BigInt(target.record === undefined ? 0 : target.epoch),
      targetGeneration: BigInt(target.record?.generation ?? 0),
      remoteAddress: record.remoteAddress,
    },
  });
}

export function toNode(record: NodeRecord, project: string, live: Liveness): Node {
  const { status } = record;
  return Node.create({
    meta: toMeta(record, record.name, project, record.removal?.atMs),
    cluster: record.clusterName,
    pool: record.poolName,
    machineId: record.machineId,
    machineName: record.machineName,
    role: record.role,
    status: {
      state: status.state,
      reason: status.reason,
      message: status.message,
      conditions: [...status.conditions],
      phases: [...status.phases],
      templateRevision: BigInt(record.templateRevision),
      // What runs, and before that what is wanted.
      kubernetesVersion: status.kubeletVersion || record.kubernetesVersion,
      internalAddress: status.internalAddress,
      kubernetesReady: status.kubernetesReady,
      schedulable: status.schedulable,
      readyTime: toDate(status.readyAtMs),
      lastSeenTime: toDate(live.lastSeenAtMs),
      session: live.session,
      warning: status.warning,
    },
  });
}

export function toToken(record: TokenRecord, project: string, nowMs: number): EnrollmentToken {
  return EnrollmentToken.create({
    meta: toMeta(record, printedTokenId(record.id), project),
    cluster: record.clusterName,
    pool: record.poolName,
    maxUses: record.maxUses,
    uses: record.uses,
    expireTime: new Date(record.expiresAtMs),
    revokeTime: toDate(record.revokedAtMs),
    machineLabels: { ...record.machineLabels },
    location: record.location,
    sourceCidrs: [...record.sourceCidrs],
    createdBy: record.createdBy,
    state: tokenState(record, nowMs),
  });
}

function tokenState(record: TokenRecord, nowMs: number): EnrollmentTokenState {
  if (record.revokedAtMs !== undefined) return EnrollmentTokenState.REVOKED;
  if (record.uses >= record.maxUses) return EnrollmentTokenState.SPENT;
  return record.expiresAtMs <= nowMs ? EnrollmentTokenState.EXPIRED : EnrollmentTokenState.ACTIVE;
}

export function toApiKey(record: ApiKeyRecord, project: string): ApiKey {
  return ApiKey.create({
    meta: toMeta(record, record.name, project),
    role: record.role,
    expireTime: new Date(record.expiresAtMs),
    lastUsedTime: toDate(record.lastUsedAtMs),
    revokeTime: toDate(record.revokedAtMs),
  });
}

export function toEvent(record: EventRecord, project: string): Event {
  return Event.create({
    id: record.id,
    revision: BigInt(record.revision),
    time: new Date(record.atMs),
    project,
    resourceKind: record.resourceKind,
    resourceId: record.resourceId,
    resourceName: record.resourceName,
    severity: record.severity,
    category: record.category,
    reason: record.reason,
    message: record.message,
    count: record.count,
  });
}
