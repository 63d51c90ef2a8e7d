import {
  GetMachineRequest,
  type Machine,
  MachineServiceService,
  type Node,
  NodeState,
  StepState,
} from '@flotilla/proto';
import { FlotillaError } from '@flotilla/kit';
import type { Session } from '../call.js';
import { conditionLines, eventLines, field, labelText, phaseLines, sentence } from '../output/describe.js';
import type { Painter } from '../output/paint.js';
import { elapsed } from '../output/times.js';
import { listEvents } from './events.js';
import { nodeStatusText } from './node-words.js';
import { isMember, tellNode } from './node-story.js';
import { dash, locationText } from './places.js';

const eventsShown = 8;

/** One screen: what was seen, decided, done, and what is waited for. */
export async function describeNode(node: Node, session: Session, nowMs: number, paint: Painter): Promise<string[]> {
  const { meta, status } = node;
  const [machine, { events }] = await Promise.all([
    machineOf(session, node.machineId),
    listEvents(session, { resource: meta?.id ?? '', kind: 'node', countMax: eventsShown }),
  ]);
  const story = tellNode(node, machine, session.context.server, nowMs);
  const place = locationText(machine?.spec?.location, true);
  return [
    `Node ${meta?.name ?? ''} (${meta?.id ?? ''}) in pool ${node.pool} of cluster ${node.cluster}, machine ${node.machineId}${place === '-' ? '' : `, ${place}`}`,
    ...field('Status', sentence(nodeStatusText(node), status?.message ?? '')),
    ...field('Seen', story.seen),
    ...field('Verdict', story.verdict),
    ...field('Held', story.held),
    ...field('Done', story.done),
    ...field('Doing', story.doing),
    ...field('Waits', story.waits),
    ...field('You can', story.youCan),
    ...field(
      'Runs',
      `Kubernetes ${dash(status?.kubernetesVersion ?? '')} at ${dash(status?.internalAddress ?? '')}, ${revisionText(node)}`,
    ),
    ...field('Joined', joinedText(node)),
    ...field('Labels', labelText(meta?.labels ?? {})),
    ...conditionLines(status?.conditions ?? [], nowMs, paint),
    ...(joinedText(node) === '' ? phaseLines(status?.phases ?? [], nowMs, paint) : []),
    ...eventLines(events, nowMs, paint),
  ];
}

function revisionText({ status }: Node): string {
  const wanted = status?.templateRevision ?? 0n;
  const seen = status?.observedTemplateRevision ?? 0n;
  return seen === 0n || seen === wanted
    ? `template revision ${wanted}`
    : `template revision ${seen}, ${wanted} is wanted`;
}

/** Phases that are all done are history: one line. Empty while one is not. */
function joinedText({ status }: Node): string {
  const phases = status?.phases ?? [];
  const state = status?.state ?? NodeState.UNSPECIFIED;
  if (phases.length === 0 || !isMember(state) || phases.some((phase) => phase.state !== StepState.DONE)) return '';
  const starts = phases.flatMap(({ startTime }) => (startTime === undefined ? [] : [startTime.getTime()]));
  const ends = phases.flatMap(({ endTime }) => (endTime === undefined ? [] : [endTime.getTime()]));
  const took =
    starts.length === 0 || ends.length === 0 ? '' : ` in ${elapsed(Math.max(...ends) - Math.min(...starts))}`;
  return `${phases.length} of ${phases.length} phases${took}`;
}

/** The node's machine; unknown once it is retired. */
export async function machineOf({ connection, project }: Session, machineId: string): Promise<Machine | undefined> {
  if (machineId === '') return undefined;
  try {
    const request = GetMachineRequest.create({ project, machine: machineId });
    return (await connection.unary(MachineServiceService.getMachine, request)).machine;
  } catch (error) {
    if (error instanceof FlotillaError && error.kind === 'not-found') return undefined;
    throw error;
  }
}
