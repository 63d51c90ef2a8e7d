import {
  completePoolSpec,
  labelViolations,
  nameViolations,
  nextTemplateRevision,
  poolUpdateViolations,
  type ClusterRecord,
  type Expectation,
  type PoolRecord,
  type Store,
} from '@flotilla/core';
import { FlotillaError, invalidArgument, newId, type FieldViolation } from '@flotilla/kit';
import {
  CreateNodePoolRequest,
  DeleteNodePoolRequest,
  EventSeverity,
  NodePool,
  NodePoolRole,
  NodePoolSpec,
  PauseNodePoolRequest,
  ResumeNodePoolRequest,
  UpdateNodePoolRequest,
  type WriteOptions,
} from '@flotilla/proto';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { findCluster, findPool } from './find.js';
import { toListQuery } from './list.js';
import { maskedPool, parseMask, poolPaths } from './mask.js';
import type { ApiParts } from './parts.js';
import { planPause } from './pause.js';
import { beingDeleted, nameTaken, refuseDeletingProject } from './refusals.js';
import { perform, type Planned, type Verb } from './verb.js';
import { toNodePool } from './wire.js';
import { earlier, expectEtag, write, type Act } from './write.js';

interface PoolRequest {
  readonly cluster: string;
  readonly nodePool: string;
  readonly etag?: string;
  readonly options: WriteOptions | undefined;
}

export function nodePoolService(parts: ApiParts): ServiceHandlers<'NodePoolService'> {
  const { store } = parts;
  const act = async (
    request: PoolRequest,
    content: Uint8Array,
    call: ProjectCall,
    plan: Verb<PoolRecord>['plan'],
  ): Promise<Answer> => {
    const { record, revision } = await perform(store, call, {
      content,
      options: request.options,
      named: request.nodePool,
      etag: request.etag ?? '',
      find: (named) => findPool(store.read, call.project.id, request.cluster, named),
      plan,
    });
    return { nodePool: toNodePool(record, call.project.name, call.nowMs), revision };
  };
  return {
    createNodePool: (request, call) => createNodePool(parts, request, call),

    async getNodePool(request, call) {
      const record = await findPool(store.read, call.project.id, request.cluster, request.nodePool);
      return { nodePool: toNodePool(record, call.project.name, call.nowMs) };
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
        nodePools: page.items.map((record) => toNodePool(record, call.project.name, call.nowMs)),
        nextPageToken: page.nextPageToken,
      };
    },

    updateNodePool: (request, call) =>
      act(request, UpdateNodePoolRequest.encode(request).finish(), call, (record) =>
        planUpdate(parts, call, record, request),
      ),
    deleteNodePool: (request, call) =>
      act(request, DeleteNodePoolRequest.encode(request).finish(), call, (record) =>
        planDeletion(call, record, request.etag),
      ),
    pauseNodePool: (request, call) =>
      act(request, PauseNodePoolRequest.encode(request).finish(), call, (record) =>
        planPause('pool', call, record, request),
      ),
    resumeNodePool: (request, call) =>
      act(request, ResumeNodePoolRequest.encode(request).finish(), call, (record) =>
        planPause('pool', call, record, undefined),
      ),
  };
}

interface Answer {
  readonly nodePool: NodePool | undefined;
  readonly revision: bigint;
}

async function answer(store: Store, call: ProjectCall, id: string, revision: number): Promise<Answer> {
  const record = await findPool(store.read, call.project.id, '', id);
  return { nodePool: toNodePool(record, call.project.name, call.nowMs), revision: BigInt(revision) };
}

