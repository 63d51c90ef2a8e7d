import type { HealthMember, NodeHealthRecord, RepairRecord } from '@flotilla/core';
import { formatDuration } from '@flotilla/kit';
import { HealthVerdict, NonceState, RepairRung, RepairState } from '@flotilla/proto';
import { causeRule, disruptiveRungs, rungBudgetMs } from './causes.js';
import { actionable } from './evidence.js';
import { rungText } from './explain.js';
import type { HealthRules } from './policy.js';
import { hasActed, nextRung, skippedOf, type RungSight, type Skipped } from './rungs.js';

const { RUNNING, SUCCEEDED, PARKED, CANCELLED } = RepairState;

/** A run that could not go on for this long waits for a person: every run ends. */
export const stuckMs = 3_600_000;

/** One run at one moment. Times are monotonic unless they say wall. */
export interface RunSight extends RungSight {
  readonly member: HealthMember;
  readonly health: NodeHealthRecord;
  readonly repair: RepairRecord;
  /** What is seen at this very moment, without memory. */
  readonly seenNow: HealthVerdict | undefined;
  /** What keeps us from acting; empty = nothing does. */
  readonly held: string;
  /** Why the machine is left alone; empty = it is not. */
  readonly leftAlone: string;
  /** The ladder may act from then on; undefined = not as things are. */
  readonly dueAtMs: number | undefined;
  /** Since when this process sees the present rung. */
  readonly rungSeenMs: number;
  /** What the agent says of the present rung; undefined = nothing. */
  readonly nonce: NonceState | undefined;
  /** Present boot id of the machine; empty = not known. */
  readonly bootId: string;
}

export type RunStep =
  | { readonly kind: 'wait'; readonly message: string; readonly checkAtMs?: number | undefined }
  | {
      readonly kind: 'end';
      readonly state: RepairState;
      readonly outcome: string;
      readonly message: string;
    }
  | {
      readonly kind: 'next';
      readonly outcome: Outcome;
      readonly rung: RepairRung;
      readonly skipped: readonly Skipped[];
    }
  | {
      readonly kind: 'park';
      readonly outcome: Outcome;
      readonly message: string;
      readonly skipped: readonly Skipped[];
    };

/** How the present rung went. */
export interface Outcome {
  readonly outcome: string;
  readonly message: string;
}

/** What becomes of a run that is under way. The first rule that fits decides. */
export function stepRun(sight: RunSight): RunStep {
  const { member, repair, health, leftAlone, held, nowMs, dueAtMs } = sight;
  if (member.removing) return leaves(repair);
  if (leftAlone !== '') return cancelled(sight, leftAlone);
  if (health.verdict === HealthVerdict.HEALTHY) return recovered(repair);
  if (repair.state === PARKED) return stepParked(sight);
  if (health.healthySinceMs !== undefined) return paused(sight, 'Nothing is found any more: it must stay so to count.');
  if (held !== '') return heldBack(sight);
  if (!actionable.has(health.verdict))
    return paused(sight, 'It waits at this rung: what is known now is no reason to act.');
  if (sight.seenNow !== health.verdict) return paused(sight, 'It waits at this rung: what is seen changes.');
  const failed = sight.nonce === NonceState.FAILED;
  const endsAtMs = sight.rungSeenMs + rungBudgetMs(repair.rung, sight.rules);
  if (!failed && nowMs < endsAtMs)
    return { kind: 'wait', message: rungMessage(repair.rung, sight.rules), checkAtMs: endsAtMs };
  if (dueAtMs === undefined || nowMs < dueAtMs) return paused(sight, rungMessage(repair.rung, sight.rules), dueAtMs);
  return goOn(sight);
}

function goOn(sight: RunSight): RunStep {
  const { repair, nowWallMs } = sight;
  const outcome = outcomeOf(sight);
  const passed = rebootedByOthers(sight);
  const next = nextRung(sight, [...repair.history, ...skippedOf(passed, nowWallMs)], repair.rung);
  if (next.kind === 'wait') return paused(sight, `Next it would ${rungText(next.rung).would}. ${next.message}`);
  const skipped = [...passed, ...next.skipped];
  if (next.kind === 'rung') return { kind: 'next', outcome, rung: next.rung, skipped };
  return { kind: 'park', outcome, message: askText(sight), skipped };
}

/** A rung that was not available when the run was parked, and is now, is taken: a spare has come. */
function stepParked(sight: RunSight): RunStep {
  const { health, held, dueAtMs, nowMs, repair } = sight;
  const stillSick = actionable.has(health.verdict) && sight.seenNow === health.verdict;
  const mayAct = held === '' && health.healthySinceMs === undefined && dueAtMs !== undefined && nowMs >= dueAtMs;
  const next = stillSick && mayAct ? nextRung(sight, repair.history) : undefined;
  if (next?.kind !== 'rung') return waitText(repair.message);
  return { kind: 'next', outcome: { outcome: '', message: '' }, rung: next.rung, skipped: [] };
}

