import { EventSeverity, NodePoolRole, NodePoolState, NodeState, type CandidateMismatch } from '@flotilla/proto';
import type { PoolStatusRecord, RemovalReason } from '../domain/records.js';
import { poolTransitions, stepTowards } from '../domain/states.js';
import type { PoolCandidate, PoolMember, PoolView } from '../domain/views.js';
import { camelCase, counted, type Note, type Verdict } from './decision.js';
import { mismatchReasons } from './pool-match.js';
import { releaseOrder } from './pool-release.js';

/** Claims of one look; the rest follow in the next. */
export const claimsMax = 50;
const mismatchesMax = 50;

export interface PoolPlan {
  readonly claims: readonly PoolCandidate[];
  readonly releases: readonly {
    readonly member: PoolMember;
    readonly reason: RemovalReason;
    readonly drain: boolean;
  }[];
  readonly status: PoolStatusRecord;
  readonly gone: boolean;
  readonly notes: readonly Note[];
  readonly recheckMs: number | undefined;
}

/** Who joins the pool and who leaves it. */
export function planPool(view: PoolView): PoolPlan {
  const { pool, cluster, members } = view;
  const clusterGoes = cluster.deleteRequestedAtMs !== undefined;
  const goes = clusterGoes || pool.deleteRequestedAtMs !== undefined;
  const staying = members.filter((m) => !m.removing);
  const releases: PoolPlan['releases'][number][] = goes
    ? staying.map((member) => ({ member, reason: clusterGoes ? 'ClusterDeleted' : 'PoolDeleted', drain: !clusterGoes }))
    : staying.filter((m) => m.retireRequested).map((member) => ({ member, reason: 'MachineRetired', drain: true }));
  if (goes) return finish(view, { claims: [], releases, missing: 0, mismatches: [] }, goes);

  const active = staying.filter((m) => !m.retireRequested);
  const { size, role } = pool.spec;
  if (size === undefined) return finish(view, { claims: openClaims(view), releases, missing: 0, mismatches: [] }, goes);
  if (active.length > size && role !== NodePoolRole.CONTROL_PLANE) {
    const surplus = releaseOrder(active).slice(0, active.length - size);
    const shrink = surplus.map((member) => ({ member, reason: 'ScaledDown' as const, drain: true }));
    return finish(view, { claims: [], releases: [...releases, ...shrink], missing: 0, mismatches: [] }, goes);
  }
  return finish(view, { ...sizedClaims(view, size - active.length), releases }, goes);
}

interface Moves {
  readonly claims: readonly PoolCandidate[];
  readonly releases: PoolPlan['releases'];
  readonly missing: number;
  readonly mismatches: readonly CandidateMismatch[];
}

/** Open membership: who enrolled for this pool joins it. */
function openClaims({ pool, candidates }: PoolView): PoolCandidate[] {
  const bound = candidates.filter((c) => c.wantedPoolId === pool.id);
  return bound.filter((c) => mismatchReasons(c, undefined, { needsSession: false }).length === 0).slice(0, claimsMax);
}

/** Sized: machines that were enrolled for the pool first, then spares that match; and why the others do not. */
function sizedClaims(view: PoolView, wanted: number): Pick<Moves, 'claims' | 'missing' | 'mismatches'> {
  if (wanted <= 0) return { claims: [], missing: 0, mismatches: [] };
  const { pool, candidates, controlPlaneMissing } = view;
  const yields = pool.spec.role !== NodePoolRole.CONTROL_PLANE && controlPlaneMissing > 0;
  const fits: PoolCandidate[] = [];
  const mismatches: CandidateMismatch[] = [];
  const boundFirst = [...candidates].sort(
    (a, b) => Number(b.wantedPoolId === pool.id) - Number(a.wantedPoolId === pool.id),
  );
  for (const candidate of boundFirst) {
    const reasons = mismatchReasons(candidate, pool.spec.selector, { needsSession: true });
    if (yields && candidate.wantedPoolId !== pool.id) reasons.push('the control plane of the cluster comes first');
    if (reasons.length === 0) fits.push(candidate);
    else if (mismatches.length < mismatchesMax) {
      mismatches.push({ machineId: candidate.machineId, machineName: candidate.name, reasons });
    }
  }
  const claims = fits.slice(0, Math.min(wanted, claimsMax));
  return { claims, missing: wanted - claims.length, mismatches: fits.length >= wanted ? [] : mismatches };
}

