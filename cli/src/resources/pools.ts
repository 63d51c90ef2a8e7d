import {
  GetNodePoolRequest,
  ListNodePoolsRequest,
  NodePool,
  NodePoolRole,
  NodePoolServiceService,
  NodePoolState,
  type MachineSelector,
} from '@flotilla/proto';
import { formatBytes } from '@flotilla/kit';
import type { Session } from '../call.js';
import { conditionLines, eventLines, field, labelText, sentence } from '../output/describe.js';
import type { Painter } from '../output/paint.js';
import { poolStateText, stateTone } from '../output/states.js';
import type { Cell } from '../output/table.js';
import { listEvents } from './events.js';
import { allPages } from './pages.js';
import { dash, locationText, timeCell } from './places.js';
import { answered, type Goal, type Item, type Resource, toKindJson } from './resource.js';

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
      message: status?.message ?? '',
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
      { text: dash(spec?.template?.kubernetesVersion ?? '') },
      timeCell(meta?.createTime, nowMs, wide),
      { text: roleText(spec?.role) },
      { text: String(status?.templateRevision ?? 0n) },
      { text: meta?.id ?? '' },
      warningOf(pool),
    ],
    describe: (session, nowMs, paint) => describe(pool, session, nowMs, paint),
  };
}

/** Ready: all nodes run, and a sized pool has as many as it wants. */
function reachedGoals({ spec, status }: NodePool): Goal[] {
  const { nodesRunning = 0, nodesTotal = 0, missing = 0 } = status ?? {};
  const complete =
    nodesRunning === nodesTotal && missing === 0 && (spec?.size === undefined || nodesTotal === spec.size);
  const running = status?.state === NodePoolState.RUNNING;
  return [...(running ? (['running'] as const) : []), ...(running && complete ? (['ready'] as const) : [])];
}

function warningOf({ status }: NodePool): Cell {
  if (status === undefined) return { text: '' };
  if (status.state === NodePoolState.FAILED) return { text: `! ${status.message}`, tone: 'bad' };
  if (status.missing === 0) return { text: '' };
  return { text: `! ${status.missing} ${status.missing === 1 ? 'machine' : 'machines'} missing`, tone: 'busy' };
}

function roleText(role: NodePoolRole | undefined): string {
  return role === NodePoolRole.CONTROL_PLANE ? 'control-plane' : 'worker';
}

async function describe(pool: NodePool, session: Session, nowMs: number, paint: Painter): Promise<string[]> {
  const { meta, spec, status } = pool;
  const { events } = await listEvents(session, { resource: meta?.id ?? '', kind: 'pool', countMax: 10 });
  const text = poolStateText(status?.state ?? NodePoolState.UNSPECIFIED);
  const counted = `${status?.nodesRunning ?? 0} of ${status?.nodesTotal ?? 0} nodes running`;
  const wanted = spec?.size === undefined ? 'open: who enrolls for it joins' : `${spec.size} wanted`;
  const taints = (spec?.template?.taints ?? []).map(
    ({ key, value, effect }) => `${key}${value === '' ? '' : `=${value}`}:${effect}`,
  );
  const mismatches = (status?.mismatches ?? []).map(
    ({ machineName, reasons }) => `${machineName}: ${reasons.join('; ')}`,
  );
  const open = status?.missing ?? 0;
  return [
    `Pool ${meta?.name ?? ''} (${meta?.id ?? ''}) of ${pool.cluster}: ${text}, ${counted}, ${wanted}`,
    ...field('Status', sentence(text, status?.message ?? '')),
    ...field('Missing', open === 0 ? '' : [`${open} ${open === 1 ? 'machine' : 'machines'}`, ...mismatches].join('\n')),
    ...field(
      'You can',
      open === 0 ? '' : `add a server: flotilla token create --pool ${meta?.name ?? ''} --cluster ${pool.cluster}`,
    ),
    ...field('Takes', selectorText(spec?.selector)),
    ...field(
      'Template',
      `revision ${status?.templateRevision ?? 0n}, Kubernetes ${dash(spec?.template?.kubernetesVersion ?? '')}, role ${roleText(spec?.role)}`,
    ),
    ...field('', `labels ${labelText(spec?.template?.labels ?? {})}`),
    ...field('', taints.length === 0 ? '' : `taints ${taints.join(', ')}`),
    ...field(
      '',
      (spec?.template?.skippedChecks.length ?? 0) === 0
        ? ''
        : `skipped checks ${spec?.template?.skippedChecks.join(', ') ?? ''}`,
    ),
    ...field('Labels', labelText(meta?.labels ?? {})),
    ...conditionLines(status?.conditions ?? [], nowMs, paint),
    ...eventLines(events, nowMs, paint),
  ];
}

/** What a machine must be to be claimed, in words. */
function selectorText(selector: MachineSelector | undefined): string {
  if (selector === undefined) return 'any machine';
  const rules = [
    ...Object.entries(selector.matchLabels).map(([key, value]) => `${key}=${value}`),
    ...[selector.os, selector.arch].filter((each) => each !== ''),
    ...(selector.minCpus > 0 ? [`at least ${selector.minCpus} cpu`] : []),
    ...(selector.minMemoryBytes > 0n ? [`at least ${formatBytes(Number(selector.minMemoryBytes))} memory`] : []),
    ...(selector.minDiskBytes > 0n ? [`at least ${formatBytes(Number(selector.minDiskBytes))} disk`] : []),
    ...(locationText(selector.location, true) === '-' ? [] : [`in ${locationText(selector.location, true)}`]),
  ];
  return rules.length === 0 ? 'any machine' : `machines with ${rules.join(', ')}`;
}

export const poolResource: Resource = {
  columns: [
    { header: 'NAME' },
    { header: 'CLUSTER' },
    { header: 'STATUS' },
    { header: 'NODES' },
    { header: 'SIZE' },
    { header: 'K8S' },
    { header: 'AGE', volatile: true },
    { header: 'ROLE', wide: true },
    { header: 'REVISION', wide: true },
    { header: 'ID', wide: true },
  ],
  goals: ['ready', 'running', 'deleted'],
  list: async ({ connection, project }, { filter, cluster }) => {
    const pools = await allPages(async (page) => {
      const request = ListNodePoolsRequest.create({ project, cluster, options: { ...page, filter } });
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
