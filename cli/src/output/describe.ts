import { type Condition, ConditionStatus, type Event, type StepReport } from '@flotilla/proto';
import { type Painter } from './paint.js';
import { phaseLine, problemLines } from './phases.js';
import { renderTable } from './table.js';
import { age } from './times.js';

const lineLengthMax = 100;
const labelWidth = 9;

/** A paragraph with its label before it, wrapped below itself; nothing when there is nothing to say. */
export function field(label: string, text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n').flatMap((each) => wrap(each, lineLengthMax - labelWidth));
  return lines.map((line, at) => (at === 0 ? label : '').padEnd(labelWidth) + line);
}

export function conditionLines(conditions: readonly Condition[], nowMs: number, paint: Painter): string[] {
  if (conditions.length === 0) return [];
  const rows = conditions.map(({ type, status, lastTransitionTime, message, reason }) => [
    { text: type },
    { text: conditionText(status) },
    { text: age(lastTransitionTime, nowMs) },
    { text: message === '' ? reason : message },
  ]);
  const columns = [{ header: 'Conditions' }, { header: 'STATUS' }, { header: 'SINCE' }, { header: 'WHY' }];
  return ['', ...plainTable(columns, rows, paint)];
}

export function phaseLines(phases: readonly StepReport[], nowMs: number, paint: Painter): string[] {
  if (phases.length === 0) return [];
  return [
    '',
    'Phases',
    ...phases.flatMap((phase) => [phaseLine(phase, nowMs, paint), ...problemLines(phase.problems, paint)]),
  ];
}

/** Newest last, as it happened. */
export function eventLines(events: readonly Event[], nowMs: number, paint: Painter): string[] {
  if (events.length === 0) return [];
  const rows = events.map(({ time, category, reason, message, count }) => [
    { text: age(time, nowMs) },
    { text: category },
    { text: reason },
    { text: count > 1 ? `${message} (${count} times)` : message },
  ]);
  const columns = [{ header: '' }, { header: '' }, { header: '' }, { header: '' }];
  return ['', 'Last events', ...plainTable(columns, rows, paint, false)];
}

/** A small table below a blank line; its first header is the name of the section. */
export function section(headers: readonly string[], rows: readonly (readonly string[])[], paint: Painter): string[] {
  const cells = rows.map((row) => row.map((text) => ({ text })));
  return [
    '',
    ...plainTable(
      headers.map((header) => ({ header })),
      cells,
      paint,
    ),
  ];
}

/** `a=b, c=d`; a dash for none. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? '-' : entries.map(([key, value]) => `${key}=${value}`).join(', ');
}

/** `Message.` after a status, whether the server ended its sentence or not. */
export function sentence(status: string, message: string): string {
  if (message === '') return `${status}.`;
  return `${status}. ${message}${/[.!?:]$/.test(message) ? '' : '.'}`;
}

function plainTable(
  columns: readonly { header: string }[],
  rows: readonly (readonly { text: string }[])[],
  paint: Painter,
  headers = true,
): readonly string[] {
  return renderTable(columns, rows, paint, { wide: true, headers, columnsMax: undefined }).lines;
}

function conditionText(status: ConditionStatus): string {
  if (status === ConditionStatus.TRUE) return 'True';
  return status === ConditionStatus.FALSE ? 'False' : 'Unknown';
}

function wrap(text: string, lengthMax: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<= )(?! )/)) {
    if (line !== '' && (line + word).trimEnd().length > lengthMax) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += word;
  }
  return [...lines, line.trimEnd()];
}
