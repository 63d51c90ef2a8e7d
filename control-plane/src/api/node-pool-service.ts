import {
  completePoolSpec,
  labelViolations,
  nameViolations,
  nextTemplateRevision,
  poolUpdateViolations,
  type ClusterRecord,
  type PoolRecord,
  type Store,
} from '@flotilla/core';
import { FlotillaError, invalidArgument, newId } from '@flotilla/kit';
import {
  CreateNodePoolRequest,
  DeleteNodePoolRequest,
  EventSeverity,
  NodePool,
  NodePoolRole,
  UpdateNodePoolRequest,
  type NodePoolSpec,
} from '@flotilla/proto';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { findCluster, findPool } from './find.js';
import { toListQuery } from './list.js';
import { masked } from './mask.js';
import type { ApiParts } from './parts.js';
import { toNodePool } from './wire.js';
import { earlier, expectEtag, write, type Act, type Written } from './write.js';

export function nodePoolService(parts: ApiParts): ServiceHandlers<'NodePoolService'> {
  const { store } = parts;
  return {
    createNodePool: (request, call) => createNodePool(parts, request, call),

    async getNodePool(request, call) {
      const record = await findPool(store.read, call.project.id, request.cluster, request.nodePool);
      return { nodePool: toNodePool(record, call.project.name) };
    },

    async listNodePools(request, call) {
      const cluster =
        request.cluster === '' ? undefined : await findCluster(store.read, call.project.id, request.cluster);
      const page = await store.read.pools({
        ...toListQuery(request.options),
        projectId: call.project.id,
        ...(cluster === undefined ? {} : { clusterId: cluster.id }),
      });
      return {
        nodePools: page.items.map((record) => toNodePool(record, call.project.name)),
        nextPageToken: page.nextPageToken,
      };
    },

    async updateNodePool(request, call) {
      const content = UpdateNodePoolRequest.encode(request).finish();
      const before = await earlier(store, call, request.options, content);
      const record = await findPool(store.read, call.project.id, request.cluster, before ?? request.nodePool);
      const unchanged = {
        nodePool: toNodePool(record, call.project.name),
        revision: BigInt(await store.read.revision()),
      };
      if (before !== undefined) return unchanged;
      refuseDeleting(record);
      const cluster = await findCluster(store.read, call.project.id, record.clusterId);
      const spec = planUpdate(request, record, cluster, parts);
      const written = await write(store, call, request.options, content, update(call, record, spec, request.etag));
      if (written.kind === 'dry') return { ...unchanged, nodePool: { ...unchanged.nodePool, spec } };
      return answer(store, call, written);
    },

    async deleteNodePool(request, call) {
      const content = DeleteNodePoolRequest.encode(request).finish();
      const before = await earlier(store, call, request.options, content);
      const record = await findPool(store.read, call.project.id, request.cluster, before ?? request.nodePool);
      const unchanged = {
        nodePool: toNodePool(record, call.project.name),
        revision: BigInt(await store.read.revision()),
      };
      if (before !== undefined || record.deleteRequestedAtMs !== undefined) return unchanged;
      refuseControlPlane(record);
      const written = await write(store, call, request.options, content, deletion(call, record, request.etag));
      return written.kind === 'dry' ? unchanged : answer(store, call, written);
    },
  };
}

interface Answer {
  readonly nodePool: NodePool | undefined;
  readonly revision: bigint;
}

async function answer(
  store: Store,
  call: ProjectCall,
  written: Written & { kind: 'written' | 'replayed' },
): Promise<Answer> {
  const record = await findPool(store.read, call.project.id, '', written.resourceId);
  return { nodePool: toNodePool(record, call.project.name), revision: BigInt(written.revision) };
}

async function createNodePool(parts: ApiParts, request: CreateNodePoolRequest, call: ProjectCall): Promise<Answer> {
  const { store } = parts;
  const content = CreateNodePoolRequest.encode(request).finish();
  const before = await earlier(store, call, request.options, content);
  if (before !== undefined) {
    return answer(store, call, { kind: 'replayed', resourceId: before, revision: await store.read.revision() });
  }
  const cluster = await findCluster(store.read, call.project.id, request.cluster);
  const spec = planNew(request, cluster, parts);
  await refuseTaken(parts, cluster, request.name);
  const id = newId('pol', parts.random);
  const written = await write(store, call, request.options, content, creation(call, request, cluster, spec, id));
  if (written.kind === 'dry') {
    const meta = { name: request.name, project: call.project.name, labels: request.labels };
    return { nodePool: NodePool.fromPartial({ meta, cluster: cluster.name, spec }), revision: 0n };
  }
  return answer(store, call, written);
}

function planNew(request: CreateNodePoolRequest, cluster: ClusterRecord, { artifacts }: ApiParts): NodePoolSpec {
  if (cluster.deleteRequestedAtMs !== undefined) throw beingDeleted('cluster', cluster.name);
  const { value, violations } = completePoolSpec(request.spec, {
    catalogue: artifacts.catalogue,
    cluster: cluster.spec,
  });
  const all = [...nameViolations('name', request.name), ...labelViolations('labels', request.labels), ...violations];
  if (value.role === NodePoolRole.CONTROL_PLANE) {
    all.push({ field: 'spec.role', description: 'must be WORKER: the control-plane pool is made with its cluster' });
  }
  if (all.length > 0) throw invalidArgument(all);
  return value;
}

