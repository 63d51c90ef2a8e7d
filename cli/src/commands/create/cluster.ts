import {
  Availability,
  Cluster,
  ClusterServiceService,
  Cni,
  ControlPlaneKind,
  CreateClusterRequest,
} from '@flotilla/proto';
import { type Call, parseLabels } from '../../call.js';
import { answered } from '../../resources/resource.js';
import { report } from '../report.js';

const cnis: Readonly<Record<string, Cni>> = {
  flannel: Cni.FLANNEL,
  calico: Cni.CALICO,
  cilium: Cni.CILIUM,
  none: Cni.NONE,
};
const availabilities: Readonly<Record<string, Availability>> = {
  'single-zone': Availability.SINGLE_ZONE,
  'multi-zone': Availability.MULTI_ZONE,
  regional: Availability.REGIONAL,
};

/** `flotilla create cluster NAME` */
export async function createCluster(call: Call): Promise<void> {
  const { options } = call;
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const { cluster } = await connection.unary(
    ClusterServiceService.createCluster,
    CreateClusterRequest.create({
      project,
      name,
      spec: {
        controlPlaneKind: ControlPlaneKind.SELF_PROVISIONED,
        kubernetesVersion: options.text('kubernetes-version') ?? '',
        cni: cnis[options.text('cni') ?? ''] ?? Cni.UNSPECIFIED,
        podCidr: options.text('pod-cidr') ?? '',
        serviceCidr: options.text('service-cidr') ?? '',
        clusterDomain: options.text('cluster-domain') ?? '',
        endpoint: options.text('endpoint') ?? '',
        availability: availabilities[options.text('availability') ?? ''] ?? Availability.UNSPECIFIED,
      },
      labels: parseLabels('label', options.list('label')),
      controlPlaneReplicas: options.number('control-plane-replicas') ?? 0,
      options: call.writeOptions(),
    }),
  );
  await report(call, { noun: 'cluster', name, deed: 'created', json: Cluster.toJSON(answered(cluster, 'cluster')) });
  if (!call.dryRun) call.note(`Give it its first server: flotilla token create --cluster ${name} --pool control-plane`);
}
