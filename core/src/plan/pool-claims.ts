import { NodePoolRole, type CandidateMismatch } from '@flotilla/proto';
import type { PoolCandidate, PoolView } from '../domain/views.js';
import { zoneGuard } from './availability.js';
import { mismatchReasons } from './pool-match.js';

/** Claims of one look; the rest follow in the next. */
export const claimsMax = 50;
const mismatchesMax = 50;

export interface Claims {
  readonly claims: readonly PoolCandidate[];
  readonly missing: number;
  readonly mismatches: readonly CandidateMismatch[];
}

/**
 * Who is claimed first, as published: machines that were enrolled for the pool, then those that enrolled longest ago. Ids
 * settle what is left, so that two looks choose the same.
 */
export function claimOrder(candidates: readonly PoolCandidate[], poolId: string): PoolCandidate[] {
  const bound = (c: PoolCandidate): number => Number(c.wantedPoolId === poolId);
  return [...candidates].sort(
    (a, b) => bound(b) - bound(a) || a.enrolledAtMs - b.enrolledAtMs || (a.machineId < b.machineId ? -1 : 1),
  );
}

/** Open membership: who enrolled for this pool joins it, connected or not. */
export function openClaims(view: PoolView): Omit<Claims, 'missing'> {
  const bound = view.candidates.filter((c) => c.wantedPoolId === view.pool.id);
  const reasons = (c: PoolCandidate): string[] => mismatchReasons(c, undefined, { needsSession: false });
  return choose(view, bound, claimsMax, reasons);
}

/**
 * Sized: machines that fit, up to `wanted`; `missing` counts against what the size lacks. Why the others do not fit is
 * said only when there were not enough.
 */
export function sizedClaims(view: PoolView, lacking: number, wanted: number): Claims {
  if (wanted <= 0) return { claims: [], missing: 0, mismatches: [] };
  const { pool, candidates, controlPlaneMissing } = view;
  const yields = pool.spec.role !== NodePoolRole.CONTROL_PLANE && controlPlaneMissing > 0;
  const { claims, mismatches } = choose(view, candidates, Math.min(wanted, claimsMax), (candidate) => {
    const reasons = mismatchReasons(candidate, pool.spec.selector, { needsSession: true });
    if (yields && candidate.wantedPoolId !== pool.id) reasons.push('the control plane of the cluster comes first');
    return reasons;
  });
  const enough = claims.length >= Math.min(wanted, claimsMax);
  return { claims, missing: Math.max(0, lacking - claims.length), mismatches: enough ? [] : mismatches };
}

function choose(
  view: PoolView,
  candidates: readonly PoolCandidate[],
  wanted: number,
  reasonsOf: (candidate: PoolCandidate) => string[],
): Omit<Claims, 'missing'> {
  const guard = zoneGuard(view);
  const claims: PoolCandidate[] = [];
  const mismatches: CandidateMismatch[] = [];
  for (const candidate of claimOrder(candidates, view.pool.id)) {
    if (claims.length >= wanted) break;
    const reasons = reasonsOf(candidate);
    const misplaced = guard.reason(candidate);
    if (misplaced !== undefined) reasons.push(misplaced);
    if (reasons.length > 0) {
      if (mismatches.length < mismatchesMax)
        mismatches.push({ machineId: candidate.machineId, machineName: candidate.name, reasons });
      continue;
    }
    guard.take(candidate);
    claims.push(candidate);
  }
  return { claims, mismatches };
}
