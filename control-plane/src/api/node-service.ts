import type { Change, Expectation, ListQuery, NodeRecord, Store } from '@flotilla/core';
import { FlotillaError } from '@flotilla/kit';
import { EventSeverity, NodePoolRole, RemoveNodeRequest, RetryNodeRequest, type Node } from '@flotilla/proto';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { findCluster, findNode, findPool } from './find.js';
import { toListQuery } from './list.js';
import { livenessById } from './liveness.js';
import type { ApiParts } from './parts.js';
import { toNode } from './wire.js';
import { earlier, write, type Act } from './write.js';

export function nodeService({ store, liveness }: ApiParts): ServiceHandlers<'NodeService'> {
  const show = async (record: NodeRecord, call: ProjectCall): Promise<Node> =>
    toNode(record, call.project.name, await livenessById(store.read, record.machineId, liveness));
  const answer = async (record: NodeRecord, call: ProjectCall, revision: number) => ({
    node: await show(record, call),
    revision: BigInt(revision),
  });
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

    async removeNode(request, call) {
      const content = RemoveNodeRequest.encode(request).finish();
      const before = await earlier(store, call, request.options, content);
      const record = await findNode(store.read, call.project.id, request.cluster, before ?? request.node);
      if (before !== undefined || record.removal !== undefined || record.endedAtMs !== undefined) {
        return answer(record, call, await store.read.revision());
      }
      refuseControlPlane(record);
      const written = await write(
        store,
        call,
        request.options,
        content,
        await removal(store, call, record, request.shrink),
      );
      if (written.kind === 'dry') return answer(record, call, 0);
      return answer(await findNode(store.read, call.project.id, '', record.id), call, written.revision);
    },

    async retryNode(request, call) {
      const content = RetryNodeRequest.encode(request).finish();
      const before = await earlier(store, call, request.options, content);
      const record = await findNode(store.read, call.project.id, request.cluster, before ?? request.node);
      if (before !== undefined) return answer(record, call, await store.read.revision());
      if (record.endedAtMs !== undefined) throw ended(record);
      const written = await write(store, call, request.options, content, {
        changes: [{ kind: 'node.retry', nodeId: record.id }],
        event: {
          resourceKind: 'node',
          resourceId: record.id,
          severity: EventSeverity.NORMAL,
          category: 'Lifecycle',
          reason: 'RetryRequested',
          message: `${call.actor} asked to try the parked phase again.`,
        },
        audit: { action: 'node.retry', resourceKind: 'node', resourceId: record.id, details: { name: record.name } },
        response: record.id,
      });
      if (written.kind === 'dry') return answer(record, call, 0);
      return answer(await findNode(store.read, call.project.id, '', record.id), call, written.revision);
    },
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

async function removal(store: Store, call: ProjectCall, record: NodeRecord, shrink: boolean): Promise<Act> {
  const changes: Change[] = [
    {
      kind: 'node.remove',
      nodeId: record.id,
      removal: { atMs: call.nowMs, reason: 'OperatorRemoved', by: call.actor, drain: true },
    },
  ];
  const expect: Expectation[] = [{ kind: 'node', id: record.id, version: record.version }];
  const pool = shrink ? await store.read.pool(record.poolId) : undefined;
  if (pool?.spec.size !== undefined) {
    const { id, projectId, clusterId, clusterName, name, labels, templateRevision } = pool;
    const spec = { ...pool.spec, size: Math.max(0, pool.spec.size - 1) };
    changes.push({
      kind: 'pool.spec',
      pool: { id, projectId, clusterId, clusterName, name, labels, templateRevision, spec },
    });
    expect.push({ kind: 'pool', id, version: pool.version });
  }
  const place = pool?.spec.size === undefined ? '' : ` The pool shrinks to ${Math.max(0, pool.spec.size - 1)}.`;
  return {
    changes,
    expect,
    event: {
      resourceKind: 'node',
      resourceId: record.id,
      severity: EventSeverity.NORMAL,
      category: 'Lifecycle',
      reason: 'RemovalRequested',
      message: `${call.actor} asked to remove the node: it is drained, leaves and is cleaned.${place}`,
    },
    audit: {
      action: 'node.remove',
      resourceKind: 'node',
      resourceId: record.id,
      details: { name: record.name, shrink: String(shrink) },
    },
    response: record.id,
  };
}

function refuseControlPlane(record: NodeRecord): void {
  if (record.role !== NodePoolRole.CONTROL_PLANE) return;
  throw new FlotillaError(
    'CONTROL_PLANE_NODE',
    `${record.name} runs the control plane of ${record.clusterName}: without it the quorum is at risk.`,
    {
      kind: 'precondition',
      remedy: `To give up the whole cluster: flotilla delete cluster ${record.clusterName}`,
    },
  );
}

function ended(record: NodeRecord): FlotillaError {
  return new FlotillaError('NODE_ENDED', `The node ${record.name} has left its cluster.`, {
    kind: 'precondition',
    remedy: 'See the nodes there are: flotilla get nodes',
  });
}
