import {
  completeClusterSpec,
  completePoolSpec,
  controlPlanePoolName,
  labelViolations,
  nameViolations,
  type Change,
} from '@flotilla/core';
import { invalidArgument, newId, type FieldViolation } from '@flotilla/kit';
import {
  Cluster,
  ClusterSpec,
  ControlPlaneKind,
  CreateClusterRequest,
  EventSeverity,
  NodePoolRole,
  NodePoolSpec,
  type CreateClusterResponse,
} from '@flotilla/proto';
import type { ProjectCall } from './call.js';
import { checkImport, importedSpec, kubeconfigViolations } from './external.js';
import { findCluster } from './find.js';
import { newestMirrored } from './newest-version.js';
import type { ApiParts } from './parts.js';
import { nameTaken, refuseDeletingProject } from './refusals.js';
import { toCluster } from './wire.js';
import { earlier, write } from './write.js';

/** Creates a cluster: everything is checked first, then all of it is written at once, or nothing. */
export async function createCluster(
  parts: ApiParts,
  request: CreateClusterRequest,
  call: ProjectCall,
): Promise<CreateClusterResponse> {
  const { store } = parts;
  const content = CreateClusterRequest.encode(request).finish();
  const before = await earlier(store, call, request.options, content);
  if (before !== undefined) return answer(parts, call, before, await store.read.revision());
  refuseDeletingProject(call);
  const wanted = await plan(parts, request, call);
  if ((await store.read.clusterByName(call.project.id, request.name)) !== undefined) {
    throw nameTaken('The project already has a cluster', request.name, 'flotilla get clusters');
  }
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
      message: `${call.actor} ${story(wanted)}`,
    },
    audit: {
      action: 'cluster.create',
      resourceKind: 'cluster',
      resourceId: id,
      details: { name: request.name, kind: ControlPlaneKind[wanted.cluster.controlPlaneKind] },
    },
    response: id,
  });
  if (written.kind === 'dry') return { cluster: preview(call, request, wanted.cluster), revision: 0n };
  return answer(parts, call, written.resourceId, written.revision);
}

async function answer(
  { store }: ApiParts,
  call: ProjectCall,
  id: string,
  revision: number,
): Promise<CreateClusterResponse> {
  const record = await findCluster(store.read, call.project.id, id);
  return { cluster: toCluster(record, call.project.name, call.nowMs), revision: BigInt(revision) };
}

interface WantedCluster {
  readonly cluster: ClusterSpec;
  /** The control-plane pool; undefined for EXTERNAL. */
  readonly pool: NodePoolSpec | undefined;
  readonly replicas: number;
  /** EXTERNAL: what is stored of it goes through the sealing of the master key. */
  readonly kubeconfig: string;
}

/** Everything filled in, or every problem at once. */
async function plan(parts: ApiParts, request: CreateClusterRequest, call: ProjectCall): Promise<WantedCluster> {
  const own = [...nameViolations('name', request.name), ...labelViolations('labels', request.labels)];
  if (request.spec?.controlPlaneKind === ControlPlaneKind.EXTERNAL) return planExternal(parts, request, call, own);
  if (request.kubeconfig !== '') own.push(kubeconfigOnlyForExternal);
  const replicas = request.controlPlaneReplicas || 1;
  const { catalogue } = parts.artifacts;
  const given = request.spec ?? ClusterSpec.create();
  const spec = { ...given, kubernetesVersion: given.kubernetesVersion || newestMirrored(parts.artifacts) };
  const cluster = completeClusterSpec(spec, { catalogue, controlPlaneReplicas: replicas });
  const pool = completePoolSpec(NodePoolSpec.create({ role: NodePoolRole.CONTROL_PLANE, size: replicas }), {
    catalogue,
    cluster: cluster.value,
  });
  const violations = [...own, ...cluster.violations];
  if (violations.length > 0) throw invalidArgument(violations);
  return { cluster: cluster.value, pool: pool.value, replicas, kubeconfig: '' };
}

const kubeconfigOnlyForExternal: FieldViolation = {
  field: 'kubeconfig',
  description: 'is only for spec.controlPlaneKind EXTERNAL; leave it out, or set the kind',
};

async function planExternal(
  parts: ApiParts,
  request: CreateClusterRequest,
  call: ProjectCall,
  own: readonly FieldViolation[],
): Promise<WantedCluster> {
  const violations = [...own, ...kubeconfigViolations(request.kubeconfig)];
  if (request.controlPlaneReplicas !== 0) {
    const description = 'must be 0 for EXTERNAL: Flotilla does not run that control plane';
    violations.push({ field: 'controlPlaneReplicas', description });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  const found = await checkImport(parts, request.kubeconfig, call.signal);
  const cluster = importedSpec(request.spec ?? ClusterSpec.create(), found, parts.artifacts.catalogue);
  if (cluster.violations.length > 0) throw invalidArgument(cluster.violations);
  return { cluster: cluster.value, pool: undefined, replicas: 0, kubeconfig: request.kubeconfig };
}

function newClusterChanges(
  parts: ApiParts,
  call: ProjectCall,
  request: CreateClusterRequest,
  wanted: WantedCluster,
  id: string,
): Change[] {
  const cluster = { id, projectId: call.project.id, name: request.name, labels: request.labels, spec: wanted.cluster };
  const changes: Change[] = [{ kind: 'cluster.spec', cluster }];
  if (wanted.kubeconfig !== '') {
    const sealedKubeconfig = parts.external.seal(id, wanted.kubeconfig);
    changes.push({ kind: 'cluster.import', clusterId: id, sealedKubeconfig });
  }
  if (wanted.pool !== undefined) {
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
    changes.push({ kind: 'pool.spec', pool });
  }
  return changes;
}

function preview(call: ProjectCall, request: CreateClusterRequest, spec: ClusterSpec): Cluster {
  return Cluster.fromPartial({
    meta: { name: request.name, project: call.project.name, labels: request.labels },
    spec,
  });
}

function story({ cluster, pool, replicas }: WantedCluster): string {
  if (pool === undefined) return `imported the cluster with Kubernetes ${cluster.kubernetesVersion}.`;
  const machines =
    replicas === 1 ? 'a machine of its control-plane pool' : `${replicas} machines of its control-plane pool`;
  return `created the cluster with Kubernetes ${cluster.kubernetesVersion}; it waits for ${machines}.`;
}
