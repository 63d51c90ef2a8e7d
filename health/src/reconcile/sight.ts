import type { ClusterRecord, EngineContext, NodeRecord, PoolRecord } from '@flotilla/core';
import type { Instant } from '@flotilla/kit';
import { NodePoolRole, NodeState } from '@flotilla/proto';
import type { NodeSight } from '../plan/evidence.js';
import { rulesOf } from '../plan/policy.js';

/** What a verdict about a node is made of, in the narrow form that records and views share. */
export interface NodeFacts {
  readonly nodeName: string;
  readonly machineId: string;
  readonly role: NodePoolRole;
  readonly state: NodeState;
  readonly wasReady: boolean;
  readonly claimedAtMs: number;
}

export const factsOfNode = (node: NodeRecord): NodeFacts => ({
  nodeName: node.name,
  machineId: node.machineId,
  role: node.role,
  state: node.status.state,
  wasReady: node.status.readyAtMs !== undefined,
  claimedAtMs: node.createdAtMs,
});

/** Both witnesses of a node now. */
export function sightOf(
  context: EngineContext,
  node: NodeFacts,
  pool: PoolRecord,
  cluster: ClusterRecord,
  now: Instant,
): NodeSight {
  return {
    live: context.ports.sessions.live(node.machineId),
    witness: context.witness(cluster.id, node.nodeName, node.machineId),
    wasReady: node.wasReady,
    // A worker waits for the control plane, and that is not its fault.
    startsAtMs: Math.max(node.claimedAtMs, startOf(node.role, cluster)),
    waits: node.state === NodeState.PENDING,
    rules: rulesOf(pool.spec),
    now,
  };
}

function startOf(role: NodePoolRole, { status }: ClusterRecord): number {
  if (role === NodePoolRole.CONTROL_PLANE) return 0;
  return status.provisionedAtMs ?? Number.MAX_SAFE_INTEGER;
}
