import { diffSnapshots, type Snapshot } from '../../testbed/index.js';

/** What the agent itself keeps and writes while it lives; it is on both sides, and it moves. */
const ofTheAgent = [
  /\/var\/lib\/flotilla-agent(\/|$)/,
  /\/etc\/flotilla(\/|$)/,
  /\/opt\/flotilla(\/|$)/,
  /flotilla-agent/,
  // One kernel for all servers of the bed: the kubelet of any of them sets these.
  /^sysctls . (kernel|vm)\./,
  // The journal of the system grows.
  /\/(var\/log|run\/log)\/journal/,
];

/** What a machine that was in a cluster has more, less or other than before; empty = clean. */
export function leftovers(before: Snapshot | undefined, after: Snapshot): string[] {
  if (before === undefined) throw new Error('there is no snapshot from before');
  return diffSnapshots(before, after).filter((line) => !ofTheAgent.some((pattern) => pattern.test(line)));
}
