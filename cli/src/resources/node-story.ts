import { HealthVerdict, type Machine, type Node, NodeState, RepairState, SessionState } from '@flotilla/proto';
import { formatDuration } from '@flotilla/kit';
import { drainLines } from '../output/drain.js';
import { doingText, lastRepairText, moment, pauseText, rungLines, verdictText, waitsText } from '../output/health.js';
import { currentPhase, phaseLabel } from '../output/phases.js';
import { age, elapsed } from '../output/times.js';
import { isDrained } from './node-words.js';
import { conditionOf } from './places.js';

/** One node in paragraphs: seen, decided, done, waited for. Empty ones are not shown. */
export interface Story {
  readonly seen: string;
  readonly verdict: string;
  readonly held: string;
  readonly done: string;
  readonly doing: string;
  readonly waits: string;
  readonly youCan: string;
}

/** Pure: what both witnesses say, in words. What is done about it is the server's word. */
export function tellNode(node: Node, machine: Machine | undefined, server: string, nowMs: number): Story {
  const health = node.status?.health;
  const repair = health?.repair;
  const evidence = health === undefined || health.reason === '' ? '' : health.message;
  return {
    seen: [`${heartbeatText(node, nowMs)}      ${kubernetesText(node, nowMs)}`, evidence].filter(nonEmpty).join('\n'),
    verdict:
      health === undefined || health.verdict === HealthVerdict.UNSPECIFIED
        ? plainVerdict(node)
        : verdictText(health, nowMs),
    held: heldText(node, machine, nowMs),
    done: [...rungLines(repair?.history ?? [], nowMs), lastRepairText(repair, nowMs)].filter(nonEmpty).join('\n'),
    doing: doingOf(node, nowMs),
    waits: waitsOf(node, nowMs),
    youCan: cureOf(node, server),
  };
}

function nonEmpty(text: string): boolean {
  return text !== '';
}

function heartbeatText({ status }: Node, nowMs: number): string {
  const ago = status?.lastSeenTime === undefined ? 'never heard' : `${age(status.lastSeenTime, nowMs)} ago`;
  if (status?.session === SessionState.SILENT) return `agent heartbeat ${ago}: silent`;
  if (status?.session === SessionState.DISCONNECTED) return `agent heartbeat ${ago}: disconnected`;
  return `agent heartbeat ${ago}`;
}

function kubernetesText({ status }: Node, nowMs: number): string {
  if (status === undefined || !isMember(status.state)) return 'Kubernetes: not joined yet';
  const ready = conditionOf(status.conditions, 'Ready');
  const since = ready?.lastTransitionTime ?? (status.kubernetesReady ? status.readyTime : undefined);
  return `Kubernetes: ${status.kubernetesReady ? 'Ready' : 'not Ready'}${since === undefined ? '' : ` since ${age(since, nowMs)}`}`;
}

/** Whether the node has joined and has not left. */
export function isMember(state: NodeState): boolean {
  return (
    state === NodeState.PROVISIONED || state === NodeState.RUNNING || state === NodeState.RUNNING_SCHEDULING_DISABLED
  );
}

/** Where the server says no verdict: joining, leaving, or an older server. */
function plainVerdict({ status }: Node): string {
  if (status === undefined) return '';
  const heard = status.session === SessionState.CONNECTED;
  if (status.state === NodeState.FAILED) return 'failed -> a person has to act';
  if (status.state === NodeState.DELETING)
    return `leaving${status.removalReason === '' ? '' : `: ${status.removalReason}`}`;
  if (status.state === NodeState.DELETED) return 'has left';
  if (!isMember(status.state))
    return heard ? 'joining' : 'joining, and the agent is not heard -> it goes on by itself once it is back';
  if (heard) return status.kubernetesReady ? 'healthy' : 'the agent is heard, the kubelet is not Ready';
  if (status.kubernetesReady) return 'management lost -> the node is left alone (its work is running)';
  return 'neither the agent nor the kubelet is heard -> the host looks gone';
}

function heldText({ status }: Node, machine: Machine | undefined, nowMs: number): string {
  const pause = pauseText(machine?.status?.pause, nowMs);
  return [
    status?.health?.hold ?? '',
    pause === '' ? '' : `the machine is paused ${pause}`,
    machine?.spec?.remediationDisabled === true
      ? 'the machine is never repaired: remediationDisabled is set on it'
      : '',
  ]
    .filter(nonEmpty)
    .join('\n');
}

function doingOf(node: Node, nowMs: number): string {
  const { status } = node;
  if (status === undefined) return '';
  const repair = doingText(status.health?.repair, nowMs);
  if (repair !== '') return repair;
  if (status.drain !== undefined && !isDrained(node)) return drainLines(status.drain, false, nowMs).join('\n');
  const phase = currentPhase(status.phases);
  if (phase === undefined || isMember(status.state)) return 'nothing';
  const name = phaseLabel(phase);
  if (phase.endTime !== undefined && phase.problems.length === 0) return `${name} is done; the next phase follows`;
  if (phase.retryTime !== undefined)
    return `${name}; tries again in ${formatDuration(phase.retryTime.getTime() - nowMs)}`;
  if (phase.problems.length > 0) return `${name}; waits for a person`;
  return phase.startTime === undefined ? name : `${name} for ${elapsed(nowMs - phase.startTime.getTime())}`;
}

function waitsOf(node: Node, nowMs: number): string {
  const { status } = node;
  const health = waitsText(status?.health, nowMs);
  if (health !== '') return health;
  const drain = status?.drain;
  if (drain?.parked === true) return 'for a person: the time to drain is over, and pods are left';
  if (isDrained(node)) return 'for nothing: it is empty, and stays cordoned';
  if (drain?.deadlineTime !== undefined)
    return `for the pods to leave, until ${moment(drain.deadlineTime, nowMs)}; then ${drain.forced ? 'the rest is deleted' : 'it is parked, and nothing is forced'}`;
  return '';
}

function cureOf({ meta, machineName, pool, status, spec }: Node, server: string): string {
  const name = meta?.name ?? '';
  if (status === undefined || status.state === NodeState.DELETED) return '';
  const { health, drain, session } = status;
  if ((currentPhase(status.phases)?.problems ?? []).length > 0)
    return `cure what is listed under Phases, then: flotilla retry node ${name}`;
  if (health?.repair?.state === RepairState.PARKED)
    return `look at the machine, then: flotilla retry node ${name}\nor give it up: flotilla replace node ${name}`;
  if (drain !== undefined && (drain.blocked.length > 0 || drain.parked)) {
    const back = spec?.drained === true ? `\ntake it back: flotilla uncordon ${name}` : '';
    const again = drain.parked ? `, then: flotilla retry node ${name}` : '';
    return `free what blocks${again}${back}\nby force, as an Admin: flotilla drain ${name} --force`;
  }
  if (health?.repair?.state === RepairState.RUNNING)
    return `follow it: flotilla logs node/${name} -f\nstop it: flotilla pause machine ${machineName} --why WHY`;
  if ((health?.hold ?? '') !== '')
    return `see the numbers: flotilla describe pool ${pool}\nact yourself: flotilla replace node ${name}`;
  if (session !== SessionState.CONNECTED)
    return `check the route from the machine to ${new URL(server).host}, or there: systemctl status flotilla-agent`;
  if (spec?.cordoned === true) return `let new pods come again: flotilla uncordon ${name}`;
  return '';
}
