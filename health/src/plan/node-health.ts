import type { NodeHealthRecord } from '@flotilla/core';
import { formatDuration } from '@flotilla/kit';
import { HealthVerdict } from '@flotilla/proto';
import { causeRule } from './causes.js';
import { actionable, judge, type Evidence, type NodeSight } from './evidence.js';
import { news, warning, type Note } from './note.js';
import { graceEndsAtMs } from './witness.js';

const { HEALTHY, KUBELET_SICK, HOST_GONE, MANAGEMENT_LOST, UNKNOWN } = HealthVerdict;
const hourMs = 3_600_000;
const fallsMax = 20;
/** A planned time that moved less than this is the same time: both clocks tick a little differently. */
const sameTimeMs = 5_000;

/** What this process itself has seen of a node's sickness; monotonic times. Lost at a restart, which starts every wait anew. */
export interface Held {
  readonly verdict: HealthVerdict;
  /** Since when each cause is seen. */
  readonly causes: ReadonlyMap<string, number>;
}

export interface NodeHealthInput extends NodeSight {
  readonly before: NodeHealthRecord | undefined;
  readonly held: Held | undefined;
  /** What keeps us from acting; empty = nothing does. */
  readonly hold: string;
  /** The ladder will never start here: it is switched off, or the machine is left alone. */
  readonly leftAlone: boolean;
}

export interface NodeHealthPlan {
  readonly health: NodeHealthRecord;
  readonly held: Held | undefined;
  /** Monotonic time from which the ladder may act; undefined = not as things are. */
  readonly dueAtMs: number | undefined;
  readonly notes: readonly Note[];
  /** Monotonic time at which to look again when nothing else makes us. */
  readonly recheckAtMs: number | undefined;
}

const bad: ReadonlySet<HealthVerdict> = new Set([KUBELET_SICK, MANAGEMENT_LOST, HOST_GONE]);

/** The verdict with its memory: a fall counts at once, a recovery only after the pool's minHealthyTime without a finding. */
export function planNodeHealth(input: NodeHealthInput): NodeHealthPlan {
  const { before, now, rules } = input;
  const seen = judge(input);
  // After our own absence, what was said before stands until we have listened for long enough.
  if (seen.verdict === undefined) return unchanged(before ?? unheard(now.wallMs), seen);

  const healthySinceMs = seen.verdict === HEALTHY ? (before?.healthySinceMs ?? now.wallMs) : undefined;
  const wasBad = before !== undefined && bad.has(before.verdict);
  const recoversAtMs = healthySinceMs === undefined ? undefined : healthySinceMs + rules.minHealthyMs;
  const recovering = wasBad && recoversAtMs !== undefined && now.wallMs < recoversAtMs;
  const verdict = recovering ? before.verdict : seen.verdict;
  const reason = recovering ? before.reason : seen.reason;

  const held = heldNow(input, verdict, seen);
  const dueAtMs = recovering || input.leftAlone ? undefined : dueAt(input, verdict, held);
  const same = before?.verdict === verdict && before.reason === reason;
  const health: NodeHealthRecord = {
    verdict,
    reason,
    message: messageOf(input, seen, { recovering, same }),
    sinceMs: same ? before.sinceMs : now.wallMs,
    actAtMs: steady(dueAtMs === undefined ? undefined : now.wallMs + dueAtMs - now.monotonicMs, before?.actAtMs),
    hold: actionable.has(verdict) ? input.hold : '',
    healthySinceMs,
    fallsAtMs: fallsOf(before, seen.verdict, now.wallMs),
  };
  const waits = [seen.changesAtMs, dueAtMs, recovering ? now.monotonicMs + recoversAtMs - now.wallMs : undefined];
  return { health, held, dueAtMs, notes: notesOf(before, health, input), recheckAtMs: nextOf(waits, now.monotonicMs) };
}

function unchanged(health: NodeHealthRecord, seen: Evidence): NodeHealthPlan {
  return { health, held: undefined, dueAtMs: undefined, notes: [], recheckAtMs: seen.changesAtMs };
}

