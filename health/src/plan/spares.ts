import { mismatchReasons, type PoolCandidate, type PoolView } from '@flotilla/core';

/** Spares that could take a place in the pool now; undefined = the pool is open, so that nobody takes a place in it. */
export function sparesOf({ pool, candidates }: PoolView): number | undefined {
  if (pool.spec.size === undefined) return undefined;
  const isBoundElsewhere = ({ wantedPoolId }: PoolCandidate): boolean =>
    wantedPoolId !== '' && wantedPoolId !== pool.id;
  const fits = (candidate: PoolCandidate): boolean =>
    mismatchReasons(candidate, pool.spec.selector, { needsSession: true }).length === 0;
  return candidates.filter((candidate) => !isBoundElsewhere(candidate) && fits(candidate)).length;
}
