import { formatBytes } from '@flotilla/kit';
import { MachineState, SessionState, type MachineSelector } from '@flotilla/proto';
import type { PoolCandidate } from '../domain/views.js';

/** One sentence for each rule that keeps a candidate out; empty = it fits. */
export function mismatchReasons(
  candidate: PoolCandidate,
  selector: MachineSelector | undefined,
  { needsSession }: { readonly needsSession: boolean },
): string[] {
  const reasons: string[] = [];
  const refuse = (when: boolean, text: () => string): void => {
    if (when) reasons.push(text());
  };
  refuse(candidate.quarantined, () => 'it is quarantined');
  refuse(candidate.removedByOperator, () => 'an operator took it out of this pool; change the pool to take it back');
  refuse(candidate.retireRequested, () => 'it is being retired');
  const stateName = (MachineState[candidate.state] ?? '').toLowerCase().replaceAll('_', ' ');
  refuse(
    !candidate.quarantined && candidate.state !== MachineState.AVAILABLE,
    () => `it is ${stateName}, not available`,
  );
  refuse(needsSession && candidate.session !== SessionState.CONNECTED, () => 'its agent is not connected');
  if (selector === undefined) return reasons;
  for (const [key, value] of Object.entries(selector.matchLabels)) {
    const has = candidate.labels[key];
    refuse(
      has !== value,
      () => `label ${key} is ${has === undefined ? 'not set' : JSON.stringify(has)}, not ${JSON.stringify(value)}`,
    );
  }
  const equal = (what: string, has: string, wanted: string): void =>
    refuse(wanted !== '' && has !== wanted, () => `${what} is ${has === '' ? 'not known' : has}, not ${wanted}`);
  equal('os', candidate.os, selector.os);
  equal('arch', candidate.arch, selector.arch);
  equal('provider', candidate.provider, selector.location?.provider ?? '');
  equal('region', candidate.region, selector.location?.region ?? '');
  equal('zone', candidate.zone, selector.location?.zone ?? '');
  refuse(candidate.cpus < selector.minCpus, () => `it has ${candidate.cpus} CPUs, fewer than ${selector.minCpus}`);
  const [memory, disk] = [Number(selector.minMemoryBytes), Number(selector.minDiskBytes)];
  refuse(
    candidate.memoryBytes < memory,
    () => `it has ${formatBytes(candidate.memoryBytes)} of memory, less than ${formatBytes(memory)}`,
  );
  refuse(
    candidate.diskBytes < disk,
    () => `it has ${formatBytes(candidate.diskBytes)} of disk, less than ${formatBytes(disk)}`,
  );
  return reasons;
}