/** What is said of a node before anything was seen of it. */
export const unheard = (nowMs: number): NodeHealthRecord => ({
  verdict: UNKNOWN,
  reason: 'OwnAbsence',
  message: 'Flotilla has just started and has not heard the machine yet.',
  sinceMs: nowMs,
  actAtMs: undefined,
  hold: '',
  healthySinceMs: undefined,
  fallsAtMs: [],
});

/** Each cause keeps its beginning while it is seen; a recovery that has not lasted forgets nothing. */
function heldNow({ held, now }: NodeHealthInput, verdict: HealthVerdict, seen: Evidence): Held | undefined {
  if (!actionable.has(verdict)) return undefined;
  const before = held?.verdict === verdict ? held.causes : new Map<string, number>();
  if (seen.verdict === HEALTHY) return { verdict, causes: before };
  return { verdict, causes: new Map(seen.causes.map((cause) => [cause, before.get(cause) ?? now.monotonicMs])) };
}

/** The earliest end of a cause's timeout, never within the grace after our own absence. */
function dueAt({ rules, live }: NodeHealthInput, verdict: HealthVerdict, held: Held | undefined): number | undefined {
  if (!actionable.has(verdict) || held === undefined || held.causes.size === 0) return undefined;
  const ends = [...held.causes].map(([cause, sinceMs]) => sinceMs + causeRule(cause).timeoutMs(rules));
  return Math.max(Math.min(...ends), graceEndsAtMs(live));
}

function fallsOf(before: NodeHealthRecord | undefined, seen: HealthVerdict, nowMs: number): readonly number[] {
  const falls = before?.fallsAtMs ?? [];
  const fell = before?.healthySinceMs !== undefined && bad.has(seen);
  return fell ? [...falls.filter((atMs) => atMs > nowMs - hourMs), nowMs].slice(-fallsMax) : falls;
}

function messageOf(
  { before, rules }: NodeHealthInput,
  seen: Evidence,
  { recovering, same }: { readonly recovering: boolean; readonly same: boolean },
): string {
  if (recovering) {
    const time = formatDuration(rules.minHealthyMs);
    return `Nothing is found any more; it counts as healthy after ${time} without a finding.`;
  }
  // What was seen when it began is kept: a sentence that changes with every second is no record.
  return same && before !== undefined && before.healthySinceMs === undefined ? before.message : seen.message;
}

function steady(wantedMs: number | undefined, beforeMs: number | undefined): number | undefined {
  const near = wantedMs !== undefined && beforeMs !== undefined && Math.abs(wantedMs - beforeMs) < sameTimeMs;
  return near ? beforeMs : wantedMs;
}

function notesOf(before: NodeHealthRecord | undefined, after: NodeHealthRecord, { now }: NodeHealthInput): Note[] {
  if (before?.verdict === after.verdict) return [];
  if (after.verdict === HEALTHY) {
    const wasBad = before !== undefined && bad.has(before.verdict);
    return wasBad ? [news('Health', 'Healthy', `It is healthy again${fallText(after)}.`)] : [];
  }
  // An API server that does not answer is told once, by the cluster, and not by each of its nodes.
  const silentUnknown = after.verdict === UNKNOWN && after.reason !== 'NodeObjectMissing';
  if (silentUnknown || after.reason === '') return [];
  return [warning('Health', after.reason, `${after.message}${nextText(after, now.wallMs)}`)];
}

function nextText({ hold, actAtMs }: NodeHealthRecord, nowMs: number): string {
  if (hold !== '') return ` Nothing is done now: ${hold}`;
  if (actAtMs === undefined) return '';
  return actAtMs <= nowMs
    ? ' It is due for repair now.'
    : ` If it stays so, it is repaired in ${formatDuration(actAtMs - nowMs)}.`;
}

function fallText({ fallsAtMs }: NodeHealthRecord): string {
  return fallsAtMs.length > 1 ? `, after ${fallsAtMs.length} falls within an hour` : '';
}

function nextOf(times: readonly (number | undefined)[], nowMs: number): number | undefined {
  const future = times.filter((atMs) => atMs !== undefined && atMs > nowMs) as number[]; // undefined is filtered out
  return future.length === 0 ? undefined : Math.min(...future);
}