function planUpdate(
  request: UpdateNodePoolRequest,
  record: PoolRecord,
  cluster: ClusterRecord,
  { artifacts }: ApiParts,
): NodePoolSpec {
  const wanted = masked(record.spec, request.spec, request.updateMask);
  const { value, violations } = completePoolSpec(wanted, { catalogue: artifacts.catalogue, cluster: cluster.spec });
  const all = [...violations, ...poolUpdateViolations(record.spec, value)];
  if (all.length > 0) throw invalidArgument(all);
  return value;
}

async function refuseTaken({ store }: ApiParts, cluster: ClusterRecord, name: string): Promise<void> {
  if ((await store.read.poolByName(cluster.id, name)) === undefined) return;
  throw new FlotillaError('NAME_TAKEN', `Cluster ${cluster.name} already has a pool ${name}.`, {
    kind: 'already-exists',
    remedy: 'Choose another name, or change the one there is: flotilla get pools',
    violations: [{ field: 'name', description: 'is taken' }],
  });
}

function creation(
  call: ProjectCall,
  request: CreateNodePoolRequest,
  cluster: ClusterRecord,
  spec: NodePoolSpec,
  id: string,
): Act {
  const membership = spec.size === undefined ? 'is open to machines that enroll for it' : `wants ${spec.size} nodes`;
  return {
    changes: [
      {
        kind: 'pool.spec',
        pool: {
          id,
          projectId: call.project.id,
          clusterId: cluster.id,
          clusterName: cluster.name,
          name: request.name,
          labels: request.labels,
          spec,
          templateRevision: 1,
        },
      },
    ],
    expect: [{ kind: 'pool', id, version: 0 }],
    event: {
      resourceKind: 'pool',
      resourceId: id,
      resourceName: request.name,
      projectId: call.project.id,
      severity: EventSeverity.NORMAL,
      category: 'Lifecycle',
      reason: 'PoolCreated',
      message: `${call.actor} created the pool in cluster ${cluster.name}; it ${membership}.`,
    },
    audit: { action: 'pool.create', resourceKind: 'pool', resourceId: id, details: { name: request.name } },
    response: id,
  };
}

function update(call: ProjectCall, record: PoolRecord, spec: NodePoolSpec, etag: string): Act {
  const { id, projectId, clusterId, clusterName, name, labels } = record;
  const templateRevision = nextTemplateRevision(record.spec, spec, record.templateRevision);
  const size = (value: number | undefined): string => (value === undefined ? 'open' : String(value));
  const resized = record.spec.size === spec.size ? '' : ` size ${size(record.spec.size)} -> ${size(spec.size)};`;
  const retemplated = templateRevision === record.templateRevision ? '' : ` template revision ${templateRevision};`;
  return {
    changes: [
      { kind: 'pool.spec', pool: { id, projectId, clusterId, clusterName, name, labels, spec, templateRevision } },
    ],
    expect: [expectEtag('pool', record, etag)],
    event: {
      resourceKind: 'pool',
      resourceId: id,
      severity: EventSeverity.NORMAL,
      category: 'Lifecycle',
      reason: 'PoolUpdated',
      message:
        `${call.actor} changed the pool:${resized || retemplated ? `${resized}${retemplated}` : ' nothing that differs;'}`.replace(
          /;$/,
          '.',
        ),
    },
    audit: { action: 'pool.update', resourceKind: 'pool', resourceId: id, details: { name } },
    response: id,
  };
}

function deletion(call: ProjectCall, record: PoolRecord, etag: string): Act {
  return {
    changes: [{ kind: 'pool.delete', poolId: record.id }],
    expect: [expectEtag('pool', record, etag)],
    event: {
      resourceKind: 'pool',
      resourceId: record.id,
      severity: EventSeverity.NORMAL,
      category: 'Lifecycle',
      reason: 'PoolDeletionRequested',
      message: `${call.actor} asked to delete the pool: its ${record.status.nodesTotal} nodes leave and are cleaned; the machines stay enrolled.`,
    },
    audit: { action: 'pool.delete', resourceKind: 'pool', resourceId: record.id, details: { name: record.name } },
    response: record.id,
  };
}

function refuseControlPlane(record: PoolRecord): void {
  if (record.spec.role !== NodePoolRole.CONTROL_PLANE) return;
  throw new FlotillaError(
    'CONTROL_PLANE_POOL',
    `Pool ${record.name} runs the control plane of ${record.clusterName}.`,
    {
      kind: 'precondition',
      remedy: `It goes with its cluster: flotilla delete cluster ${record.clusterName}`,
    },
  );
}

function refuseDeleting(record: PoolRecord): void {
  if (record.deleteRequestedAtMs !== undefined) throw beingDeleted('pool', record.name);
}

function beingDeleted(kind: string, name: string): FlotillaError {
  return new FlotillaError('BEING_DELETED', `The ${kind} ${name} is being deleted.`, {
    kind: 'precondition',
    remedy: 'Wait until it is gone; then the name is free again.',
  });
}