function finish(view: PoolView, moves: Moves, goes: boolean): PoolPlan {
  const { pool, members } = view;
  const before = pool.status;
  const gone = goes && members.length === 0 && before.state === NodePoolState.DELETING;
  const wanted = verdictOf(view, moves, goes);
  const state = stepTowards(poolTransitions, before.state, wanted.state, NodePoolState.FAILED) ?? before.state;
  const running = members.filter((m) => isRunning(m.state)).length;
  const status: PoolStatusRecord = {
    ...wanted,
    state,
    conditions: before.conditions,
    nodesTotal: members.length + moves.claims.length,
    nodesRunning: running,
    missing: moves.missing,
    mismatches: moves.mismatches,
    nodesUpdated: members.filter((m) => m.templateRevision >= pool.rolloutRevision).length,
  };
  const emptied = goes && members.length === 0 && !gone;
  const more = moves.claims.length === claimsMax || state !== wanted.state || emptied;
  return { ...moves, status, gone, notes: notesOf(before, status, gone), recheckMs: more ? 0 : undefined };
}

const isRunning = (state: NodeState): boolean =>
  state === NodeState.RUNNING || state === NodeState.RUNNING_SCHEDULING_DISABLED;

function verdictOf(view: PoolView, moves: Moves, goes: boolean): Verdict<NodePoolState> {
  const { members, pool } = view;
  const verdict = (state: NodePoolState, reason: string, message: string): Verdict<NodePoolState> => ({
    state,
    reason,
    message,
  });
  if (goes) {
    const left = members.length;
    return verdict(
      NodePoolState.DELETING,
      'Deleting',
      left === 0 ? 'The pool is empty.' : `${counted(left, 'node')} must leave.`,
    );
  }
  if (moves.missing > 0) {
    const tried =
      moves.mismatches.length === 0
        ? 'no spare is enrolled'
        : `${counted(moves.mismatches.length, 'spare')} looked at, none fits`;
    return verdict(
      NodePoolState.SCALING_UP,
      'MachinesMissing',
      `${moves.missing} of ${pool.spec.size ?? 0} machines are missing: ${tried}.`,
    );
  }
  if (moves.claims.length > 0)
    return verdict(NodePoolState.SCALING_UP, 'Claiming', `${counted(moves.claims.length, 'machine')} joining.`);
  const leaving = members.filter((m) => m.removing).length + moves.releases.length;
  if (leaving > 0) return verdict(NodePoolState.SCALING_DOWN, 'Releasing', `${counted(leaving, 'node')} leaving.`);
  const cordoned = members.length > 0 && members.every((m) => m.state === NodeState.RUNNING_SCHEDULING_DISABLED);
  if (cordoned)
    return verdict(NodePoolState.RUNNING_SCHEDULING_DISABLED, 'AllCordoned', 'All nodes of the pool are cordoned.');
  const running = members.filter((m) => isRunning(m.state)).length;
  return verdict(NodePoolState.RUNNING, 'Running', `${running} of ${members.length} nodes run.`);
}

function notesOf(before: PoolStatusRecord, after: PoolStatusRecord, gone: boolean): Note[] {
  if (gone) {
    return [
      { severity: EventSeverity.NORMAL, category: 'Lifecycle', reason: 'PoolDeleted', message: 'The pool is gone.' },
    ];
  }
  if (before.state === after.state && before.missing === after.missing) return [];
  const reason = `Pool${camelCase((NodePoolState[after.state] ?? '').toLowerCase().replaceAll('_', '-'))}`;
  return [{ severity: EventSeverity.NORMAL, category: 'Lifecycle', reason, message: after.message }];
}