async function createNodePool(parts: ApiParts, request: CreateNodePoolRequest, call: ProjectCall): Promise<Answer> {
  const { store } = parts;
  const content = CreateNodePoolRequest.encode(request).finish();
  const before = await earlier(store, call, request.options, content);
  if (before !== undefined) return answer(store, call, before, await store.read.revision());
  refuseDeletingProject(call);
  const cluster = await findCluster(store.read, call.project.id, request.cluster);
  const spec = planNew(request, cluster, parts);
  if ((await store.read.poolByName(cluster.id, request.name)) !== undefined) {
    throw nameTaken(`Cluster ${cluster.name} already has a pool`, request.name, 'flotilla get pools');
  }
  const id = newId('pol', parts.random);
  const written = await write(store, call, request.options, content, creation(call, request, cluster, spec, id));
  if (written.kind === 'dry') {
    const meta = { name: request.name, project: call.project.name, labels: request.labels };
    return { nodePool: NodePool.fromPartial({ meta, cluster: cluster.name, spec }), revision: 0n };
  }
  return answer(store, call, written.resourceId, written.revision);
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

const paths = ['labels', 'spec', ...poolPaths];

async function planUpdate(
  { store, artifacts }: ApiParts,
  call: ProjectCall,
  record: PoolRecord,
  request: UpdateNodePoolRequest,
): Promise<Planned<PoolRecord> | undefined> {
  const expected = expectEtag('pool', record, request.etag);
  if (record.deleteRequestedAtMs !== undefined) throw beingDeleted('pool', record.name);
  const cluster = await findCluster(store.read, call.project.id, record.clusterId);
  const mask = parseMask(request.updateMask, paths);
  const inSpec = mask.filter((path) => path !== 'labels' && path !== 'spec');
  const takesSpec = mask.length === 0 || mask.includes('spec') || inSpec.length > 0;
  const wanted = takesSpec ? maskedPool(record.spec, request.spec, mask.includes('spec') ? [] : inSpec) : record.spec;
  const labels = mask.includes('labels') ? request.labels : record.labels;
  const { value, violations } = completePoolSpec(wanted, { catalogue: artifacts.catalogue, cluster: cluster.spec });
  const all = [
    ...labelViolations('labels', labels),
    ...unchangedVersionIsGood(record.spec, value, violations),
    ...poolUpdateViolations(record.spec, value, cluster.spec),
  ];
  if (all.length > 0) throw invalidArgument(all);
  return planned(call, record, { spec: value, labels }, expected);
}

/** A version that stays was good when it was chosen, whatever the catalogue says of it by now. */
function unchangedVersionIsGood(
  stored: NodePoolSpec,
  wanted: NodePoolSpec,
  violations: readonly FieldViolation[],
): readonly FieldViolation[] {
  if (stored.template?.kubernetesVersion !== wanted.template?.kubernetesVersion) return violations;
  return violations.filter(({ field }) => field !== 'spec.template.kubernetesVersion');
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
      ...poolEvent(id, 'PoolCreated'),
      resourceName: request.name,
      projectId: call.project.id,
      message: `${call.actor} created the pool in cluster ${cluster.name}; it ${membership}.`,
    },
    audit: { action: 'pool.create', resourceKind: 'pool', resourceId: id, details: { name: request.name } },
    response: id,
  };
}

function planned(
  call: ProjectCall,
  record: PoolRecord,
  wanted: { readonly spec: NodePoolSpec; readonly labels: Readonly<Record<string, string>> },
  expected: Expectation,
): Planned<PoolRecord> | undefined {
  const { id, projectId, clusterId, clusterName, name } = record;
  const { spec, labels } = wanted;
  const templateRevision = nextTemplateRevision(record.spec, spec, record.templateRevision);
  const changed = changedFields(record, wanted);
  if (changed.length === 0) return undefined;
  const size = (value: number | undefined): string => (value === undefined ? 'open' : String(value));
  const facts = changed.map((field) =>
    field === 'size' ? `size ${size(record.spec.size)} -> ${size(spec.size)}` : field,
  );
  if (templateRevision !== record.templateRevision) facts.push(`template revision ${templateRevision}`);
  const message = `${call.actor} changed the pool: ${facts.join('; ')}.`;
  return {
    act: {
      changes: [
        { kind: 'pool.spec', pool: { id, projectId, clusterId, clusterName, name, labels, spec, templateRevision } },
      ],
      expect: [expected],
      event: { ...poolEvent(id, 'PoolUpdated'), message },
      audit: {
        action: 'pool.update',
        resourceKind: 'pool',
        resourceId: id,
        details: { name, fields: changed.join(',') },
      },
      response: id,
    },
    preview: { ...record, spec, labels, templateRevision },
  };
}

function changedFields(
  record: PoolRecord,
  wanted: { readonly spec: NodePoolSpec; readonly labels: Readonly<Record<string, string>> },
): string[] {
  const sorted = (labels: Readonly<Record<string, string>>): string => JSON.stringify(Object.entries(labels).sort());
  const fields = (spec: NodePoolSpec): Readonly<Record<string, unknown>> =>
    NodePoolSpec.toJSON(spec) as Readonly<Record<string, unknown>>;
  const [old, next] = [fields(record.spec), fields(wanted.spec)];
  const names = Object.keys(NodePoolSpec.create()).filter(
    (field) => JSON.stringify(old[field]) !== JSON.stringify(next[field]),
  );
  return sorted(record.labels) === sorted(wanted.labels) ? names : ['labels', ...names];
}

function poolEvent(id: string, reason: string) {
  return {
    resourceKind: 'pool',
    resourceId: id,
    severity: EventSeverity.NORMAL,
    category: 'Lifecycle',
    reason,
  } as const;
}

function planDeletion(call: ProjectCall, record: PoolRecord, etag: string): Planned<PoolRecord> | undefined {
  const expected = expectEtag('pool', record, etag);
  if (record.deleteRequestedAtMs !== undefined) return undefined;
  refuseControlPlane(record);
  const { id, name } = record;
  const message = `${call.actor} asked to delete the pool: its ${record.status.nodesTotal} nodes leave and are cleaned; the machines stay enrolled.`;
  return {
    act: {
      changes: [{ kind: 'pool.delete', poolId: id }],
      expect: [expected],
      event: { ...poolEvent(id, 'PoolDeletionRequested'), message },
      audit: { action: 'pool.delete', resourceKind: 'pool', resourceId: id, details: { name } },
      response: id,
    },
    preview: { ...record, deleteRequestedAtMs: call.nowMs },
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
