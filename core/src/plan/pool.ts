import { EventSeverity, NodePoolState, NodeState } from '@flotilla/proto';
import type { PoolStatusRecord } from '../domain/records.js';
import { poolTransitions, stepTowards } from '../domain/states.js';
import { updateRules } from '../domain/update-policy.js';
import type { PoolMember, PoolView } from '../domain/views.js';
import { camelCase, counted, type Note, type Verdict } from './decision.js';
import { claimsMax } from './pool-claims.js';
import { planMoves, workersFirst, type Moves, type Release } from './pool-moves.js';
import { hasSettings, rolloutsMax } from './pool-rollout.js';

export interface PoolPlan {
  readonly claims: Moves['claims'];
  readonly releases: readonly Release[];
  /** Nodes that may take the newest revision of the template now. */
  readonly rollouts: readonly PoolMember[];
  /** It would take a machine that fits: whoever becomes a spare interests it. */
  readonly hungry: boolean;
  readonly status: PoolStatusRecord;
  readonly gone: boolean;
  readonly notes: readonly Note[];
  readonly recheckMs: number | undefined;
}

/** Who joins the pool, who leaves it, and who takes new settings. */
export function planPool(view: PoolView): PoolPlan {
  const { pool, cluster, members } = view;
  const goes = cluster.deleteRequestedAtMs !== undefined || pool.deleteRequestedAtMs !== undefined;
  const moves = planMoves(view);
  const before = pool.status;
  const gone = goes && members.length === 0 && before.state === NodePoolState.DELETING;
  const wanted = verdictOf(view, moves, goes);
  const state = stepTowards(poolTransitions, before.state, wanted.state, NodePoolState.FAILED) ?? before.state;
  const status: PoolStatusRecord = {
    ...wanted,
    state,
    conditions: before.conditions,
    nodesTotal: members.length + moves.claims.length,
    nodesRunning: members.filter((m) => isRunning(m.state)).length,
    missing: moves.missing,
    mismatches: moves.mismatches,
    nodesUpdated: members.filter((m) => isUpdated(view, m)).length,
  };
  const emptied = goes && members.length === 0 && !gone;
  const full = moves.claims.length === claimsMax || moves.rollout.moves.length === rolloutsMax;
  const more = full || state !== wanted.state || emptied;
  return {
    claims: moves.claims,
    releases: moves.releases,
    rollouts: moves.rollout.moves,
    hungry: moves.missing > 0 || moves.waits.some(isSpareWait),
    status,
    gone,
    notes: notesOf(before, status, gone),
    recheckMs: more ? 0 : undefined,
  };
}

const isRunning = (state: NodeState): boolean =>
  state === NodeState.RUNNING || state === NodeState.RUNNING_SCHEDULING_DISABLED;

/** Has been told of the newest settings and, once it runs, was seen with them. */
function isUpdated({ pool }: PoolView, member: PoolMember): boolean {
  if (member.templateRevision < pool.rolloutRevision) return false;
  return pool.rolloutRevision === 1 || hasSettings(member, pool.rolloutRevision);
}

const verdict = (state: NodePoolState, reason: string, message: string): Verdict<NodePoolState> => ({
  state,
  reason,
  message,
});

/** What matters most comes first: going, growing, stuck, updating, shrinking, at rest. */
function verdictOf(view: PoolView, moves: Moves, goes: boolean): Verdict<NodePoolState> {
  const { members } = view;
  if (goes) {
    const left = members.length;
    const must = `${counted(left, 'node')} must leave`;
    const after = workersFirst(view) ? ', after the last worker' : '';
    const message = left === 0 ? 'The pool is empty.' : `${must}${after}.`;
    return verdict(NodePoolState.DELETING, 'Deleting', message);
  }
  return growing(view, moves) ?? updating(view, moves) ?? shrinking(view, moves) ?? waiting(moves) ?? resting(members);
}

