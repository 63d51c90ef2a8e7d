import type {
  ClusterRecord,
  HealthMember,
  HoldRecord,
  PauseRecord,
  PoolRecord,
  ScopeHealthRecord,
} from '@flotilla/core';
import { HealthMode } from '@flotilla/proto';
import { locationOf, type NewHold } from './breakers.js';
import { rulesOf } from './policy.js';

/** Holds whose opening and closing is told, once each. The others are an operator's own doing, or of one machine. */
const toldReasons: ReadonlySet<string> = new Set([
  'TooManyUnhealthy',
  'LocationSilent',
  'AllSilent',
  'OwnAbsence',
  'ApiServerUnknown',
]);

/** Holds of one machine that are told on its node when they begin. */
const toldOnNode: ReadonlySet<string> = new Set(['RecentlyRepaired', 'Quorum', 'Waiting']);

export const isToldOnNode = ({ scope, reason }: HoldRecord): boolean => scope === 'machine' && toldOnNode.has(reason);

/** A memory of what was replaced: it delays the next replacement and nothing else. */
export const replacementReason = 'ReplacementPending';

export const isTold = ({ scope, reason }: HoldRecord): boolean => scope !== 'machine' && toldReasons.has(reason);

const keyOf = ({ scope, subject, reason }: NewHold): string => `${scope}\n${subject}\n${reason}`;

/** Holds with their beginning: one that was there keeps it. */
export function sinceOf(
  wanted: readonly (NewHold & { readonly sinceMs?: number })[],
  before: ScopeHealthRecord | undefined,
  nowMs: number,
): HoldRecord[] {
  const known = new Map((before?.holds ?? []).map((hold) => [keyOf(hold), hold.sinceMs]));
  return wanted.map((hold) => ({ ...hold, sinceMs: hold.sinceMs ?? known.get(keyOf(hold)) ?? nowMs }));
}

/** What opened and what closed. */
export function differenceOf(
  before: readonly HoldRecord[],
  after: readonly HoldRecord[],
): { readonly opened: readonly HoldRecord[]; readonly closed: readonly HoldRecord[] } {
  const [was, is] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  return { opened: after.filter((h) => !was.has(keyOf(h))), closed: before.filter((h) => !is.has(keyOf(h))) };
}

/** Where and what a machine is, as far as holds ask. */
export type Place = Pick<HealthMember, 'provider' | 'region' | 'zone' | 'machineName'>;

/** Whether a hold keeps us from acting on this machine. */
export function concerns({ scope, subject, reason }: HoldRecord, place: Place): boolean {
  if (reason === replacementReason) return false;
  if (scope === 'location') return subject === locationOf(place);
  return scope !== 'machine' || subject === place.machineName;
}

export const pausedUntil = (pause: PauseRecord | undefined, nowMs: number): pause is PauseRecord =>
  pause !== undefined && pause.untilMs > nowMs;

/** Pauses that people made, as holds. */
export function pauseHold(
  scope: 'cluster' | 'pool' | 'machine',
  subject: string,
  { reason, by }: PauseRecord,
): NewHold {
  const why = reason === '' ? '' : `: ${reason}`;
  const message = `Paused by ${by}${why}.`;
  return { scope, subject, reason: 'Paused', message, unhealthy: 0, total: 0, limit: 0 };
}

/** What keeps us from acting on one node, in one sentence; empty = nothing does. For the node's own page. */
export function holdSentence(
  member: Place & Pick<HealthMember, 'quarantined' | 'remediationDisabled' | 'pause'>,
  pool: PoolRecord,
  cluster: ClusterRecord,
  nowMs: number,
): string {
  const alone = leftAloneReason(member, pool);
  if (alone !== '') return alone;
  if (pausedUntil(member.pause, nowMs)) return pauseHold('machine', member.machineName, member.pause).message;
  const holds = [...(cluster.health?.holds ?? []), ...(pool.health?.holds ?? [])];
  return holds.find((hold) => concerns(hold, member))?.message ?? '';
}

/** Why the ladder never starts on this node; empty = it may. */
export function leftAloneReason(
  { quarantined, remediationDisabled }: Pick<HealthMember, 'quarantined' | 'remediationDisabled'>,
  pool: Pick<PoolRecord, 'spec'>,
): string {
  if (quarantined) return 'The machine is quarantined: it is left alone.';
  if (remediationDisabled) return 'Repair is switched off for this machine.';
  return rulesOf(pool.spec).mode === HealthMode.DISABLED ? 'Repair is switched off for the pool.' : '';
}
