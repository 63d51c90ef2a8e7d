import { GetNodeRequest, type Machine, MachineState, type Node, NodeServiceService } from '@flotilla/proto';
import { FlotillaError, formatBytes } from '@flotilla/kit';
import type { Session } from '../call.js';
import { conditionLines, eventLines, field, labelText, phaseLines, sentence } from '../output/describe.js';
import { pauseText, verdictCell } from '../output/health.js';
import type { Painter } from '../output/paint.js';
import { machineStateText, sessionStateText } from '../output/states.js';
import { age } from '../output/times.js';
import { listEvents } from './events.js';
import { nodeStatusText } from './node-words.js';
import { dash, locationText } from './places.js';

const eventsShown = 8;

/** One screen: whether it is heard, what it is used for, what keeps it out, and what it is made of. */
export async function describeMachine(
  machine: Machine,
  session: Session,
  nowMs: number,
  paint: Painter,
): Promise<string[]> {
  const { meta, spec, status } = machine;
  const [{ events }, node] = await Promise.all([
    listEvents(session, { resource: meta?.id ?? '', kind: 'machine', countMax: eventsShown }),
    nodeOf(machine, session),
  ]);
  const place = locationText(spec?.location, true);
  const text = machineStateText(status?.state ?? MachineState.UNSPECIFIED);
  const heard = status?.lastSeenTime === undefined ? 'never heard' : `heartbeat ${age(status.lastSeenTime, nowMs)} ago`;
  const from = status?.remoteAddress === '' || status === undefined ? '' : ` from ${status.remoteAddress}`;
  const agent = `${dash(status?.facts?.agentVersion ?? '')}, target generation ${status?.targetGeneration ?? 0n}, observed ${status?.observed?.observedGeneration ?? 0n}`;
  return [
    `Machine ${meta?.name ?? ''} (${meta?.id ?? ''}) in project ${meta?.project ?? ''}${place === '-' ? '' : `, ${place}`}, enrolled ${age(meta?.createTime, nowMs)} ago`,
    ...field('Status', sentence(text, status?.message ?? '')),
    ...field('Seen', `${sessionStateText(status?.session ?? 0)}, ${heard}${from}`),
    ...field('Held', heldText(machine)),
    ...field('Paused', pauseText(status?.pause, nowMs)),
    ...field('You can', cureOf(machine)),
    ...field('Node', nodeText(machine, node)),
    ...field('Host', hostText(machine)),
    ...field('Agent', `${agent}${status?.observed?.converged === true ? ', converged' : ''}`),
    ...field('Labels', labelText(meta?.labels ?? {})),
    ...conditionLines(status?.conditions ?? [], nowMs, paint),
    ...phaseLines(status?.observed?.steps ?? [], nowMs, paint),
    ...eventLines(events, nowMs, paint),
  ];
}

function heldText({ spec, status }: Machine): string {
  return [
    ...(spec?.quarantined === true ? [`out of all pools: ${dash(spec.quarantineReason)}`] : []),
    ...(status?.preserved === true
      ? ['kept as it broke: its kubelet is stopped, and nothing on it is removed until it is released']
      : []),
    ...(spec?.remediationDisabled === true ? ['never repaired: remediationDisabled is set'] : []),
  ].join('\n');
}

function cureOf({ meta, spec, status }: Machine): string {
  const name = meta?.name ?? '';
  return [
    ...(spec?.quarantined === true
      ? [
          `${status?.preserved === true ? 'look at it as long as you like, then' : 'put it back'}: flotilla release machine ${name}`,
        ]
      : []),
    ...(status?.pause === undefined ? [] : [`end the pause: flotilla resume machine ${name}`]),
  ].join('\n');
}

function nodeText({ status }: Machine, node: Node | undefined): string {
  if (status === undefined || status.nodeId === '') return 'none';
  if (node === undefined) return status.nodeId;
  const health = verdictCell(node.status?.health).text;
  return `${node.meta?.name ?? ''} (${status.nodeId}) in pool ${node.pool} of ${node.cluster}: ${nodeStatusText(node)}${health === '-' ? '' : `, ${health}`}`;
}

async function nodeOf({ status }: Machine, { connection, project }: Session): Promise<Node | undefined> {
  if (status === undefined || status.nodeId === '') return undefined;
  try {
    const request = GetNodeRequest.create({ project, node: status.nodeId });
    return (await connection.unary(NodeServiceService.getNode, request)).node;
  } catch (error) {
    if (error instanceof FlotillaError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

function hostText({ status }: Machine): string {
  const facts = status?.facts;
  if (facts === undefined) return '';
  const kernel = facts.kernel === '' ? '' : `kernel ${facts.kernel}`;
  const kind = [facts.osName, kernel, facts.arch, facts.virtualization].filter((each) => each !== '').join(', ');
  const size = `${facts.cpus} cpu, ${bytesText(facts.memoryBytes)} memory, ${bytesText(facts.diskFreeBytes)} of ${bytesText(facts.diskBytes)} disk free`;
  const nets = facts.interfaces.map(({ name, addresses, mac }) => `${name} ${addresses.join(' ')} ${mac}`.trim());
  return [kind, size, ...nets].join('\n');
}

export function bytesText(bytes: bigint | undefined): string {
  return bytes === undefined || bytes === 0n ? '-' : formatBytes(Number(bytes));
}
