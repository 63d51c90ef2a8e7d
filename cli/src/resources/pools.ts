import {
  GetNodePoolRequest,
  ListNodePoolsRequest,
  NodePool,
  NodePoolServiceService,
  NodePoolState,
} from '@flotilla/proto';
import { poolStateText, stateTone } from '../output/states.js';
import type { Cell } from '../output/table.js';
import { describePool, roleText } from './describe-pool.js';
import { allPages } from './pages.js';
import { dash, timeCell } from './places.js';
import { answered, type Goal, type Item, listOptions, type Resource, toKindJson } from './resource.js';

function toItem(pool: NodePool): Item {
  const { meta, status, spec } = pool;
  const state = status?.state ?? NodePoolState.UNSPECIFIED;
  const text = poolStateText(state);
  return {
    id: meta?.id ?? '',
    name: meta?.name ?? '',
    json: toKindJson('pool', NodePool.toJSON(pool)),
    standing: {
      status: text,
      message: messageOf(pool),
      failed: state === NodePoolState.FAILED,
      remedy: '',
      phases: [],
      reached: reachedGoals(pool),
    },
    cells: (nowMs, wide) => [
      { text: meta?.name ?? '' },
      { text: pool.cluster },
      { text, tone: stateTone(text) },
      { text: `${status?.nodesRunning ?? 0}/${status?.nodesTotal ?? 0}` },
      { text: spec?.size === undefined ? 'open' : String(spec.size) },
      countCell(status?.nodesHealthy ?? 0, status?.nodesTotal ?? 0),
      countCell(status?.nodesUpdated ?? 0, status?.nodesTotal ?? 0),
      { text: dash(spec?.template?.kubernetesVersion ?? '') },
      timeCell(meta?.createTime, nowMs, wide),
      { text: roleText(spec?.role) },
      { text: String(status?.templateRevision ?? 0n) },
      { text: meta?.id ?? '' },
      warningOf(pool),
    ],
    describe: (session, nowMs, paint) => describePool(pool, session, nowMs, paint),
  };
}

/** Ready: all nodes run, a sized pool has as many as it wants, and an open one has at least one. */
function reachedGoals({ spec, status }: NodePool): Goal[] {
  const { nodesRunning = 0, nodesTotal = 0, nodesHealthy = 0, nodesUpdated = 0, missing = 0 } = status ?? {};
  const enough = spec?.size === undefined ? nodesTotal > 0 : nodesTotal === spec.size;
  const complete = nodesRunning === nodesTotal && missing === 0 && enough;
  const running = status?.state === NodePoolState.RUNNING;
  const reached: Goal[] = [];
  if (running) reached.push('running');
  if (running && complete) reached.push('ready');
  if (running && complete && nodesHealthy === nodesTotal) reached.push('healthy');
  if (running && nodesUpdated === nodesTotal) reached.push('updated');
  if (status?.state === NodePoolState.RUNNING_SCHEDULING_DISABLED) reached.push('cordoned');
  return reached;
}

/** What the server says; of an open pool without nodes, that nobody has come yet. */
function messageOf({ spec, status }: NodePool): string {
  const message = status?.message ?? '';
  const empty = spec?.size === undefined && (status?.nodesTotal ?? 0) === 0;
  return message === '' && empty ? 'no machine has joined it yet' : message;
}

function warningOf({ status }: NodePool): Cell {
  if (status === undefined) return { text: '' };
  if (status.state === NodePoolState.FAILED) return { text: `! ${status.message}`, tone: 'bad' };
  const notes = [
    ...(status.missing === 0 ? [] : [`${status.missing} ${status.missing === 1 ? 'machine' : 'machines'} missing`]),
    ...(status.holds.length === 0 ? [] : ['held']),
    ...(status.pause === undefined ? [] : ['paused']),
  ];
  return notes.length === 0 ? { text: '' } : { text: `! ${notes.join(', ')}`, tone: 'busy' };
}

/** `2/3`, loud where it is not all of them. */
function countCell(count: number, total: number): Cell {
  return { text: `${count}/${total}`, tone: count < total ? 'busy' : 'plain' };
}

export const poolResource: Resource = {
  columns: [
    { header: 'NAME' },
    { header: 'CLUSTER' },
    { header: 'STATUS' },
    { header: 'NODES' },
    { header: 'SIZE' },
    { header: 'HEALTHY' },
    { header: 'UPDATED' },
    { header: 'K8S' },
    { header: 'AGE', volatile: true },
    { header: 'ROLE', wide: true },
    { header: 'REVISION', wide: true },
    { header: 'ID', wide: true },
  ],
  goals: ['ready', 'running', 'healthy', 'updated', 'cordoned', 'deleted'],
  list: async ({ connection, project }, query) => {
    const pools = await allPages(async (page) => {
      const request = ListNodePoolsRequest.create({
        project,
        cluster: query.cluster,
        options: listOptions(page, query),
      });
      const { nodePools, nextPageToken } = await connection.unary(NodePoolServiceService.listNodePools, request);
      return { items: nodePools, nextPageToken };
    });
    return pools.map(toItem);
  },
  get: async ({ connection, project }, name, { cluster }) => {
    const request = GetNodePoolRequest.create({ project, cluster, nodePool: name });
    const { nodePool } = await connection.unary(NodePoolServiceService.getNodePool, request);
    return toItem(answered(nodePool, 'pool'));
  },
};
