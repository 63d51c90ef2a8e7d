import { type Problem, type StepReport, StepState } from '@flotilla/proto';
import { formatDuration } from '@flotilla/kit';
import type { Painter, Tone } from './paint.js';
import { elapsed } from './times.js';

const words: Readonly<Record<StepState, { text: string; tone: Tone }>> = {
  [StepState.UNSPECIFIED]: { text: 'unknown', tone: 'dim' },
  [StepState.UNRECOGNIZED]: { text: 'unknown', tone: 'dim' },
  [StepState.WAITING]: { text: 'waiting', tone: 'dim' },
  [StepState.RUNNING]: { text: 'running', tone: 'busy' },
  [StepState.DONE]: { text: 'done', tone: 'good' },
  [StepState.FAILED]: { text: 'failed', tone: 'bad' },
  [StepState.PARKED]: { text: 'parked', tone: 'bad' },
};

/** The phase that a node stands in: the first that is not done and was begun, else the last that is done. */
export function currentPhase(phases: readonly StepReport[]): StepReport | undefined {
  const begun = phases.find(
    ({ state }) => state === StepState.RUNNING || state === StepState.FAILED || state === StepState.PARKED,
  );
  return begun ?? phases.findLast(({ state }) => state === StepState.DONE);
}

/** `join 7/11`, and ` failed` where it did. */
export function phaseLabel(phase: StepReport): string {
  const { state } = phase;
  const trouble = state === StepState.FAILED || state === StepState.PARKED ? ` ${words[state].text}` : '';
  return `${phase.phase} ${phase.index}/${phase.total}${trouble}`;
}

/** `  3/11 preflight           failed  0.8s   2 problems`, the same line that the machine's own terminal shows. */
export function phaseLine(phase: StepReport, nowMs: number, paint: Painter): string {
  const { text, tone } = words[phase.state];
  const number = `${phase.index}/${phase.total}`.padStart(7);
  const line = `${number} ${phase.phase.padEnd(19)}${paint(text, tone)}${' '.repeat(Math.max(1, 8 - text.length))}`;
  return `${line}${durationOf(phase, nowMs).padEnd(7)}${noteOf(phase, nowMs)}`.trimEnd();
}

/** Each problem with its cure, all of them at once. */
export function problemLines(problems: readonly Problem[], paint: Painter): string[] {
  const width = Math.max(16, ...problems.map(({ code }) => code.length + 1));
  const indent = ' '.repeat(width + 2);
  return problems.flatMap(({ code, message, remedy }) => [
    `  ${paint(code.padEnd(width), 'bad')}${message}`,
    ...remedy
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => indent + line),
  ]);
}

/** What of a phase makes a new line under `-w`: its state and attempt, not its running time. */
export function phaseSignature(phase: StepReport): string {
  const problems = phase.problems.map(({ code, message }) => `${code} ${message}`).join();
  return `${phase.phase} ${phase.state} ${phase.attempt} ${problems}`;
}

function durationOf({ startTime, endTime, state }: StepReport, nowMs: number): string {
  if (startTime === undefined || state === StepState.WAITING) return '';
  if (endTime !== undefined) return elapsed(endTime.getTime() - startTime.getTime());
  return state === StepState.RUNNING ? elapsed(nowMs - startTime.getTime()) : '';
}

function noteOf(phase: StepReport, nowMs: number): string {
  const notes: string[] = [];
  if (phase.problems.length > 0)
    notes.push(phase.problems.length === 1 ? '1 problem' : `${phase.problems.length} problems`);
  if (phase.state === StepState.RUNNING && phase.step !== '' && phase.step !== phase.phase) notes.push(phase.step);
  if (phase.progress !== '') notes.push(phase.progress);
  if (phase.attempt > 1) notes.push(`attempt ${phase.attempt}`);
  if (phase.state === StepState.FAILED && phase.retryTime !== undefined) {
    notes.push(`tries again in ${formatDuration(phase.retryTime.getTime() - nowMs)}`);
  }
  if (phase.state === StepState.PARKED) notes.push('waits for a person');
  return notes.join(', ');
}
