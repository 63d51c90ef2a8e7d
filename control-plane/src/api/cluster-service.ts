import type { ClusterRecord } from '@flotilla/core';
import {
  DeleteClusterRequest,
  EventSeverity,
  PauseClusterRequest,
  ResumeClusterRequest,
  UpdateClusterRequest,
  type Cluster,
  type WriteOptions,
} from '@flotilla/proto';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { createCluster } from './cluster-create.js';
import { planClusterUpdate } from './cluster-update.js';
import { findCluster } from './find.js';
import { issueKubeconfig } from './kubeconfig.js';
import { toListQuery } from './list.js';
import type { ApiParts } from './parts.js';
import { planPause } from './pause.js';
import { perform, type Planned, type Verb } from './verb.js';
import { toCluster } from './wire.js';
import { expectEtag } from './write.js';

interface ClusterRequest {
  readonly cluster: string;
  readonly etag?: string;
  readonly options: WriteOptions | undefined;
}

export function clusterService(parts: ApiParts): ServiceHandlers<'ClusterService'> {
  const { store } = parts;
  const act = async (
    request: ClusterRequest,
    content: Uint8Array,
    call: ProjectCall,
    plan: Verb<ClusterRecord>['plan'],
  ): Promise<{ cluster: Cluster; revision: bigint }> => {
    const { record, revision } = await perform(store, call, {
      content,
      options: request.options,
      named: request.cluster,
      etag: request.etag ?? '',
      find: (named) => findCluster(store.read, call.project.id, named),
      plan,
    });
    return { cluster: toCluster(record, call.project.name, call.nowMs), revision };
  };
  return {
    createCluster: (request, call) => createCluster(parts, request, call),

    async getCluster(request, call) {
      const record = await findCluster(store.read, call.project.id, request.cluster);
      return { cluster: toCluster(record, call.project.name, call.nowMs) };
    },

    async listClusters(request, call) {
      const page = await store.read.clusters({ ...toListQuery(request.options), projectId: call.project.id });
      return {
        clusters: page.items.map((record) => toCluster(record, call.project.name, call.nowMs)),
        nextPageToken: page.nextPageToken,
      };
    },

    updateCluster: (request, call) =>
      act(request, UpdateClusterRequest.encode(request).finish(), call, (record) =>
        planClusterUpdate(parts, call, record, request),
      ),
    pauseCluster: (request, call) =>
      act(request, PauseClusterRequest.encode(request).finish(), call, (record) =>
        planPause('cluster', call, record, request),
      ),
    resumeCluster: (request, call) =>
      act(request, ResumeClusterRequest.encode(request).finish(), call, (record) =>
        planPause('cluster', call, record, undefined),
      ),
    deleteCluster: (request, call) =>
      act(request, DeleteClusterRequest.encode(request).finish(), call, (record) =>
        planDeletion(call, record, request.etag),
      ),

    issueKubeconfig: (request, call) => issueKubeconfig(parts, request, call),
  };
}

function planDeletion(call: ProjectCall, record: ClusterRecord, etag: string): Planned<ClusterRecord> | undefined {
  // Also of one that is being deleted: whoever names a state that is gone is told so.
  const expected = expectEtag('cluster', record, etag);
  if (record.deleteRequestedAtMs !== undefined) return undefined;
  return {
    act: {
      changes: [{ kind: 'cluster.delete', clusterId: record.id }],
      expect: [expected],
      event: {
        resourceKind: 'cluster',
        resourceId: record.id,
        severity: EventSeverity.NORMAL,
        category: 'Lifecycle',
        reason: 'ClusterDeletionRequested',
        message: `${call.actor} asked to delete the cluster: its ${record.status.nodesTotal} nodes leave and are cleaned; the machines stay enrolled.`,
      },
      audit: {
        action: 'cluster.delete',
        resourceKind: 'cluster',
        resourceId: record.id,
        details: { name: record.name },
      },
      response: record.id,
    },
    preview: { ...record, deleteRequestedAtMs: call.nowMs },
  };
}
