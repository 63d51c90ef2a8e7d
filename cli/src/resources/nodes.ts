import {
  GetNodeRequest,
  HealthVerdict,
  ListMachinesRequest,
  ListNodesRequest,
  type Location,
  MachineServiceService,
  Node,
  NodeServiceService,
  NodeState,
} from '@flotilla/proto';
import type { Session } from '../call.js';
import { shortVerdictCell } from '../output/health.js';
import { currentPhase } from '../output/phases.js';
import { nodeStateText, stateTone } from '../output/states.js';
import { describeNode, machineOf } from './describe-node.js';
import { isDrained, nodeStatusText, nodeWarning } from './node-words.js';
import { allPages } from './pages.js';
import { dash, lastSeenCell, locationText, timeCell } from './places.js';
import { answered, type Goal, type Item, listOptions, type Resource, toKindJson } from './resource.js';

function toItem(node: Node, location: Location | undefined): Item {
  const { meta, status } = node;
  const text = nodeStatusText(node);
  const [problem] = currentPhase(status?.phases ?? [])?.problems ?? [];
  return {
    id: meta?.id ?? '',
    name: meta?.name ?? '',
    json: toKindJson('node', Node.toJSON(node)),
    standing: {
      status: text,
      message: problem?.message ?? status?.message ?? '',
      failed: status?.state === NodeState.FAILED,
      remedy: problem?.remedy ?? '',
      phases: status?.phases ?? [],
      reached: reachedGoals(node),
    },
    cells: (nowMs, wide) => [
      { text: meta?.name ?? '' },
      { text: node.pool },
      { text, tone: stateTone(nodeStateText(status?.state ?? NodeState.UNSPECIFIED)) },
      shortVerdictCell(status?.health),
      { text: dash(status?.kubernetesVersion ?? '') },
      lastSeenCell(status?.session ?? 0, status?.lastSeenTime, nowMs, wide),
      { text: locationText(location, wide) },
      timeCell(meta?.createTime, nowMs, wide),
      { text: node.cluster },
      { text: dash(status?.internalAddress ?? '') },
      { text: node.machineId },
      { text: meta?.id ?? '' },
      nodeWarning(node),
    ],
    describe: (session, nowMs, paint) => describeNode(node, session, nowMs, paint),
  };
}

function reachedGoals(node: Node): Goal[] {
  const { status } = node;
  const reached: Goal[] = [];
  const running = status?.state === NodeState.RUNNING || status?.state === NodeState.RUNNING_SCHEDULING_DISABLED;
  if (running) reached.push('running');
  if (running && status.kubernetesReady) reached.push('ready');
  if (running || status?.state === NodeState.PROVISIONED) reached.push('provisioned');
  if (running && status.health?.verdict === HealthVerdict.HEALTHY) reached.push('healthy');
  if (running && status.observedTemplateRevision === status.templateRevision) reached.push('updated');
  if (status?.state === NodeState.RUNNING_SCHEDULING_DISABLED) reached.push('cordoned');
  if (isDrained(node)) reached.push('drained');
  if (status?.state === NodeState.DELETED) reached.push('deleted');
  return reached;
}

async function locations({ connection, project }: Session): Promise<ReadonlyMap<string, Location | undefined>> {
  const machines = await allPages(async (page) => {
    const request = ListMachinesRequest.create({ project, options: page });
    const { machines: items, nextPageToken } = await connection.unary(MachineServiceService.listMachines, request);
    return { items, nextPageToken };
  });
  return new Map(machines.map(({ meta, spec }) => [meta?.id ?? '', spec?.location]));
}

export const nodeResource: Resource = {
  columns: [
    { header: 'NAME' },
    { header: 'POOL' },
    { header: 'STATUS' },
    { header: 'HEALTH' },
    { header: 'K8S' },
    { header: 'LAST SEEN', volatile: true },
    { header: 'LOCATION' },
    { header: 'AGE', volatile: true },
    { header: 'CLUSTER', wide: true },
    { header: 'ADDRESS', wide: true },
    { header: 'MACHINE', wide: true },
    { header: 'ID', wide: true },
  ],
  goals: ['ready', 'running', 'provisioned', 'healthy', 'updated', 'cordoned', 'drained', 'deleted'],
  list: async (session, query) => {
    const { connection, project } = session;
    const { cluster, pool, showDeleted } = query;
    const [nodes, places] = await Promise.all([
      allPages(async (page) => {
        const request = ListNodesRequest.create({
          project,
          cluster,
          nodePool: pool,
          showDeleted,
          options: listOptions(page, query),
        });
        const { nodes: items, nextPageToken } = await connection.unary(NodeServiceService.listNodes, request);
        return { items, nextPageToken };
      }),
      locations(session),
    ]);
    return nodes.map((node) => toItem(node, places.get(node.machineId)));
  },
  get: async (session, name, { cluster }) => {
    const request = GetNodeRequest.create({ project: session.project, cluster, node: name });
    const { node: answer } = await session.connection.unary(NodeServiceService.getNode, request);
    const node = answered(answer, 'node');
    return toItem(node, (await machineOf(session, node.machineId))?.spec?.location);
  },
};
