import {
  Cluster,
  ClusterServiceService,
  ClusterState,
  Cni,
  GetClusterRequest,
  ListClustersRequest,
  ListNodePoolsRequest,
  NodePoolServiceService,
} from '@flotilla/proto';
import type { Session } from '../call.js';
import { conditionLines, eventLines, field, labelText, sentence } from '../output/describe.js';
import type { Painter } from '../output/paint.js';
import { clusterStateText, poolStateText, stateTone } from '../output/states.js';
import { absolute, age } from '../output/times.js';
import { listEvents } from './events.js';
import { allPages } from './pages.js';
import { dash, timeCell } from './places.js';
import { answered, type Goal, type Item, type Resource, toKindJson } from './resource.js';

function toItem(cluster: Cluster): Item {
  const { meta, status, spec } = cluster;
  const state = status?.state ?? ClusterState.UNSPECIFIED;
  const text = clusterStateText(state);
  const troubled = state === ClusterState.FAILED || state === ClusterState.PENDING;
  return {
    id: meta?.id ?? '',
    name: meta?.name ?? '',
    json: toKindJson('cluster', Cluster.toJSON(cluster)),
    standing: {
      status: text,
      message: status?.message ?? '',
      failed: state === ClusterState.FAILED,
      remedy: '',
      phases: [],
      reached: reachedGoals(state),
    },
    cells: (nowMs, wide) => [
      { text: meta?.name ?? '' },
      { text: text, tone: stateTone(text) },
      { text: dash(versionOf(cluster)) },
      { text: `${status?.nodesRunning ?? 0}/${status?.nodesTotal ?? 0}` },
      { text: dash(status?.endpoint ?? '') },
      timeCell(meta?.createTime, nowMs, wide),
      { text: cniText(spec?.cni) },
      { text: dash(spec?.podCidr ?? '') },
      { text: dash(spec?.serviceCidr ?? '') },
      { text: meta?.id ?? '' },
      troubled
        ? { text: `! ${status?.message ?? ''}`, tone: state === ClusterState.FAILED ? 'bad' : 'busy' }
        : { text: '' },
    ],
    describe: (session, nowMs, paint) => describe(cluster, session, nowMs, paint),
  };
}

function reachedGoals(state: ClusterState): Goal[] {
  return state === ClusterState.PROVISIONED ? ['ready', 'running'] : [];
}

function versionOf({ spec, status }: Cluster): string {
  const running = status?.kubernetesVersion ?? '';
  return running === '' ? (spec?.kubernetesVersion ?? '') : running;
}

function cniText(cni: Cni | undefined): string {
  return cni === undefined || cni === Cni.UNSPECIFIED ? '-' : Cni[cni].toLowerCase();
}

async function describe(cluster: Cluster, session: Session, nowMs: number, paint: Painter): Promise<string[]> {
  const { meta, spec, status } = cluster;
  const [pools, { events }] = await Promise.all([
    session.connection.unary(
      NodePoolServiceService.listNodePools,
      ListNodePoolsRequest.create({ project: session.project, cluster: meta?.id ?? '', options: { pageSize: 100 } }),
    ),
    listEvents(session, { resource: meta?.id ?? '', kind: 'cluster', countMax: 10 }),
  ]);
  const poolTexts = pools.nodePools.map(
    (pool) =>
      `${pool.meta?.name ?? ''} ${poolStateText(pool.status?.state ?? 0)} ${pool.status?.nodesRunning ?? 0}/${pool.status?.nodesTotal ?? 0}`,
  );
  const state = clusterStateText(status?.state ?? ClusterState.UNSPECIFIED);
  return [
    `Cluster ${meta?.name ?? ''} (${meta?.id ?? ''}) in project ${meta?.project ?? ''}, created ${age(meta?.createTime, nowMs)} ago, ${absolute(meta?.createTime)}`,
    ...field('Status', sentence(state, status?.message ?? '')),
    ...field(
      'Runs',
      `Kubernetes ${dash(versionOf(cluster))}, ${status?.nodesRunning ?? 0} of ${status?.nodesTotal ?? 0} nodes running`,
    ),
    ...field(
      'Reach',
      status?.endpoint === '' || status === undefined
        ? 'no API server yet'
        : `https://${status.endpoint}; kubectl: flotilla kubeconfig ${meta?.name ?? ''} --merge`,
    ),
    ...field(
      'Network',
      `${cniText(spec?.cni)}, pods ${dash(spec?.podCidr ?? '')}, services ${dash(spec?.serviceCidr ?? '')}, domain ${dash(spec?.clusterDomain ?? '')}`,
    ),
    ...field('Pools', poolTexts.length === 0 ? 'none' : poolTexts.join('\n')),
    ...field('Labels', labelText(meta?.labels ?? {})),
    ...conditionLines(status?.conditions ?? [], nowMs, paint),
    ...eventLines(events, nowMs, paint),
  ];
}

export const clusterResource: Resource = {
  columns: [
    { header: 'NAME' },
    { header: 'STATUS' },
    { header: 'K8S' },
    { header: 'NODES' },
    { header: 'ENDPOINT' },
    { header: 'AGE', volatile: true },
    { header: 'CNI', wide: true },
    { header: 'PODS', wide: true },
    { header: 'SERVICES', wide: true },
    { header: 'ID', wide: true },
  ],
  goals: ['ready', 'running', 'deleted'],
  list: async ({ connection, project }, { filter }) => {
    const clusters = await allPages(async (page) => {
      const request = ListClustersRequest.create({ project, options: { ...page, filter } });
      const { clusters: items, nextPageToken } = await connection.unary(ClusterServiceService.listClusters, request);
      return { items, nextPageToken };
    });
    return clusters.map(toItem);
  },
  get: async ({ connection, project }, name) => {
    const request = GetClusterRequest.create({ project, cluster: name });
    const { cluster } = await connection.unary(ClusterServiceService.getCluster, request);
    return toItem(answered(cluster, 'cluster'));
  },
};
