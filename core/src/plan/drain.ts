import { formatDuration } from '@flotilla/kit';
import { EventSeverity } from '@flotilla/proto';
import { durationMs } from '../domain/durations.js';
import { drainTimeoutDefaultMs } from '../domain/policy-spec.js';
import type { NodeDrainRecord, NodeStatusRecord } from '../domain/records.js';
import type { NodeView } from '../domain/views.js';
import { counted, type Note } from './decision.js';
import type { KubernetesNodeFacts, NodeAct, NodeFacts } from './node-facts.js';

/** How often a drain is looked at again; one that is parked or done, now and then. */
export const drainEveryMs = 5_000;
export const drainRestMs = 60_000;

/** On whose terms a node is emptied. */
export interface DrainOrder {
  readonly atMs: number;
  /** undefined = the pool's. */
  readonly timeoutMs: number | undefined;
  readonly force: boolean;
  /** What an Admin runs to have it forced. */
  readonly forceCommand: string;
}

export interface DrainStep {
  readonly record: NodeDrainRecord;
  /** No pod is left that has to go. */
  readonly done: boolean;
  readonly reason: string;
  readonly message: string;
  readonly act: NodeAct;
}

/**
 * One look at the emptying of a cordoned node. Pods are asked to leave through the eviction API until the deadline. Then
 * it is parked with what blocks it, and a person decides; only when force was asked for are pods deleted.
 */
export function planDrain(
  { node, pool }: NodeView,
  facts: NodeFacts,
  kubernetes: KubernetesNodeFacts,
  order: DrainOrder,
): DrainStep {
  const before = node.status.drain;
  // An order that is given anew, and a retry, begin it anew.
  const goesOn = before !== undefined && before.startedAtMs >= order.atMs && before.retry === node.retryCount;
  const startedAtMs = goesOn ? before.startedAtMs : facts.now.wallMs;
  const timeoutMs = order.timeoutMs ?? durationMs(pool.spec.drainTimeout, drainTimeoutDefaultMs);
  const seen = facts.drain?.startedAtMs === startedAtMs ? facts.drain : undefined;
  const known = seen ?? (goesOn && before.counted ? before : undefined);
  const done = known?.podsLeft === 0;
  const over = facts.now.wallMs >= startedAtMs + timeoutMs && !done;
  const record: NodeDrainRecord = {
    podsLeft: known?.podsLeft ?? 0,
    blocked: known?.blocked ?? [],
    startedAtMs,
    deadlineAtMs: startedAtMs + timeoutMs,
    parked: over && !order.force,
    forced: over && order.force,
    retry: node.retryCount,
    counted: known !== undefined,
  };
  const mode = record.parked ? 'watch' : record.forced ? 'force' : 'ask';
  const act: NodeAct = { kind: 'drain', mode, startedAtMs, unreachable: !kubernetes.ready };
  return { record, done, act, ...saying(node.name, record, timeoutMs, order) };
}

function saying(
  name: string,
  { counted: known, podsLeft, blocked, parked, forced }: NodeDrainRecord,
  timeoutMs: number,
  { forceCommand }: DrainOrder,
): { readonly reason: string; readonly message: string } {
  if (!known && forced) return { reason: 'ForcingDrain', message: 'The time is over: pods are deleted by force.' };
  if (!known) return { reason: 'Draining', message: 'Pods are asked to leave the node.' };
  if (podsLeft === 0) return { reason: 'Drained', message: 'No pod is left on the node that has to leave.' };
  const pods = counted(podsLeft, 'pod');
  const why = blocked.length === 0 ? '' : ` Blocked: ${blocked.join(' ')}`;
  if (forced) return { reason: 'ForcingDrain', message: `The time is over: ${pods} deleted by force.${why}` };
  if (!parked) return { reason: 'Draining', message: `${pods} must leave the node.${why}` };
  const cure = `Cure what blocks and run: flotilla retry node ${name}; or let an Admin run: ${forceCommand}`;
  const since = formatDuration(timeoutMs);
  return {
    reason: 'DrainParked',
    message: `After ${since} ${pods} must still leave; nothing is forced.${why} ${cure}`,
  };
}

/** One event when a drain is parked, is forced, or has emptied a node that stays. */
export function drainNotes(before: NodeStatusRecord, after: NodeStatusRecord): Note[] {
  const note = (severity: EventSeverity, reason: string): Note[] => [
    { severity, category: 'Lifecycle', reason, message: after.message },
  ];
  const { drain } = after;
  if (drain?.parked === true && before.drain?.parked !== true) return note(EventSeverity.WARNING, 'DrainParked');
  if (drain?.forced === true && before.drain?.forced !== true) return note(EventSeverity.WARNING, 'ForcingDrain');
  if (after.reason === 'Drained' && before.reason !== 'Drained') return note(EventSeverity.NORMAL, 'Drained');
  return [];
}
