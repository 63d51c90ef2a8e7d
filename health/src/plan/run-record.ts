import type { RepairRecord, RungResultRecord } from '@flotilla/core';
import { RepairRung, RepairState } from '@flotilla/proto';
import { rungBudgetMs } from './causes.js';
import { rungText } from './explain.js';
import { rungMessage, type RunSight, type RunStep } from './ladder.js';
import { news, warning, type Note } from './note.js';
import type { HealthRules } from './policy.js';
import { skippedOf } from './rungs.js';

type NewRun = Omit<RepairRecord, 'version'>;

/** What one step makes of the record of a run. */
export interface RunChange<R extends NewRun = NewRun> {
  readonly repair: R;
  /** The record differs. */
  readonly changed: boolean;
  /** A rung begins: an act, for the audit log. */
  readonly began: boolean;
  readonly note: Note | undefined;
}

/** The record of a run after a step. */
export function continueRun(repair: RepairRecord, step: RunStep, sight: RunSight): RunChange<RepairRecord> {
  const nowMs = sight.nowWallMs;
  switch (step.kind) {
    case 'wait': {
      const changed = step.message !== repair.message;
      return { repair: { ...repair, message: step.message }, changed, began: false, note: undefined };
    }
    case 'end': {
      const history = closed(repair, step.outcome, step.message, nowMs);
      const ended = { ...repair, state: step.state, message: step.message, history, endedAtMs: nowMs };
      const well = step.state === RepairState.SUCCEEDED;
      const helped = well && step.outcome === 'Succeeded' && repair.rung !== RepairRung.REPLACE;
      const text = helped ? `${step.message} What helped: ${rungText(repair.rung).would}.` : step.message;
      const note = news('Remediation', well ? 'RepairSucceeded' : 'RepairCancelled', text);
      return { repair: ended, changed: true, began: false, note };
    }
    case 'next': {
      const { outcome, message } = step.outcome;
      const history = [...closed(repair, outcome, message, nowMs), ...skippedOf(step.skipped, nowMs)];
      const next = { ...repair, ...begin(step.rung, sight.rules, sight.bootId, nowMs), history };
      const why = outcome === '' ? '' : `${rungText(repair.rung).name} did not help: ${message} `;
      return { repair: next, changed: true, began: true, note: beginNote(step.rung, `${why}${next.message}`) };
    }
    case 'park': {
      const { outcome, message } = step.outcome;
      const history = [...closed(repair, outcome, message, nowMs), ...skippedOf(step.skipped, nowMs)];
      const parked = { ...repair, ...parkedAt(step.message, nowMs), history };
      return { repair: parked, changed: true, began: false, note: parkNote(history, step.message) };
    }
  }
}

/** A rung that begins now. */
export function begin(
  rung: RepairRung,
  rules: HealthRules,
  bootId: string,
  nowMs: number,
): Pick<NewRun, 'rung' | 'attempt' | 'state' | 'message' | 'rungStartedAtMs' | 'rungDeadlineAtMs' | 'bootId'> {
  return {
    rung,
    attempt: 1,
    state: RepairState.RUNNING,
    message: rungMessage(rung, rules),
    rungStartedAtMs: nowMs,
    rungDeadlineAtMs: nowMs + rungBudgetMs(rung, rules),
    bootId,
  };
}

/** A run that waits for a person, for as long as it takes. */
export function parkedAt(
  message: string,
  nowMs: number,
): Pick<NewRun, 'rung' | 'attempt' | 'state' | 'message' | 'rungStartedAtMs' | 'rungDeadlineAtMs'> {
  const times = { rungStartedAtMs: nowMs, rungDeadlineAtMs: nowMs };
  return { rung: RepairRung.ASK, attempt: 1, state: RepairState.PARKED, message, ...times };
}

export const beginNote = (rung: RepairRung, message: string): Note =>
  warning('Remediation', rungText(rung).name, message);

/** A run that ends asks; what was not available is said with it. */
export function parkNote(history: readonly RungResultRecord[], message: string): Note {
  const refused = history.filter(({ outcome }) => outcome === 'NotAllowed' || outcome === 'NotAvailable');
  const byMessage = new Map<string, string[]>();
  for (const { rung, message: why } of refused)
    byMessage.set(why, [...(byMessage.get(why) ?? []), rungText(rung).name]);
  const why = [...byMessage].map(([text, rungs]) => `Not done: ${rungs.join(', ')}. ${text} `).join('');
  return warning('Remediation', 'RepairParked', `${why}${message}`);
}

/** The history with the present rung closed; a parked run has none that would be. */
function closed(repair: RepairRecord, outcome: string, message: string, nowMs: number): readonly RungResultRecord[] {
  if (repair.rung === RepairRung.ASK || outcome === '') return repair.history;
  const { rung, rungStartedAtMs } = repair;
  return [...repair.history, { rung, startedAtMs: rungStartedAtMs, endedAtMs: nowMs, outcome, message }];
}
