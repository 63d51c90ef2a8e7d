import {
  GetMachineRequest,
  GetNodeRequest,
  ListMachinesRequest,
  ListNodesRequest,
  type Location,
  MachineServiceService,
  Node,
  NodeServiceService,
  NodeState,
} from '@flotilla/proto';
import { FlotillaError } from '@flotilla/kit';
import type { Session } from '../call.js';
import { conditionLines, eventLines, field, labelText, phaseLines, sentence } from '../output/describe.js';
import type { Painter } from '../output/paint.js';
import { currentPhase } from '../output/phases.js';
import { nodeStateText, stateTone } from '../output/states.js';
import { listEvents } from './events.js';
import { explainNode, nodeStatusText, nodeWarning } from './node-words.js';
import { allPages } from './pages.js';
import { dash, lastSeenCell, locationText, timeCell } from './places.js';
import { answered, type Goal, type Item, type Resource, toKindJson } from './resource.js';

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
    describe: (session, nowMs, paint) => describe(node, session, nowMs, paint),
  };
}

function reachedGoals({ status }: Node): Goal[] {
  const reached: Goal[] = [];
  const running = status?.state === NodeState.RUNNING || status?.state === NodeState.RUNNING_SCHEDULING_DISABLED;
  if (running) reached.push('running');
  if (running && status.kubernetesReady) reached.push('ready');
  if (status?.state === NodeState.DELETED) reached.push('deleted');
  return reached;
}

async function describe(node: Node, session: Session, nowMs: number, paint: Painter): Promise<string[]> {
  const { meta, status } = node;
  const [location, { events }] = await Promise.all([
    locationOf(session, node.machineId),
    listEvents(session, { resource: meta?.id ?? '', kind: 'node', countMax: 10 }),
  ]);
  const { seen, verdict, doing, youCan } = explainNode(node, session.context.server, nowMs);
  const place = locationText(location, true);
  return [
    `Node ${meta?.name ?? ''} (${meta?.id ?? ''}) in pool ${node.pool} of cluster ${node.cluster}, machine ${node.machineId}${place === '-' ? '' : `, ${place}`}`,
    ...field('Status', sentence(nodeStatusText(node), status?.message ?? '')),
    ...field('Seen', seen),
    ...field('Verdict', verdict),
    ...field('Doing', doing),
    ...field('You can', youCan),
    ...field(
      'Runs',
      `Kubernetes ${dash(status?.kubernetesVersion ?? '')} at ${dash(status?.internalAddress ?? '')}, template revision ${status?.templateRevision ?? 0n}`,
    ),
    ...field('Labels', labelText(meta?.labels ?? {})),
    ...conditionLines(status?.conditions ?? [], nowMs, paint),
    ...phaseLines(status?.phases ?? [], nowMs, paint),
    ...eventLines(events, nowMs, paint),
  ];
}

/** Where the machine stands; unknown once it is retired. */
async function locationOf({ connection, project }: Session, machineId: string): Promise<Location | undefined> {
  if (machineId === '') return undefined;
  try {
    const request = GetMachineRequest.create({ project, machine: machineId });
    const { machine } = await connection.unary(MachineServiceService.getMachine, request);
    return machine?.spec?.location;
  } catch (error) {
    if (error instanceof FlotillaError && error.kind === 'not-found') return undefined;
    throw error;
  }
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
    { header: 'K8S' },
    { header: 'LAST SEEN', volatile: true },
    { header: 'LOCATION' },
    { header: 'AGE', volatile: true },
    { header: 'CLUSTER', wide: true },
    { header: 'ADDRESS', wide: true },
    { header: 'MACHINE', wide: true },
    { header: 'ID', wide: true },
  ],
  goals: ['ready', 'running', 'deleted'],
  list: async (session, { filter, cluster, pool, showDeleted }) => {
    const { connection, project } = session;
    const [nodes, places] = await Promise.all([
      allPages(async (page) => {
        const request = ListNodesRequest.create({
          project,
          cluster,
          nodePool: pool,
          showDeleted,
          options: { ...page, filter },
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
    return toItem(node, await locationOf(session, node.machineId));
  },
};