function growing({ pool }: PoolView, moves: Moves): Verdict<NodePoolState> | undefined {
  if (moves.missing > 0) {
    const { mismatches } = moves;
    const tried =
      mismatches.length === 0 ? 'no spare is enrolled' : `${counted(mismatches.length, 'spare')} looked at, none fits`;
    const message = `${moves.missing} of ${pool.spec.size ?? 0} machines are missing: ${tried}.`;
    return verdict(NodePoolState.SCALING_UP, 'MachinesMissing', message);
  }
  if (moves.claims.length > 0) {
    return verdict(NodePoolState.SCALING_UP, 'Claiming', `${counted(moves.claims.length, 'machine')} joining.`);
  }
  const replacing = moves.waits.find((w) => w.reason === 'Replacing');
  return replacing === undefined ? undefined : verdict(NodePoolState.SCALING_UP, replacing.reason, replacing.message);
}

/** A person is needed when the settings could not be made on a node, and the strategy does not replace it. */
function updating(view: PoolView, { rollout, releases, waits }: Moves): Verdict<NodePoolState> | undefined {
  const { pool, members } = view;
  const rules = updateRules(pool.spec, members.length);
  const replaces = releases.some((r) => r.removal.reason === 'TemplateChanged') || waits.some(isSpareWait);
  const [stuck] = rollout.parked;
  if (stuck !== undefined && !replaces) {
    const message = `The settings of revision ${pool.templateRevision} could not be made on ${stuck.name}, and nothing more is updated. See: flotilla describe node ${stuck.name}. Then change the template, or run: flotilla retry node ${stuck.name}`;
    return verdict(NodePoolState.FAILED, 'UpdateParked', message);
  }
  const open = rollout.outdated.length + rollout.inFlight.length;
  if (open === 0) return undefined;
  const done = members.filter((m) => isUpdated(view, m)).length;
  const surge = rules.maxSurge > 0 ? `, ${rules.maxSurge} in addition` : '';
  const how = `${done} of ${members.length} nodes have the settings of revision ${pool.rolloutRevision}; at most ${rules.maxUnavailable} at a time${surge}.`;
  const why = waits.map((w) => ` ${w.message}`).join('');
  return verdict(NodePoolState.UPDATING, 'RollingOut', `${how}${why}`);
}

const isSpareWait = ({ reason }: { readonly reason: string }): boolean => reason === 'WaitingForSpare';

function shrinking({ members }: PoolView, { releases }: Moves): Verdict<NodePoolState> | undefined {
  const leaving = members.filter((m) => m.removing).length + releases.length;
  if (leaving === 0) return undefined;
  return verdict(NodePoolState.SCALING_DOWN, 'Releasing', `${counted(leaving, 'node')} leaving.`);
}

function waiting({ waits }: Moves): Verdict<NodePoolState> | undefined {
  const [first] = waits;
  if (first === undefined) return undefined;
  return verdict(NodePoolState.RUNNING, first.reason, waits.map((w) => w.message).join(' '));
}

function resting(members: readonly PoolMember[]): Verdict<NodePoolState> {
  if (members.length > 0 && members.every((m) => m.state === NodeState.RUNNING_SCHEDULING_DISABLED)) {
    const message = 'All nodes of the pool are cordoned.';
    return verdict(NodePoolState.RUNNING_SCHEDULING_DISABLED, 'AllCordoned', message);
  }
  const running = members.filter((m) => isRunning(m.state)).length;
  return verdict(NodePoolState.RUNNING, 'Running', `${running} of ${members.length} nodes run.`);
}

/** Causes that people have to hear of even when the state stays. */
const causes = ['WaitingForSpare', 'QuorumAtRisk', 'EndpointIsMachine', 'UpdateParked', 'Replacing'];

function notesOf(before: PoolStatusRecord, after: PoolStatusRecord, gone: boolean): Note[] {
  const note = (severity: EventSeverity, reason: string, message: string): Note[] => [
    { severity, category: 'Lifecycle', reason, message },
  ];
  if (gone) return note(EventSeverity.NORMAL, 'PoolDeleted', 'The pool is gone.');
  const isCause = causes.includes(after.reason);
  if (isCause && before.reason !== after.reason) {
    const bad = after.reason !== 'Replacing';
    return note(bad ? EventSeverity.WARNING : EventSeverity.NORMAL, after.reason, after.message);
  }
  const progressed = after.state === NodePoolState.UPDATING && before.nodesUpdated !== after.nodesUpdated;
  if (before.state === after.state && before.missing === after.missing && !progressed) return [];
  const reason = `Pool${camelCase((NodePoolState[after.state] ?? '').toLowerCase().replaceAll('_', '-'))}`;
  return note(EventSeverity.NORMAL, reason, after.message);
}