function leaves(repair: RepairRecord): RunStep {
  const released = repair.rung === RepairRung.REPLACE && repair.state === RUNNING;
  return released
    ? end(
        SUCCEEDED,
        'Succeeded',
        'The node was released; its machine is kept as it is until it is released from quarantine.',
      )
    : end(CANCELLED, 'Interrupted', 'The node leaves the cluster.');
}

function recovered(repair: RepairRecord): RunStep {
  // A machine that came back before a spare took its place was not replaced.
  const didIt = repair.state === RUNNING && repair.rung !== RepairRung.REPLACE;
  if (didIt || hasActed(repair.history))
    return end(SUCCEEDED, didIt ? 'Succeeded' : 'Skipped', 'The node is healthy again.');
  return end(CANCELLED, 'Skipped', 'The node became healthy by itself.');
}

/** A hold pauses a run at its rung; a disruptive order that the host has not begun is taken back. */
function heldBack(sight: RunSight): RunStep {
  const { repair, nonce, held, bootId } = sight;
  const begun = nonce !== undefined || (bootId !== '' && bootId !== repair.bootId);
  if (disruptiveRungs.has(repair.rung) && !begun) return cancelled(sight, `Taken back before it began: ${held}`);
  return paused(sight, `It waits at this rung: ${held}`);
}

function cancelled(sight: RunSight, message: string): RunStep {
  const begun = sight.nonce !== undefined;
  return end(CANCELLED, begun || sight.repair.state === PARKED ? 'Interrupted' : 'Skipped', message);
}

/** Waits, but not for ever. */
function paused(sight: RunSight, message: string, checkAtMs = Number.POSITIVE_INFINITY): RunStep {
  const stuckAtMs = sight.rungSeenMs + stuckMs;
  if (sight.nowMs < stuckAtMs) return { kind: 'wait', message, checkAtMs: Math.min(stuckAtMs, checkAtMs) };
  const parked = `It could not go on for ${formatDuration(stuckMs)}. ${askText(sight)}`;
  return { kind: 'park', outcome: outcomeOf(sight), message: parked, skipped: [] };
}

const waitText = (message: string): RunStep => ({ kind: 'wait', message });
const end = (state: RepairState, outcome: string, message: string): RunStep => ({
  kind: 'end',
  state,
  outcome,
  message,
});

/** How the present rung went, when the node is not well at its end. A reboot is proven by another boot id, not by a report. */
export function outcomeOf({ repair, nonce, bootId }: RunSight): Outcome {
  const rebooted = bootId !== '' && repair.bootId !== '' && bootId !== repair.bootId;
  if (repair.rung === RepairRung.REBOOT) {
    return rebooted
      ? { outcome: 'NotObserved', message: 'The machine has rebooted (another boot id) and the node is not well.' }
      : {
          outcome: 'NotObserved',
          message: 'The machine was not seen to reboot: its boot id is the same or not known.',
        };
  }
  if (nonce === NonceState.FAILED) return { outcome: 'Failed', message: 'The host says that it failed.' };
  if (nonce === NonceState.INTERRUPTED || rebooted) {
    return { outcome: 'Interrupted', message: 'The host was interrupted while it did it; it is not repeated blindly.' };
  }
  if (nonce === NonceState.DONE) return { outcome: 'NotObserved', message: 'It was done, and the node is not well.' };
  return { outcome: 'NotObserved', message: 'The host has not said that it did it, and the node is not well.' };
}

/** A machine that somebody rebooted meanwhile is not rebooted once more. */
function rebootedByOthers({ repair, bootId }: RunSight): Skipped[] {
  const rebooted = bootId !== '' && repair.bootId !== '' && bootId !== repair.bootId;
  if (!rebooted || repair.rung === RepairRung.REBOOT) return [];
  const message = 'The machine was rebooted by somebody else meanwhile.';
  return [{ rung: RepairRung.REBOOT, outcome: 'Skipped', message }];
}

/** What is done at a rung, and for how long it is waited for. */
export function rungMessage(rung: RepairRung, rules: HealthRules): string {
  const budget = formatDuration(rungBudgetMs(rung, rules));
  if (rung === RepairRung.REPLACE) return `${rungText(rung).doing}. The pool has ${budget} to do that.`;
  return `${rungText(rung).doing}. It has ${budget} to be seen well again.`;
}

/** What a person must do. */
export function askText({ reason, member }: Pick<RunSight, 'reason' | 'member'>): string {
  return `Flotilla has done what it may. ${causeRule(reason).ask}. Or: flotilla replace node ${member.nodeName}`;
}
