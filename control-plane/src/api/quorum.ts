import type { ClusterRecord, NodeRecord, Store } from '@flotilla/core';
import { FlotillaError } from '@flotilla/kit';
import { NodePoolRole, NodeState } from '@flotilla/proto';

const running: readonly NodeState[] = [NodeState.RUNNING, NodeState.RUNNING_SCHEDULING_DISABLED];

/** What is left of a control plane when one member is taken out. */
export interface QuorumView {
  /** Members that are there now, this one included. */
  readonly members: number;
  /** Members other than this one that run and stay. */
  readonly othersRunning: number;
}

/** Why taking the member out would risk the cluster, or undefined. etcd of n members needs floor(n/2)+1 of them. */
export function quorumProblem({ members, othersRunning }: QuorumView): string | undefined {
  if (members <= 1) return 'it is the only member';
  const left = members - 1;
  const needed = Math.floor(left / 2) + 1;
  if (othersRunning >= needed) return undefined;
  return `of the ${left} others ${othersRunning} run, and ${needed} are needed`;
}

/**
 * Refuses to take a control-plane node out when the rest could lose quorum. Only ours: of an EXTERNAL cluster no node is
 * a member.
 */
export async function refuseQuorumLoss(
  reads: Pick<Store['read'], 'views' | 'cluster'>,
  record: Pick<NodeRecord, 'id' | 'name' | 'role' | 'clusterId'>,
): Promise<void> {
  if (record.role !== NodePoolRole.CONTROL_PLANE) return;
  const view = await reads.views.cluster(record.clusterId);
  // A cluster that is deleted needs no quorum any more.
  if (view === undefined || view.cluster.deleteRequestedAtMs !== undefined) return;
  const others = view.controlPlane.map(({ node }) => node).filter(({ id }) => id !== record.id);
  const problem = quorumProblem({
    members: others.length + 1,
    othersRunning: others.filter((node) => running.includes(node.status.state) && node.removal === undefined).length,
  });
  if (problem !== undefined) throw atRisk(record.name, view.cluster, problem);
}

function atRisk(name: string, cluster: ClusterRecord, problem: string): FlotillaError {
  return new FlotillaError(
    'QUORUM_AT_RISK',
    `${name} runs the control plane of ${cluster.name}, and cannot be taken out: ${problem}.`,
    {
      kind: 'precondition',
      remedy: `See its members: flotilla describe cluster ${cluster.name}. To give up the whole cluster: flotilla delete cluster ${cluster.name}`,
    },
  );
}
