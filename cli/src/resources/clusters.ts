import { Cluster, ClusterServiceService, ClusterState, GetClusterRequest, ListClustersRequest } from '@flotilla/proto';
import { clusterStateText, stateTone } from '../output/states.js';
import type { Cell } from '../output/table.js';
import { cniText, describeCluster } from './describe-cluster.js';
import { allPages } from './pages.js';
import { dash, timeCell } from './places.js';
import { answered, type Goal, type Item, listOptions, type Resource, toKindJson } from './resource.js';

function toItem(cluster: Cluster): Item {
  const { meta, status, spec } = cluster;
  const state = status?.state ?? ClusterState.UNSPECIFIED;
  const text = clusterStateText(state);
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
      { text: controlPlaneText(cluster) },
      { text: dash(status?.endpoint ?? '') },
      timeCell(meta?.createTime, nowMs, wide),
      { text: cniText(spec?.cni) },
      { text: dash(spec?.podCidr ?? '') },
      { text: dash(spec?.serviceCidr ?? '') },
      { text: meta?.id ?? '' },
      warningOf(cluster),
    ],
    describe: (session, nowMs, paint) => describeCluster(cluster, session, nowMs, paint),
  };
}

function reachedGoals(state: ClusterState): Goal[] {
  return state === ClusterState.PROVISIONED ? ['ready', 'running', 'provisioned'] : [];
}

/** Members of the control plane: those that run, of those wanted. */
function controlPlaneText({ status }: Cluster): string {
  const wanted = status?.controlPlaneReplicas ?? 0;
  return wanted === 0 ? '-' : `${status?.controlPlaneRunning ?? 0}/${wanted}`;
}

function warningOf({ status }: Cluster): Cell {
  if (status === undefined) return { text: '' };
  const { state, message } = status;
  if (state === ClusterState.FAILED) return { text: `! ${message}`, tone: 'bad' };
  if (state === ClusterState.PENDING) return { text: `! ${message}`, tone: 'busy' };
  const notes = [
    ...(status.missingRights.length === 0 ? [] : [`${status.missingRights.length} rights missing`]),
    ...(status.holds.length === 0 ? [] : ['held']),
    ...(status.pause === undefined ? [] : ['paused']),
  ];
  return notes.length === 0 ? { text: '' } : { text: `! ${notes.join(', ')}`, tone: 'busy' };
}

function versionOf({ spec, status }: Cluster): string {
  const running = status?.kubernetesVersion ?? '';
  return running === '' ? (spec?.kubernetesVersion ?? '') : running;
}

export const clusterResource: Resource = {
  columns: [
    { header: 'NAME' },
    { header: 'STATUS' },
    { header: 'K8S' },
    { header: 'NODES' },
    { header: 'CONTROL' },
    { header: 'ENDPOINT' },
    { header: 'AGE', volatile: true },
    { header: 'CNI', wide: true },
    { header: 'PODS', wide: true },
    { header: 'SERVICES', wide: true },
    { header: 'ID', wide: true },
  ],
  goals: ['ready', 'running', 'provisioned', 'deleted'],
  list: async ({ connection, project }, query) => {
    const clusters = await allPages(async (page) => {
      const request = ListClustersRequest.create({ project, options: listOptions(page, query) });
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
