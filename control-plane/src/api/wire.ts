import type { ClusterRecord, MachineRecord, NodeRecord, PoolRecord, ProjectRecord, RepairRecord } from '@flotilla/core';
import { Cluster, Machine, Node, NodePool, Project, ProjectState, type SessionState } from '@flotilla/proto';
import { toDate, toMeta } from './wire-meta.js';
import { toHold, toNodeDrain, toNodeHealth, toPause } from './wire-health.js';

/** The only translator between records and the messages that operators see. Nothing secret has a field to go to. */

/** What is known now about a machine's session, beside its record. */
export interface Liveness {
  readonly session: SessionState;
  readonly lastSeenAtMs: number | undefined;
}

/** `message`: what a deletion waits for. */
export function toProject(record: ProjectRecord, message = ''): Project {
  return Project.create({
    meta: toMeta(record, record.name, '', record.deleteRequestedAtMs),
    displayName: record.displayName,
    state: record.deleteRequestedAtMs === undefined ? ProjectState.ACTIVE : ProjectState.DELETING,
    message,
  });
}

export function toCluster(record: ClusterRecord, project: string, nowMs: number): Cluster {
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
      controlPlaneReplicas: status.controlPlaneReplicas,
      controlPlaneRunning: status.controlPlaneRunning,
      missingRights: [...status.missingRights],
      holds: (record.health?.holds ?? []).map(toHold),
      pause: toPause(record.pause, nowMs),
    },
  });
}

export function toNodePool(record: PoolRecord, project: string, nowMs: number): NodePool {
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
      nodesUpdated: status.nodesUpdated,
      nodesHealthy: record.health?.healthy ?? status.nodesRunning,
      holds: (record.health?.holds ?? []).map(toHold),
      pause: toPause(record.pause, nowMs),
    },
  });
}

export function toMachine(
  record: MachineRecord,
  project: string,
  live: Liveness,
  around: { readonly generation: number; readonly epoch: number; readonly nowMs: number },
): Machine {
  const { generation, epoch, nowMs } = around;
  const { status } = record;
  return Machine.create({
    meta: toMeta(record, record.name, project, record.retireRequestedAtMs),
    spec: {
      location: record.location,
      wantedPoolId: record.wantedPoolId,
      quarantined: record.quarantined,
      quarantineReason: record.quarantineReason,
      remediationDisabled: record.remediationDisabled,
    },
    status: {
      state: status.state,
      reason: status.reason,
      message: status.message,
      session: live.session,
      lastSeenTime: toDate(live.lastSeenAtMs),
      facts: record.facts,
      conditions: [...status.conditions, ...(record.health?.conditions ?? [])],
      nodeId: record.nodeId,
      observed: record.observed,
      targetEpoch: BigInt(generation === 0 ? 0 : epoch),
      targetGeneration: BigInt(generation),
      remoteAddress: record.remoteAddress,
      preserved: record.preserved,
      pause: toPause(record.pause, nowMs),
    },
  });
}

/** `repair`: the run of the ladder that is under way, or the last one. */
export function toNode(record: NodeRecord, project: string, live: Liveness, repair: RepairRecord | undefined): Node {
  const { status } = record;
  return Node.create({
    meta: toMeta(record, record.name, project, record.removal?.atMs),
    cluster: record.clusterName,
    pool: record.poolName,
    machineId: record.machineId,
    machineName: record.machineName,
    role: record.role,
    spec: { cordoned: record.cordon !== undefined || record.drain !== undefined, drained: record.drain !== undefined },
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
      health: toNodeHealth(record.health, repair),
      drain: toNodeDrain(status.drain),
      removalReason: record.removal?.reason ?? record.replace?.reason ?? '',
      observedTemplateRevision: BigInt(status.observedTemplateRevision),
    },
  });
}
