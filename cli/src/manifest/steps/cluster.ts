import {
  Cluster,
  ClusterServiceService,
  ClusterSpec,
  ControlPlaneKind,
  CreateClusterRequest,
  DeleteClusterRequest,
  GetClusterRequest,
  UpdateClusterRequest,
} from '@flotilla/proto';
import { FlotillaError } from '@flotilla/kit';
import { writtenPart } from '../form.js';
import { type KindSteps, maskOf, partsOf, projectOf, unlessMissing } from './steps.js';

/** A cluster is created or changed; the server refuses by name what is fixed at creation. */
export const clusterSteps: KindSteps = {
  load: async (session, manifest) => {
    const request = GetClusterRequest.create({ project: projectOf(session, manifest), cluster: manifest.name });
    const answer = await unlessMissing(session.connection.unary(ClusterServiceService.getCluster, request));
    const cluster = answer?.cluster;
    if (cluster === undefined) return undefined;
    const replicas = cluster.status?.controlPlaneReplicas ?? 0;
    const document = writtenPart('Cluster', Cluster.toJSON(cluster));
    return {
      id: cluster.meta?.id ?? '',
      etag: cluster.meta?.etag ?? '',
      document: replicas === 0 ? document : { ...document, controlPlaneReplicas: replicas },
    };
  },
  create: async (session, manifest, write) => {
    const { labels, spec: written } = partsOf(manifest.document);
    const spec = ClusterSpec.fromJSON(written);
    if (spec.controlPlaneKind === ControlPlaneKind.EXTERNAL) throw notByFile(manifest.name);
    if (spec.controlPlaneKind === ControlPlaneKind.UNSPECIFIED)
      spec.controlPlaneKind = ControlPlaneKind.SELF_PROVISIONED;
    const replicas = manifest.document['controlPlaneReplicas'];
    await session.connection.unary(
      ClusterServiceService.createCluster,
      CreateClusterRequest.create({
        project: projectOf(session, manifest),
        name: manifest.name,
        spec,
        labels,
        controlPlaneReplicas: typeof replicas === 'number' ? replicas : 0,
        options: write,
      }),
    );
  },
  update: async (session, manifest, stored, { document, changed }, write) => {
    if (changed.includes('controlPlaneReplicas')) throw scaleInstead(manifest.name, document['controlPlaneReplicas']);
    const { labels, spec } = partsOf(document);
    await session.connection.unary(
      ClusterServiceService.updateCluster,
      UpdateClusterRequest.create({
        project: projectOf(session, manifest),
        cluster: stored.id,
        spec: ClusterSpec.fromJSON(spec),
        labels,
        updateMask: maskOf(changed, (path) => path.split('.').slice(0, 2).join('.')),
        etag: stored.etag,
        options: write,
      }),
    );
  },
  remove: async (session, manifest, stored, write) => {
    const request = DeleteClusterRequest.create({
      project: projectOf(session, manifest),
      cluster: stored.id,
      options: write,
    });
    await session.connection.unary(ClusterServiceService.deleteCluster, request);
  },
};

function notByFile(name: string): FlotillaError {
  return new FlotillaError('KUBECONFIG_NEEDED', `an external cluster is imported with its kubeconfig, not by a file`, {
    kind: 'precondition',
    remedy: `Run: flotilla create cluster ${name} --external --kubeconfig FILE`,
  });
}

function scaleInstead(name: string, replicas: unknown): FlotillaError {
  return new FlotillaError(
    'CONTROL_PLANE_IS_A_POOL',
    `controlPlaneReplicas counts at creation; later it is the size of the pool control-plane`,
    {
      kind: 'precondition',
      remedy: `Run: flotilla scale pool control-plane --cluster ${name} --size ${String(replicas)}`,
    },
  );
}
