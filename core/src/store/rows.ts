import { ClusterSpec, MachineFacts, MachineTarget, NodePoolSpec, ObservedState } from '@flotilla/proto';
import type {
  ApiKeyRecord,
  AuditRecord,
  CertificateRecord,
  ClusterRecord,
  EventRecord,
  MachineRecord,
  MemberRecord,
  NodeRecord,
  PoolRecord,
  ProjectRecord,
  ResourceKind,
  TargetRecord,
  TokenRecord,
} from '../domain/records.js';
import type { RepairRecord } from '../domain/health-records.js';
import {
  clusterStatusFrom,
  cordonFrom,
  drainWishFrom,
  labelsFrom,
  locationFrom,
  machineHealthFrom,
  machineStatusFrom,
  nodeHealthFrom,
  nodeStatusFrom,
  pauseFrom,
  poolStatusFrom,
  removalFrom,
  replaceWishFrom,
  rungResultsFrom,
  scopeHealthFrom,
} from './json.js';
import type {
  ApiKeyTable,
  AuditTable,
  CertificateTable,
  ClusterTable,
  EventTable,
  MachineTable,
  MemberTable,
  NodeTable,
  PoolTable,
  ProjectTable,
  RepairTable,
  TargetTable,
  TokenTable,
} from './schema.js';

/** Rows of the tables as records of the domain. */

interface MetaRow {
  readonly id: string;
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
}
const metaOf = (row: MetaRow) => ({
  id: row.id,
  version: row.version,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
});
const maybe = <T>(value: T | null): T | undefined => value ?? undefined;

export function toProject(row: ProjectTable): ProjectRecord {
  return {
    ...metaOf(row),
    name: row.name,
    displayName: row.display_name,
    labels: labelsFrom(row.labels),
    deleteRequestedAtMs: maybe(row.delete_requested_at),
    goneAtMs: maybe(row.gone_at),
  };
}

export function toMember(row: MemberTable): MemberRecord {
  return { ...metaOf(row), projectId: row.project_id, subject: row.subject, role: row.role };
}

export function toCluster(row: ClusterTable): ClusterRecord {
  const hasKeys = row.client_spki !== null && row.sealed_client_key !== null && row.sealed_certificate_key !== null;
  const hasAccess = hasKeys || row.sealed_kubeconfig !== null;
  return {
    ...metaOf(row),
    projectId: row.project_id,
    name: row.name,
    labels: labelsFrom(row.labels),
    spec: ClusterSpec.fromJSON(JSON.parse(row.spec)),
    deleteRequestedAtMs: maybe(row.delete_requested_at),
    goneAtMs: maybe(row.gone_at),
    status: clusterStatusFrom(row.status),
    access: hasAccess
      ? {
          clientSpki: new Uint8Array(row.client_spki ?? []),
          sealedClientKey: new Uint8Array(row.sealed_client_key ?? []),
          sealedCertificateKey: new Uint8Array(row.sealed_certificate_key ?? []),
          caCertificate: row.ca_certificate,
          clientCertificate: row.client_certificate,
          sealedKubeconfig: new Uint8Array(row.sealed_kubeconfig ?? []),
        }
      : undefined,
    pause: pauseFrom(row.pause),
    health: scopeHealthFrom(row.health),
  };
}

export function toPool(row: PoolTable): PoolRecord {
  return {
    ...metaOf(row),
    projectId: row.project_id,
    clusterId: row.cluster_id,
    clusterName: row.cluster_name,
    name: row.name,
    labels: labelsFrom(row.labels),
    spec: NodePoolSpec.fromJSON(JSON.parse(row.spec)),
    templateRevision: row.template_revision,
    rolloutRevision: row.rollout_revision,
    deleteRequestedAtMs: maybe(row.delete_requested_at),
    goneAtMs: maybe(row.gone_at),
    status: poolStatusFrom(row.status),
    pause: pauseFrom(row.pause),
    health: scopeHealthFrom(row.health),
  };
}

export function toMachine(row: MachineTable): MachineRecord {
  const located = row.provider !== '' || row.region !== '' || row.zone !== '';
  return {
    ...metaOf(row),
    projectId: row.project_id,
    name: row.name,
    labels: labelsFrom(row.labels),
    location: located ? { provider: row.provider, region: row.region, zone: row.zone } : undefined,
    wantedPoolId: row.wanted_pool_id,
    quarantined: row.quarantined === 1,
    quarantineReason: row.quarantine_reason,
    remediationDisabled: row.remediation_disabled === 1,
    preserved: row.preserved === 1,
    pause: pauseFrom(row.pause),
    health: machineHealthFrom(row.health),
    retireRequestedAtMs: maybe(row.retire_requested_at),
    tokenId: row.token_id,
    identityKeySha256: row.identity_key_sha256,
    identityKey: new Uint8Array(row.identity_key),
    installId: row.install_id,
    status: machineStatusFrom(row.status),
    nodeId: row.node_id,
    facts: MachineFacts.fromJSON(JSON.parse(row.facts)),
    observed: row.observed === null ? undefined : ObservedState.fromJSON(JSON.parse(row.observed)),
    observedAtMs: maybe(row.observed_at),
    session: row.session,
    lastSeenAtMs: maybe(row.last_seen_at),
    remoteAddress: row.remote_address,
  };
}

