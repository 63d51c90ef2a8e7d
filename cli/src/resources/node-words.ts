import { type Node, NodeState, SessionState } from '@flotilla/proto';
import { formatDuration } from '@flotilla/kit';
import { currentPhase, phaseLabel } from '../output/phases.js';
import { fromUpperCamel, nodeStateText } from '../output/states.js';
import type { Cell } from '../output/table.js';
import { age, elapsed } from '../output/times.js';
import { conditionOf } from './places.js';

/** `Provisioning (join 7/11)` while it is on its way, else the state alone. */
export function nodeStatusText({ status }: Node): string {
  const state = status?.state ?? NodeState.UNSPECIFIED;
  const text = nodeStateText(state);
  const underWay = state === NodeState.PENDING || state === NodeState.PROVISIONING || state === NodeState.DELETING;
  const phase = underWay || state === NodeState.FAILED ? currentPhase(status?.phases ?? []) : undefined;
  return phase === undefined ? text : `${text} (${phaseLabel(phase)})`;
}

/** What hangs behind the row: the warning of the server, else the first problem of the phase it stands in. */
export function nodeWarning({ status }: Node): Cell {
  if (status === undefined) return { text: '' };
  if (status.warning !== '') return { text: `! ${fromUpperCamel(status.warning)}`, tone: 'bad' };
  const problems = currentPhase(status.phases)?.problems ?? [];
  const [first, ...others] = problems;
  if (first !== undefined)
    return { text: `! ${first.code}${others.length === 0 ? '' : ` and ${others.length} more`}`, tone: 'bad' };
  return status.state === NodeState.FAILED ? { text: `! ${fromUpperCamel(status.reason)}`, tone: 'bad' } : { text: '' };
}

export interface Explanation {
  readonly seen: string;
  readonly verdict: string;
  readonly doing: string;
  readonly youCan: string;
}

/** What the two witnesses say, in words: the agent's heartbeat and Kubernetes. What is done about it is the server's word. */
export function explainNode(node: Node, server: string, nowMs: number): Explanation {
  return {
    seen: `${heartbeatText(node, nowMs)}      ${kubernetesText(node, nowMs)}`,
    verdict: verdictOf(node),
    doing: doingOf(node, nowMs),
    youCan: cureOf(node, server),
  };
}

function heartbeatText({ status }: Node, nowMs: number): string {
  const ago = status?.lastSeenTime === undefined ? 'never heard' : `${age(status.lastSeenTime, nowMs)} ago`;
  if (status?.session === SessionState.SILENT) return `agent heartbeat ${ago}: silent`;
  if (status?.session === SessionState.DISCONNECTED) return `agent heartbeat ${ago}: disconnected`;
  return `agent heartbeat ${ago}`;
}

function kubernetesText({ status }: Node, nowMs: number): string {
  if (status === undefined || !hasJoined(status.state)) return 'Kubernetes: not joined yet';
  const ready = conditionOf(status.conditions, 'Ready');
  const since = ready?.lastTransitionTime ?? (status.kubernetesReady ? status.readyTime : undefined);
  return `Kubernetes: ${status.kubernetesReady ? 'Ready' : 'not Ready'}${since === undefined ? '' : ` since ${age(since, nowMs)}`}`;
}

function hasJoined(state: NodeState): boolean {
  return (
    state === NodeState.PROVISIONED || state === NodeState.RUNNING || state === NodeState.RUNNING_SCHEDULING_DISABLED
  );
}

function verdictOf({ status }: Node): string {
  if (status === undefined) return '';
  const heard = status.session === SessionState.CONNECTED;
  if (status.state === NodeState.FAILED) return 'failed -> a person has to act';
  if (status.state === NodeState.DELETING) return 'leaving';
  if (status.state === NodeState.DELETED) return 'has left';
  if (!hasJoined(status.state))
    return heard ? 'joining' : 'joining, and the agent is not heard -> it goes on by itself once it is back';
  if (heard) return status.kubernetesReady ? 'healthy' : 'the agent is heard, the kubelet is not Ready';
  if (status.kubernetesReady) return 'management lost -> the node is left alone (its work is running)';
  return 'neither the agent nor the kubelet is heard -> the host looks gone';
}

function doingOf({ status }: Node, nowMs: number): string {
  const phase = status === undefined ? undefined : currentPhase(status.phases);
  const idle = 'nothing';
  if (status === undefined || phase === undefined || hasJoined(status.state)) return idle;
  const name = phaseLabel(phase);
  if (phase.endTime !== undefined && phase.problems.length === 0) return `${name} is done; the next phase follows`;
  if (phase.retryTime !== undefined)
    return `${name}; tries again in ${formatDuration(phase.retryTime.getTime() - nowMs)}`;
  if (phase.problems.length > 0) return `${name}; waits for a person`;
  return phase.startTime === undefined ? name : `${name} for ${elapsed(nowMs - phase.startTime.getTime())}`;
}

function cureOf({ meta, status }: Node, server: string): string {
  const problems = status === undefined ? [] : (currentPhase(status.phases)?.problems ?? []);
  if (problems.length > 0) return `cure what is listed under Phases, then: flotilla retry node ${meta?.name ?? ''}`;
  if (status?.session !== SessionState.CONNECTED && status?.state !== NodeState.DELETED) {
    return `check the route from the machine to ${new URL(server).host}, or there: systemctl status flotilla-agent`;
  }
  return '';
}
