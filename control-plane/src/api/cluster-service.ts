import {
  completeClusterSpec,
  completePoolSpec,
  controlPlanePoolName,
  labelViolations,
  nameViolations,
  type Change,
  type ClusterRecord,
} from '@flotilla/core';
import { FlotillaError, invalidArgument, newId } from '@flotilla/kit';
import {
  Cluster,
  CreateClusterRequest,
  DeleteClusterRequest,
  EventSeverity,
  NodePoolRole,
  NodePoolSpec,
  type ClusterSpec,
} from '@flotilla/proto';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { findCluster } from './find.js';
import { issueKubeconfig } from './kubeconfig.js';
import { toListQuery } from './list.js';
import type { ApiParts } from './parts.js';
import { toCluster } from './wire.js';
import { earlier, expectEtag, write, type Written } from './write.js';

export function clusterService(parts: ApiParts): ServiceHandlers<'ClusterService'> {
  const { store } = parts;
  const answer = async (call: ProjectCall, written: Written & { kind: 'written' | 'replayed' }) => {
    const record = await findCluster(store.read, call.project.id, written.resourceId);
    return { cluster: toCluster(record, call.project.name), revision: BigInt(written.revision) };
  };
  return {
    async createCluster(request, call) {
      const content = CreateClusterRequest.encode(request).finish();
      const before = await earlier(store, call, request.options, content);
      if (before !== undefined) {
        return answer(call, { kind: 'replayed', resourceId: before, revision: await store.read.revision() });
      }
      const wanted = plan(request, parts);
      await refuseTaken(parts, call, request.name);
      const id = newId('clu', parts.random);
      const written = await write(store, call, request.options, content, {
        changes: newClusterChanges(parts, call, request, wanted, id),
        expect: [{ kind: 'cluster', id, version: 0 }],
        event: {
          resourceKind: 'cluster',
          resourceId: id,
          resourceName: request.name,
          projectId: call.project.id,
          severity: EventSeverity.NORMAL,
          category: 'Lifecycle',
          reason: 'ClusterCreated',
          message: `${call.actor} created the cluster with Kubernetes ${wanted.cluster.kubernetesVersion}; it waits for ${machines(wanted.replicas)}.`,
        },
        audit: { action: 'cluster.create', resourceKind: 'cluster', resourceId: id, details: { name: request.name } },
        response: id,
      });
      if (written.kind === 'dry') return { cluster: preview(call, request, wanted.cluster), revision: 0n };
      return answer(call, written);
    },

    async getCluster(request, call) {
      const record = await findCluster(store.read, call.project.id, request.cluster);
      return { cluster: toCluster(record, call.project.name) };
    },

    async listClusters(request, call) {
      const page = await store.read.clusters({ ...toListQuery(request.options), projectId: call.project.id });
      return {
        clusters: page.items.map((record) => toCluster(record, call.project.name)),
        nextPageToken: page.nextPageToken,
      };
    },

    async deleteCluster(request, call) {
      const content = DeleteClusterRequest.encode(request).finish();
      const before = await earlier(store, call, request.options, content);
      const record = await findCluster(store.read, call.project.id, before ?? request.cluster);
      const unchanged = {
        cluster: toCluster(record, call.project.name),
        revision: BigInt(await store.read.revision()),
      };
      if (before !== undefined || record.deleteRequestedAtMs !== undefined) return unchanged;
      const written = await write(store, call, request.options, content, deletion(call, record, request.etag));
      return written.kind === 'dry' ? unchanged : answer(call, written);
    },

    issueKubeconfig: (request, call) => issueKubeconfig(parts, request, call),
  };
}

interface WantedCluster {
  readonly cluster: ClusterSpec;
  readonly pool: NodePoolSpec;
  readonly replicas: number;
}

/** Everything filled in, or every problem at once. */
function plan(request: CreateClusterRequest, { artifacts }: ApiParts): WantedCluster {
  const replicas = request.controlPlaneReplicas || 1;
  const { catalogue } = artifacts;
  const cluster = completeClusterSpec(request.spec, { catalogue, controlPlaneReplicas: replicas });
  const pool = completePoolSpec(NodePoolSpec.create({ role: NodePoolRole.CONTROL_PLANE, size: replicas }), {
    catalogue,
    cluster: cluster.value,
  });
  const violations = [
    ...nameViolations('name', request.name),
    ...labelViolations('labels', request.labels),
    ...cluster.violations,
  ];
  if (violations.length > 0) throw invalidArgument(violations);
  return { cluster: cluster.value, pool: pool.value, replicas };
}

async function refuseTaken({ store }: ApiParts, call: ProjectCall, name: string): Promise<void> {
  const existing = await store.read.clusterByName(call.project.id, name);
  if (existing === undefined) return;
  throw new FlotillaError('NAME_TAKEN', `The project already has a cluster ${name}.`, {
    kind: 'already-exists',
    remedy: 'Choose another name, or use the one there is: flotilla get clusters',
    violations: [{ field: 'name', description: 'is taken' }],
  });
}

function newClusterChanges(
  parts: ApiParts,
  call: ProjectCall,
  request: CreateClusterRequest,
  wanted: WantedCluster,
  id: string,
): Change[] {
  const cluster = { id, projectId: call.project.id, name: request.name, labels: request.labels, spec: wanted.cluster };
  const pool = {
    id: newId('pol', parts.random),
    projectId: call.project.id,
    clusterId: id,
    clusterName: request.name,
    name: controlPlanePoolName,
    labels: {},
    spec: wanted.pool,
    templateRevision: 1,
  };
  return [
    { kind: 'cluster.spec', cluster },
    { kind: 'pool.spec', pool },
  ];
}

function deletion(call: ProjectCall, record: ClusterRecord, etag: string): Parameters<typeof write>[4] {
  return {
    changes: [{ kind: 'cluster.delete', clusterId: record.id }],
    expect: [expectEtag('cluster', record, etag)],
    event: {
      resourceKind: 'cluster',
      resourceId: record.id,
      severity: EventSeverity.NORMAL,
      category: 'Lifecycle',
      reason: 'ClusterDeletionRequested',
      message: `${call.actor} asked to delete the cluster: its ${record.status.nodesTotal} nodes leave and are cleaned; the machines stay enrolled.`,
    },
    audit: { action: 'cluster.delete', resourceKind: 'cluster', resourceId: record.id, details: { name: record.name } },
    response: record.id,
  };
}

function preview(call: ProjectCall, request: CreateClusterRequest, spec: ClusterSpec): Cluster {
  return Cluster.fromPartial({
    meta: { name: request.name, project: call.project.name, labels: request.labels },
    spec,
  });
}

function machines(count: number): string {
  return count === 1 ? 'a machine of its control-plane pool' : `${count} machines of its control-plane pool`;
}