export function toNode(row: NodeTable): NodeRecord {
  return {
    ...metaOf(row),
    projectId: row.project_id,
    clusterId: row.cluster_id,
    clusterName: row.cluster_name,
    poolId: row.pool_id,
    poolName: row.pool_name,
    machineId: row.machine_id,
    machineName: row.machine_name,
    name: row.name,
    role: row.role,
    templateRevision: row.template_revision,
    kubernetesVersion: row.kubernetes_version,
    removal: removalFrom(row.removal),
    retryCount: row.retry_count,
    cordon: cordonFrom(row.cordon),
    drain: drainWishFrom(row.drain),
    replace: replaceWishFrom(row.replace),
    health: nodeHealthFrom(row.health),
    status: nodeStatusFrom(row.status),
    endedAtMs: maybe(row.ended_at),
  };
}

export function toRepair(row: RepairTable): RepairRecord {
  return {
    id: row.id,
    version: row.version,
    projectId: row.project_id,
    clusterId: row.cluster_id,
    poolId: row.pool_id,
    nodeId: row.node_id,
    machineId: row.machine_id,
    cause: row.cause,
    rung: row.rung,
    attempt: row.attempt,
    state: row.state,
    message: row.message,
    startedAtMs: row.started_at,
    rungStartedAtMs: row.rung_started_at,
    rungDeadlineAtMs: row.rung_deadline_at,
    bootId: row.boot_id,
    endedAtMs: maybe(row.ended_at),
    history: rungResultsFrom(row.history),
  };
}

export function toTarget(row: TargetTable): TargetRecord {
  return {
    machineId: row.machine_id,
    generation: row.generation,
    target: MachineTarget.fromJSON(JSON.parse(row.target)),
    writtenAtMs: row.written_at,
  };
}

export function toToken(row: TokenTable): TokenRecord {
  return {
    ...metaOf(row),
    projectId: row.project_id,
    secretHmac: new Uint8Array(row.secret_hmac),
    poolId: row.pool_id,
    clusterName: row.cluster_name,
    poolName: row.pool_name,
    maxUses: row.max_uses,
    uses: row.uses,
    expiresAtMs: row.expires_at,
    revokedAtMs: maybe(row.revoked_at),
    labels: labelsFrom(row.labels),
    machineLabels: labelsFrom(row.machine_labels),
    location: locationFrom(row.location),
    sourceCidrs: JSON.parse(row.source_cidrs) as string[], // ours
    createdBy: row.created_by,
  };
}

export function toCertificate(row: CertificateTable): CertificateRecord {
  return {
    serial: row.serial,
    machineId: row.machine_id,
    spkiSha256: row.spki_sha256,
    notBeforeMs: row.not_before,
    notAfterMs: row.not_after,
    state: row.revoked_at === null ? 'ACTIVE' : 'REVOKED',
    issuedAtMs: row.issued_at,
    revokedAtMs: maybe(row.revoked_at),
  };
}

export function toApiKey(row: ApiKeyTable): ApiKeyRecord {
  return {
    ...metaOf(row),
    projectId: row.project_id,
    name: row.name,
    role: row.role,
    secretHash: new Uint8Array(row.secret_hash),
    expiresAtMs: row.expires_at,
    revokedAtMs: maybe(row.revoked_at),
    lastUsedAtMs: maybe(row.last_used_at),
  };
}

export function toEvent(row: EventTable): EventRecord {
  return {
    revision: row.revision,
    id: `evt_${row.revision}`,
    atMs: row.at,
    projectId: row.project_id,
    resourceKind: row.resource_kind as ResourceKind, // written from the same union
    resourceId: row.resource_id,
    resourceName: row.resource_name,
    severity: row.severity,
    category: row.category,
    reason: row.reason,
    message: row.message,
    count: row.count,
  };
}

export function toAudit(row: AuditTable): AuditRecord {
  return {
    sequence: row.sequence,
    atMs: row.at,
    projectId: row.project_id,
    actor: row.actor,
    remoteAddress: row.remote_address,
    action: row.action,
    resourceKind: row.resource_kind,
    resourceId: row.resource_id,
    result: row.result === 'OK' ? 'OK' : 'REFUSED',
    details: labelsFrom(row.details),
    epoch: row.epoch,
    hash: row.hash,
    previousHash: row.previous_hash,
  };
}
