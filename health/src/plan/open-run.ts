import type { ClusterRecord, HealthMember, RepairRecord } from '@flotilla/core';
import { formatDuration } from '@flotilla/kit';
import { HealthMode, RepairRung, RepairState, type HealthVerdict } from '@flotilla/proto';
import type { NewHold } from './breakers.js';
import { actionable } from './evidence.js';
import { rungText } from './explain.js';
import { askText } from './ladder.js';
import { news } from './note.js';
import { begin, beginNote, parkedAt, parkNote, type RunChange } from './run-record.js';
import { hasActed, nextRung, skippedOf, type RungSight } from './rungs.js';

/** A node has at most one run in this time. */
export const runIntervalMs = 3_600_000;

export interface OpenInput {
  readonly sight: RungSight;
  readonly member: HealthMember;
  readonly seenNow: HealthVerdict | undefined;
  /** Monotonic. */
  readonly dueAtMs: number | undefined;
  readonly bootId: string;
  /** Runs under way in the pool. */
  readonly running: number;
  readonly cluster: ClusterRecord;
  readonly newRunId: () => string;
}

export type Opening =
  | { readonly kind: 'none' }
  | { readonly kind: 'wait'; readonly checkAtMs: number }
  | { readonly kind: 'hold'; readonly hold: NewHold }
  | { readonly kind: 'open'; readonly change: RunChange };

const none: Opening = { kind: 'none' };

/** Whether a run begins on a node that has none and that no breaker or pause holds. The first rule that fits decides. */
export function openRun(input: OpenInput): Opening {
  const { sight, member, seenNow, dueAtMs, running } = input;
  const { health, lastRepair } = member;
  if (health === undefined || !actionable.has(health.verdict)) return none;
  const againAtMs = lastRepair !== undefined && isRun(lastRepair) ? lastRepair.startedAtMs + runIntervalMs : undefined;
  if (againAtMs !== undefined && sight.nowWallMs < againAtMs) {
    const text = `The last repair of this node began less than ${formatDuration(runIntervalMs)} ago: at most one in that time.`;
    return sight.rules.mode === HealthMode.OBSERVE ? none : hold(input, 'RecentlyRepaired', text);
  }
  if (seenNow !== health.verdict || health.healthySinceMs !== undefined) return none;
  if (dueAtMs === undefined) return none;
  if (sight.nowMs < dueAtMs) return { kind: 'wait', checkAtMs: dueAtMs };
  if (sight.controlPlane?.othersBusy === true) {
    return hold(input, 'Quorum', 'Another control-plane member is worked on: one at a time.');
  }
  if (running >= sight.budget) {
    return hold(input, 'Budget', `${running} of at most ${sight.budget} nodes of the pool are being repaired.`);
  }
  const next = nextRung(sight, []);
  if (next.kind === 'wait') return hold(input, 'Waiting', `It would ${rungText(next.rung).would}. ${next.message}`);
  if (sight.rules.mode === HealthMode.OBSERVE)
    return observed(input, next.kind === 'rung' ? next.rung : RepairRung.ASK);
  return next.kind === 'rung' ? started(input, next.rung, next.skipped) : asked(input, next.skipped);
}

/** A run that was taken back before anything was done does not count. */
function isRun({ state, history }: RepairRecord): boolean {
  return state !== RepairState.CANCELLED || hasActed(history);
}

function hold({ member }: OpenInput, reason: string, message: string): Opening {
  const known = { scope: 'machine', subject: member.machineName, unhealthy: 1, total: 1, limit: 0 };
  return { kind: 'hold', hold: { ...known, reason, message } };
}

function newRun({ member, cluster, sight, bootId, newRunId }: OpenInput): Omit<RepairRecord, 'version'> {
  return {
    id: newRunId(),
    projectId: cluster.projectId,
    clusterId: cluster.id,
    poolId: member.poolId,
    nodeId: member.nodeId,
    machineId: member.machineId,
    cause: sight.reason,
    startedAtMs: sight.nowWallMs,
    endedAtMs: undefined,
    history: [],
    bootId,
    ...parkedAt('', sight.nowWallMs),
  };
}

function started(input: OpenInput, rung: RepairRung, skipped: Parameters<typeof skippedOf>[0]): Opening {
  const nowMs = input.sight.nowWallMs;
  const run = newRun(input);
  const repair = { ...run, ...begin(rung, input.sight.rules, input.bootId, nowMs), history: skippedOf(skipped, nowMs) };
  const note = beginNote(rung, `${repair.cause}: ${repair.message}`);
  return { kind: 'open', change: { repair, changed: true, began: true, note } };
}

/** Nothing may be done at all: a person is asked at once. */
function asked(input: OpenInput, skipped: Parameters<typeof skippedOf>[0]): Opening {
  const nowMs = input.sight.nowWallMs;
  const message = askText({ reason: input.sight.reason, member: input.member });
  const history = skippedOf(skipped, nowMs);
  const repair = { ...newRun(input), ...parkedAt(message, nowMs), history };
  return { kind: 'open', change: { repair, changed: true, began: false, note: parkNote(history, message) } };
}

/** Mode OBSERVE: what would have been done, and nothing is. */
function observed(input: OpenInput, rung: RepairRung): Opening {
  const nowMs = input.sight.nowWallMs;
  const message = `It would ${rungText(rung).would} now (${input.sight.reason}); the pool only observes.`;
  const repair = { ...newRun(input), rung, state: RepairState.OBSERVED, message, endedAtMs: nowMs };
  return {
    kind: 'open',
    change: { repair, changed: true, began: false, note: news('Remediation', 'WouldRepair', message) },
  };
}
