import { type Node, NodeState, RepairState } from '@flotilla/proto';
import { currentPhase, phaseLabel } from '../output/phases.js';
import { fromUpperCamel, nodeStateText } from '../output/states.js';
import type { Cell } from '../output/table.js';
import { rungText } from '../output/health.js';

/** `Provisioning (join 7/11)` while it is on its way, else the state alone. */
export function nodeStatusText({ status }: Node): string {
  const state = status?.state ?? NodeState.UNSPECIFIED;
  const text = nodeStateText(state);
  const underWay = state === NodeState.PENDING || state === NodeState.PROVISIONING || state === NodeState.DELETING;
  const phase = underWay || state === NodeState.FAILED ? currentPhase(status?.phases ?? []) : undefined;
  return phase === undefined ? text : `${text} (${phaseLabel(phase)})`;
}

/** What hangs behind the row: a repair, a parked drain, a hold, the warning of the server, else the first problem of the phase it stands in. */
export function nodeWarning({ status }: Node): Cell {
  if (status === undefined) return { text: '' };
  const repair = status.health?.repair;
  if (repair?.state === RepairState.PARKED) return { text: '! asks for a person', tone: 'bad' };
  if (repair?.state === RepairState.RUNNING) return { text: `! ${rungText(repair.rung)}`, tone: 'busy' };
  if (status.drain?.parked === true) return { text: '! drain is parked', tone: 'bad' };
  if ((status.health?.hold ?? '') !== '') return { text: '! held', tone: 'busy' };
  if (status.warning !== '') return { text: `! ${fromUpperCamel(status.warning)}`, tone: 'bad' };
  const problems = currentPhase(status.phases)?.problems ?? [];
  const [first, ...others] = problems;
  if (first !== undefined)
    return { text: `! ${first.code}${others.length === 0 ? '' : ` and ${others.length} more`}`, tone: 'bad' };
  return status.state === NodeState.FAILED ? { text: `! ${fromUpperCamel(status.reason)}`, tone: 'bad' } : { text: '' };
}

/**
 * Whether a drain was asked for and nothing has to leave any more. Before the first count no pod is left either: the
 * server's reason tells the two apart.
 */
export function isDrained({ spec, status }: Node): boolean {
  const drain = status?.drain;
  return spec?.drained === true && drain?.podsLeft === 0 && !drain.parked && status?.reason === 'Drained';
}
