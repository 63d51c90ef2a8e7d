import type { ListQuery, NodeRecord, Store } from '@flotilla/core';
import {
  CordonNodeRequest,
  DrainNodeRequest,
  RemoveNodeRequest,
  ReplaceNodeRequest,
  RetryNodeRequest,
  UncordonNodeRequest,
  type Node,
  type WriteOptions,
} from '@flotilla/proto';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { findCluster, findNode, findPool } from './find.js';
import { latestRepairs } from './kept-reads.js';
import { toListQuery } from './list.js';
import { livenessById } from './liveness.js';
import { planCordon, planDrain, planRemoval, planReplacement, planRetry, planUncordon } from './node-acts.js';
import type { ApiParts } from './parts.js';
import { perform, type Verb } from './verb.js';
import { toNode } from './wire.js';

interface NodeRequest {
  readonly cluster: string;
  readonly node: string;
  readonly options: WriteOptions | undefined;
}

export function nodeService(parts: ApiParts): ServiceHandlers<'NodeService'> {
  const { store, liveness } = parts;
  const repairs = latestRepairs(store);
  const show = async (record: NodeRecord, call: ProjectCall): Promise<Node> => {
    const [live, repair] = await Promise.all([
      livenessById(store.read, record.machineId, liveness),
      // A node whose health nobody has judged was never repaired.
      record.health === undefined ? undefined : repairs.of(record.id),
    ]);
    return toNode(record, call.project.name, live, repair);
  };
  const act = async (
    request: NodeRequest,
    content: Uint8Array,
    call: ProjectCall,
    plan: Verb<NodeRecord>['plan'],
  ): Promise<{ node: Node; revision: bigint }> => {
    const { record, revision } = await perform(store, call, {
      content,
      options: request.options,
      named: request.node,
      etag: '',
      find: (named) => findNode(store.read, call.project.id, request.cluster, named),
      plan,
    });
    return { node: await show(record, call), revision };
  };
  return {
    async getNode(request, call) {
      return { node: await show(await findNode(store.read, call.project.id, request.cluster, request.node), call) };
    },

    async listNodes(request, call) {
      const scope = await scopeOf(store, call.project.id, request.cluster, request.nodePool);
      const page = await store.read.nodes({
        ...toListQuery(request.options),
        ...scope,
        projectId: call.project.id,
        includeEnded: request.showDeleted,
      });
      return {
        nodes: await Promise.all(page.items.map((record) => show(record, call))),
        nextPageToken: page.nextPageToken,
      };
    },

    removeNode: (request, call) =>
      act(request, RemoveNodeRequest.encode(request).finish(), call, (record) =>
        planRemoval(store, call, record, request),
      ),
    replaceNode: (request, call) =>
      act(request, ReplaceNodeRequest.encode(request).finish(), call, (record) =>
        planReplacement(store, call, record, request.drain),
      ),
    cordonNode: (request, call) =>
      act(request, CordonNodeRequest.encode(request).finish(), call, (record) => planCordon(call, record)),
    uncordonNode: (request, call) =>
      act(request, UncordonNodeRequest.encode(request).finish(), call, (record) => planUncordon(call, record)),
    drainNode: (request, call) =>
      act(request, DrainNodeRequest.encode(request).finish(), call, (record) => planDrain(call, record, request.drain)),
    retryNode: (request, call) =>
      act(request, RetryNodeRequest.encode(request).finish(), call, (record) => planRetry(call, record)),
  };
}

async function scopeOf(
  store: Store,
  projectId: string,
  cluster: string,
  pool: string,
): Promise<Pick<ListQuery, 'clusterId' | 'poolId'>> {
  if (pool !== '') return { poolId: (await findPool(store.read, projectId, cluster, pool)).id };
  return cluster === '' ? {} : { clusterId: (await findCluster(store.read, projectId, cluster)).id };
}
