import { NodeState } from '@flotilla/proto';
import type { PoolMember } from '../domain/views.js';

/**
 * Who leaves first when a pool shrinks, as published: the unhealthy, then the cordoned, then the oldest template revision,
 * then the youngest. Ids settle what is left, so that two looks choose the same.
 */
export function releaseOrder(members: readonly PoolMember[]): PoolMember[] {
  return [...members].sort(
    (a, b) =>
      Number(isHealthy(a)) - Number(isHealthy(b)) ||
      Number(isSchedulable(a)) - Number(isSchedulable(b)) ||
      a.templateRevision - b.templateRevision ||
      b.claimedAtMs - a.claimedAtMs ||
      (a.nodeId < b.nodeId ? -1 : 1),
  );
}

/** Runs, is Ready and has no warning. A node that is still joining is not healthy yet: it has the least to lose. */
function isHealthy(member: PoolMember): boolean {
  const running = member.state === NodeState.RUNNING || member.state === NodeState.RUNNING_SCHEDULING_DISABLED;
  return running && member.ready && member.warning === '';
}

const isSchedulable = (member: PoolMember): boolean => member.state !== NodeState.RUNNING_SCHEDULING_DISABLED;
