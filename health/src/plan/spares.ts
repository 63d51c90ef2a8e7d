import type { PoolCandidate, PoolView } from '@flotilla/core';
import { MachineState, SessionState } from '@flotilla/proto';

/** Spares that could take a place in the pool now; undefined = the pool is open, so that nobody takes a place in it. */
export function sparesOf({ pool, candidates }: PoolView): number | undefined {
  if (pool.spec.size === undefined) return undefined;
  return candidates.filter((candidate) => isFree(candidate, pool.id) && matches(candidate, pool.spec.selector)).length;
}

function isFree(candidate: PoolCandidate, poolId: string): boolean {
  const kept = candidate.quarantined || candidate.retireRequested || candidate.removedByOperator;
  const bound = candidate.wantedPoolId !== '' && candidate.wantedPoolId !== poolId;
  return !kept && !bound && candidate.state === MachineState.AVAILABLE && candidate.session === SessionState.CONNECTED;
}

function matches(candidate: PoolCandidate, selector: PoolView['pool']['spec']['selector']): boolean {
  if (selector === undefined) return true;
  const fits = (has: string, wanted: string | undefined): boolean => (wanted ?? '') === '' || has === wanted;
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => candidate.labels[key] === value) &&
    fits(candidate.os, selector.os) &&
    fits(candidate.arch, selector.arch) &&
    fits(candidate.provider, selector.location?.provider) &&
    fits(candidate.region, selector.location?.region) &&
    fits(candidate.zone, selector.location?.zone) &&
    candidate.cpus >= selector.minCpus &&
    candidate.memoryBytes >= Number(selector.minMemoryBytes) &&
    candidate.diskBytes >= Number(selector.minDiskBytes)
  );
}
