import { Violation } from '../world/kernel.js';
import type { ApiWrite } from '../world/api-server.js';
import type { Model } from './model.js';

/** I3 for what is done through the API server: a durable wish stands behind every cordon, eviction and deletion. */
export function checkEffect({ act, nodeName }: ApiWrite, model: Model): void {
  if (act === 'uncordon') return;
  const node = [...model.nodes.values()].find(({ node: { machineName } }) => machineName === nodeName);
  // The node has ended: what is left of it in the cluster is removed.
  if (node === undefined) return;
  const leaves = node.removal !== undefined || poolGone(model, node.node.poolId);
  const wished = leaves || node.drainWish || node.replaceWish;
  if (act === 'delete-node' && !leaves)
    throw new Violation('I3', `node ${nodeName} was deleted though nobody asked for its removal`);
  if ((act === 'evict' || act === 'delete-pod') && !wished)
    throw new Violation('I3', `a pod of ${nodeName} was evicted though nobody asked for a drain`);
  if (act === 'cordon' && !wished && !node.cordonWish && node.repair === undefined)
    throw new Violation('I3', `${nodeName} was cordoned though nobody asked for it`);
}

function poolGone(model: Model, poolId: string): boolean {
  return model.pools.get(poolId) === undefined;
}
