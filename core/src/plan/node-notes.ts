import { EventSeverity, NodeState, StepState, type StepReport } from '@flotilla/proto';
import type { NodeStatusRecord } from '../domain/records.js';
import { camelCase, type Note } from './decision.js';
import { problemText } from './phases.js';

/** One event for each change of state or cause. What health says of the node is told by the extension that judges it. */
export function stateNotes(before: NodeStatusRecord, after: NodeStatusRecord): Note[] {
  const notes: Note[] = [];
  if (before.state !== after.state || (after.state === NodeState.FAILED && before.reason !== after.reason)) {
    const bad = after.state === NodeState.FAILED;
    const severity = bad ? EventSeverity.WARNING : EventSeverity.NORMAL;
    const reason = `Node${camelCase((NodeState[after.state] ?? '').toLowerCase().replaceAll('_', '-'))}`;
    notes.push({ severity, category: 'Lifecycle', reason, message: after.message });
  }
  return notes;
}

/** One event for each phase that began, ended or failed. */
export function phaseNotes(before: readonly StepReport[], after: readonly StepReport[]): Note[] {
  return after.flatMap((phase): Note[] => {
    const old = before.find((p) => p.phase === phase.phase);
    const oldState = old?.state ?? StepState.WAITING;
    if (oldState === phase.state && old?.attempt === phase.attempt) return [];
    const title = `Phase ${phase.index} of ${phase.total}, ${phase.phase}`;
    const note = (severity: EventSeverity, reason: string, message: string): Note[] => [
      { severity, category: 'Progress', reason, message },
    ];
    switch (phase.state) {
      case StepState.RUNNING:
        return oldState === StepState.RUNNING ? [] : note(EventSeverity.NORMAL, 'PhaseRunning', `${title}, runs.`);
      case StepState.DONE:
        return note(EventSeverity.NORMAL, 'PhaseDone', `${title}, is done.`);
      case StepState.FAILED:
        return note(EventSeverity.WARNING, 'PhaseFailed', `${title}, failed. ${problemText(phase)}`);
      case StepState.PARKED:
        // A drain that is parked has its own event, with what blocks it.
        return phase.phase === 'drain'
          ? []
          : note(EventSeverity.WARNING, 'PhaseParked', `${title}, waits for a person. ${problemText(phase)}`);
      default:
        return [];
    }
  });
}
