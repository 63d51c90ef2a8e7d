import {
  type Cluster,
  ClusterState,
  Cni,
  ControlPlaneKind,
  Availability,
  ListNodePoolsRequest,
  type NodePool,
  NodePoolServiceService,
} from '@flotilla/proto';
import type { Session } from '../call.js';
import { conditionLines, eventLines, field, labelText, section, sentence } from '../output/describe.js';
import { holdLines, pauseText } from '../output/health.js';
import type { Painter } from '../output/paint.js';
import { availabilityText, clusterStateText, poolStateText } from '../output/states.js';
import { absolute, age } from '../output/times.js';
import { listEvents } from './events.js';
import { allPages } from './pages.js';
import { dash } from './places.js';

const eventsShown = 8;

/** One screen: its control plane, its network, what holds, and how its pools stand. */
export async function describeCluster(
  cluster: Cluster,
  session: Session,
  nowMs: number,
  paint: Painter,
): Promise<string[]> {
  const { meta, status } = cluster;
  const [pools, { events }] = await Promise.all([
    poolsOf(cluster, session),
    listEvents(session, { resource: meta?.id ?? '', kind: 'cluster', countMax: eventsShown }),
  ]);
  const state = clusterStateText(status?.state ?? ClusterState.UNSPECIFIED);
  return [
    `Cluster ${meta?.name ?? ''} (${meta?.id ?? ''}) in project ${meta?.project ?? ''}, created ${age(meta?.createTime, nowMs)} ago, ${absolute(meta?.createTime)}`,
    ...field('Status', sentence(state, status?.message ?? '')),
    ...field('Held', holdLines(status?.holds ?? [], nowMs).join('\n')),
    ...field('Paused', pauseText(status?.pause, nowMs)),
    ...field('Rights', rightsText(cluster)),
    ...field('You can', cureOf(cluster)),
    ...field('Runs', runsText(cluster)),
    ...field('Reach', reachText(cluster)),
    ...field('Network', networkText(cluster)),
    ...field('Labels', labelText(meta?.labels ?? {})),
    ...poolLines(pools, paint),
    ...conditionLines(status?.conditions ?? [], nowMs, paint),
    ...eventLines(events, nowMs, paint),
  ];
}

async function poolsOf({ meta }: Cluster, { connection, project }: Session): Promise<readonly NodePool[]> {
  return allPages(async (page) => {
    const request = ListNodePoolsRequest.create({ project, cluster: meta?.id ?? '', options: page });
    const { nodePools: items, nextPageToken } = await connection.unary(NodePoolServiceService.listNodePools, request);
    return { items, nextPageToken };
  });
}

function rightsText({ status }: Cluster): string {
  const missing = status?.missingRights ?? [];
  return missing.length === 0
    ? ''
    : ['the imported kubeconfig lacks:', ...missing.map((right) => `  ${right}`)].join('\n');
}

function cureOf({ meta, status }: Cluster): string {
  const name = meta?.name ?? '';
  return [
    ...((status?.missingRights ?? []).length > 0
      ? ['grant the rights to its user in that cluster; it is looked at again by itself']
      : []),
    ...(status?.pause === undefined ? [] : [`end the pause: flotilla resume cluster ${name}`]),
    ...(status?.state === ClusterState.PENDING && status.nodesTotal === 0
      ? [`give it its first server: flotilla token create --cluster ${name} --pool control-plane`]
      : []),
  ].join('\n');
}

function runsText({ spec, status }: Cluster): string {
  const version = status?.kubernetesVersion ?? '';
  const wanted = status?.controlPlaneReplicas ?? 0;
  const kind = spec?.controlPlaneKind === ControlPlaneKind.EXTERNAL ? ', external: its control plane is not ours' : '';
  const members = wanted === 0 ? '' : `, control plane ${status?.controlPlaneRunning ?? 0} of ${wanted}`;
  const spread =
    spec === undefined || spec.availability === Availability.UNSPECIFIED
      ? ''
      : `, ${availabilityText(spec.availability).toLowerCase()}`;
  return `Kubernetes ${dash(version === '' ? (spec?.kubernetesVersion ?? '') : version)}, ${status?.nodesRunning ?? 0} of ${status?.nodesTotal ?? 0} nodes running${members}${spread}${kind}`;
}

function reachText({ meta, status }: Cluster): string {
  if (status === undefined || status.endpoint === '') return 'no API server yet';
  return `https://${status.endpoint}; kubectl: flotilla kubeconfig ${meta?.name ?? ''} --merge`;
}

function networkText({ spec }: Cluster): string {
  const { mtu = 0, encapsulation = '' } = spec?.cniSettings ?? {};
  const settings = [...(mtu === 0 ? [] : [`mtu ${mtu}`]), ...(encapsulation === '' ? [] : [encapsulation])];
  return [
    [cniText(spec?.cni), ...settings].join(' '),
    `pods ${dash(spec?.podCidr ?? '')}`,
    `services ${dash(spec?.serviceCidr ?? '')}`,
    `domain ${dash(spec?.clusterDomain ?? '')}`,
  ].join(', ');
}

export function cniText(cni: Cni | undefined): string {
  return cni === undefined || cni === Cni.UNSPECIFIED ? '-' : Cni[cni].toLowerCase();
}

function poolLines(pools: readonly NodePool[], paint: Painter): string[] {
  if (pools.length === 0) return [];
  const rows = pools.map(({ meta, spec, status }) => [
    meta?.name ?? '',
    poolStateText(status?.state ?? 0),
    `${status?.nodesRunning ?? 0}/${status?.nodesTotal ?? 0}`,
    spec?.size === undefined ? 'open' : String(spec.size),
    `${status?.nodesHealthy ?? 0}/${status?.nodesTotal ?? 0}`,
    [
      ...(status?.holds ?? []).map(({ reason }) => `held: ${reason}`),
      ...(status?.pause === undefined ? [] : ['paused']),
      ...((status?.missing ?? 0) > 0 ? [`${status?.missing ?? 0} missing`] : []),
    ].join(', '),
  ]);
  return section(['Pools', 'STATUS', 'NODES', 'SIZE', 'HEALTHY', ''], rows, paint);
}
