import type { NodeDrain } from '@flotilla/proto';
import { until } from './times.js';

/** What is left, until when, and each pod that is blocked with what blocks it. */
export function drainLines({ podsLeft, blocked, deadlineTime, parked, forced }: NodeDrain, nowMs: number): string[] {
  if (podsLeft === 0) return ['no pod has to leave any more'];
  const count = `${podsLeft} ${podsLeft === 1 ? 'pod has' : 'pods have'} to leave`;
  const then = forced ? 'the rest is deleted' : 'it is parked';
  const end = parked ? 'the time is over, a person decides' : `${then} ${until(deadlineTime, nowMs)}`;
  return [`${count}; ${end}`, ...blocked.map((each) => `  blocked: ${each}`)];
}
