import {
  Availability,
  Cluster,
  ClusterServiceService,
  Cni,
  type CniSettings,
  ControlPlaneKind,
  CreateClusterRequest,
} from '@flotilla/proto';
import { resolve } from 'node:path';
import { FlotillaError } from '@flotilla/kit';
import { type Call, parseLabels, usageError } from '../../call.js';
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

const kubeconfigBytesMax = 256 * 1024;

/** `flotilla create cluster NAME` */
export async function createCluster(call: Call): Promise<void> {
  const { options } = call;
  const name = call.argument('name');
  const external = options.flag('external');
  const kubeconfig = await kubeconfigOf(call, external);
  const labels = parseLabels('label', options.list('label'));
  const { connection, project } = await call.session();
  const request = CreateClusterRequest.create({
    project,
    name,
    spec: {
      controlPlaneKind: external ? ControlPlaneKind.EXTERNAL : ControlPlaneKind.SELF_PROVISIONED,
      kubernetesVersion: options.text('kubernetes-version') ?? '',
      cni: cnis[options.text('cni') ?? ''] ?? Cni.UNSPECIFIED,
      cniSettings: cniSettings(call),
      podCidr: options.text('pod-cidr') ?? '',
      serviceCidr: options.text('service-cidr') ?? '',
      clusterDomain: options.text('cluster-domain') ?? '',
      endpoint: options.text('endpoint') ?? '',
      availability: availabilities[options.text('availability') ?? ''] ?? Availability.UNSPECIFIED,
    },
    labels,
    controlPlaneReplicas: options.number('control-plane-replicas') ?? 0,
    options: call.writeOptions(),
    kubeconfig,
  });
  const answer = await connection.unary(ClusterServiceService.createCluster, request);
  const cluster = answered(answer.cluster, 'cluster');
  await report(call, { noun: 'cluster', name, deed: external ? 'imported' : 'created', json: Cluster.toJSON(cluster) });
  sayMissingRights(call, cluster);
  if (call.dryRun) return;
  const pool = external ? 'workers' : 'control-plane';
  if (external) call.note(`Make a pool for its new nodes: flotilla create pool workers --cluster ${name}`);
  call.note(`Give it its first server: flotilla token create --cluster ${name} --pool ${pool}`);
}

/** The text of `--kubeconfig FILE` or `-`: it holds keys, so it never stands on the command line itself. */
async function kubeconfigOf({ options, env }: Call, external: boolean): Promise<string> {
  const file = options.text('kubeconfig');
  if (external !== (file !== undefined)) {
    throw usageError(
      external ? 'which cluster? --external goes with --kubeconfig FILE' : '--kubeconfig goes with --external',
      'The file is read here and sent once over TLS; "-" reads standard input.',
    );
  }
  if (file === undefined) return '';
  const kubernetes = ['control-plane-replicas', 'cni', 'mtu', 'encapsulation'].filter((each) => options.given(each));
  if (kubernetes.length > 0)
    throw usageError(`--${kubernetes.join(', --')}: an external cluster has its own; leave it out`);
  if (file === '-') return env.stdin.readAll(kubeconfigBytesMax);
  const path = resolve(env.workDir, file);
  const found = await env.files.read(path, kubeconfigBytesMax);
  if (found !== undefined) return found.text;
  throw new FlotillaError('FILE_NOT_FOUND', `there is no file ${path}`, { kind: 'not-found' });
}

function cniSettings({ options }: Call): CniSettings | undefined {
  const mtu = options.number('mtu');
  const encapsulation = options.text('encapsulation');
  if (mtu === undefined && encapsulation === undefined) return undefined;
  return { mtu: mtu ?? 0, encapsulation: encapsulation ?? '' };
}

/** Not progress: what is missing here stops nodes from joining. */
function sayMissingRights(call: Call, { meta, status }: Cluster): void {
  const missing = status?.missingRights ?? [];
  if (missing.length === 0) return;
  const lines = missing.map((right) => `  ${right}\n`).join('');
  call.env.stderr.write(
    `The kubeconfig may not do everything that is needed. Missing:\n${lines}` +
      `Grant them to its user in that cluster; Flotilla looks again by itself. See: flotilla describe cluster ${meta?.name ?? ''}\n`,
  );
}
