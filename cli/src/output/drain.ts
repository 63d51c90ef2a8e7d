import type { NodeDrain } from '@flotilla/proto';
import { until } from './times.js';

/** What is left, until when, and each pod that is blocked with what blocks it. `drained` = the server says it is empty. */
export function drainLines(
  { podsLeft, blocked, deadlineTime, parked, forced }: NodeDrain,
  drained: boolean,
  nowMs: number,
): string[] {
  if (podsLeft === 0) return [drained ? 'no pod has to leave any more' : 'pods are being counted and asked to leave'];
  const count = `${podsLeft} ${podsLeft === 1 ? 'pod has' : 'pods have'} to leave`;
  const then = forced ? 'the rest is deleted' : 'it is parked';
  const end = parked ? 'the time is over, a person decides' : `${then} ${until(deadlineTime, nowMs)}`;
  return [`${count}; ${end}`, ...blocked.map((each) => `  blocked: ${each}`)];
}
