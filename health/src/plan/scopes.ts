import type {
  ClusterHealthView,
  FleetLiveness,
  HealthMember,
  HoldRecord,
  LiveMachine,
  PoolRecord,
} from '@flotilla/core';
import type { Instant } from '@flotilla/kit';
import {
  clusterBreaker,
  counts,
  fleetBreaker,
  isUnhealthy,
  locationBreakers,
  poolBreaker,
  tally,
  type NewHold,
} from './breakers.js';
import { pausedUntil, pauseHold, replacementReason, sinceOf } from './holds.js';
import { rulesOf } from './policy.js';
import { graceEndsAtMs } from './witness.js';

/** After everybody was silent, everybody gets this long to be heard again. */
export const returnGraceMs = 120_000;
/** A watch that is made anew is no outage. Nothing is done meanwhile either: no node has a second witness. */
export const apiUnknownToldMs = 60_000;
const replacementMemoryMs = 24 * 3_600_000;

export interface ScopeInput {
  readonly view: ClusterHealthView;
  readonly live: ReadonlyMap<string, LiveMachine>;
  readonly fleet: FleetLiveness;
  /** For how long the API server is not known to answer; 0 = its watches are live. */
  readonly apiUnknownMs: number;
  /** Monotonic end of the grace after this process began to listen: until then nobody needs to have been heard. */
  readonly graceEndsAtMs: number;
  readonly now: Instant;
}

/** What holds the whole cluster, or a location of it. */
export function clusterHolds(input: ScopeInput): HoldRecord[] {
  const { view, fleet, now } = input;
  const { cluster, members } = view;
  const wanted: (NewHold | undefined)[] = [
    pausedUntil(cluster.pause, now.wallMs) ? pauseHold('cluster', cluster.name, cluster.pause) : undefined,
    apiHold(input),
    startsToListen(input) ? undefined : fleetBreaker(fleet, members),
    absenceHold(input),
    // The place before the cluster: the first hold is what a node's own page says.
    ...locationBreakers(members),
    clusterBreaker(cluster.name, members),
  ];
  return sinceOf(present(wanted), cluster.health, now.wallMs);
}

/** What holds one pool. The memory of replacements is in here too; it delays replacements only. */
export function poolHolds(pool: PoolRecord, members: readonly HealthMember[], now: Instant): HoldRecord[] {
  const wanted: (NewHold | undefined)[] = [
    pausedUntil(pool.pause, now.wallMs) ? pauseHold('pool', pool.name, pool.pause) : undefined,
    poolBreaker(pool.name, rulesOf(pool.spec).maxUnhealthy, members),
    replacementMemory(pool, members, now.wallMs),
  ];
  return sinceOf(present(wanted), pool.health, now.wallMs);
}

/** Nobody was heard yet because we have just begun; a silence that we know of goes on. */
function startsToListen({ view, now, graceEndsAtMs: endsAtMs }: ScopeInput): boolean {
  const wereSilent = (view.cluster.health?.holds ?? []).some(({ reason }) => reason === 'AllSilent');
  return now.monotonicMs < endsAtMs && !wereSilent;
}

const present = (holds: readonly (NewHold | undefined)[]): NewHold[] => holds.filter((hold) => hold !== undefined);

/** Without the API server half of the truth is missing. Before it ever answered there is nothing to hold. */
function apiHold({ view, apiUnknownMs }: ScopeInput): NewHold | undefined {
  const { cluster, members } = view;
  if (apiUnknownMs < apiUnknownToldMs || !members.some(({ wasReady }) => wasReady)) return undefined;
  const total = members.filter(counts).length;
  return {
    ...{ scope: 'cluster', subject: cluster.name, reason: 'ApiServerUnknown', unhealthy: 0, total, limit: 0 },
    message: `The API server is not known to answer, so what the agents say of ${total} nodes has no second witness. It resumes when it answers.`,
  };
}

/** We have only begun to watch, or everybody was silent until now: whoever is not well gets the time to be heard. */
function absenceHold({ view, live, fleet, now }: ScopeInput): NewHold | undefined {
  const before = view.cluster.health?.holds ?? [];
  const sick = view.members.filter((member) => counts(member) && isUnhealthy(member));
  const began = sick.some(({ machineId }) => {
    const seen = live.get(machineId);
    return seen !== undefined && now.monotonicMs < graceEndsAtMs(seen);
  });
  const wereSilent = before.some(({ reason }) => reason === 'AllSilent') && fleet.heard > 0;
  const still = before.some(({ reason, sinceMs }) => reason === 'OwnAbsence' && now.wallMs - sinceMs < returnGraceMs);
  if (!began && !wereSilent && !still) return undefined;
  const { unhealthy, total } = tally(view.members);
  return {
    ...{ scope: 'cluster', subject: view.cluster.name, reason: 'OwnAbsence', unhealthy, total, limit: 0 },
    message: `Flotilla itself was away: ${unhealthy} of ${total} nodes are not well, and nothing is decided about them within 2m of its return.`,
  };
}

export interface Replacements {
  readonly tries: number;
  readonly lastAtWallMs: number;
}

/** How often the pool was given another machine without having become healthy since. */
export function replacementsOf(holds: readonly HoldRecord[]): Replacements {
  const hold = holds.find(({ reason }) => reason === replacementReason);
  return { tries: hold?.unhealthy ?? 0, lastAtWallMs: hold?.sinceMs ?? 0 };
}

/** Kept until every node of the pool is healthy, at most a day. */
function replacementMemory(pool: PoolRecord, members: readonly HealthMember[], nowMs: number): NewHold | undefined {
  const before = (pool.health?.holds ?? []).find(({ reason }) => reason === replacementReason);
  if (before === undefined || nowMs - before.sinceMs > replacementMemoryMs) return undefined;
  const { healthy, total } = tally(members);
  const whole = total > 0 && healthy === total && !members.some(({ removing }) => removing);
  return whole ? undefined : before;
}

/** One more replacement, remembered from now on. */
export function replacementHold(pool: string, tries: number, limit: number, nowMs: number): HoldRecord {
  const message = `Replacement ${tries} of ${limit} is under way; the next one waits until the pool is healthy, or for a growing while.`;
  return {
    scope: 'pool',
    subject: pool,
    reason: replacementReason,
    message,
    unhealthy: tries,
    total: tries,
    limit,
    sinceMs: nowMs,
  };
}
