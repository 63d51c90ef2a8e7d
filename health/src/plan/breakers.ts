import type { FleetLiveness, HealthMember, HoldRecord } from '@flotilla/core';
import { HealthVerdict } from '@flotilla/proto';
import { causeRule } from './causes.js';
import { shareOf, unhealthyLimit } from './policy.js';

const { KUBELET_SICK, MANAGEMENT_LOST, HOST_GONE } = HealthVerdict;

/** A hold before it is known since when. */
export type NewHold = Omit<HoldRecord, 'sinceMs'>;

/** Members that the breakers count: those that are there to stay. */
export const counts = ({ removing, quarantined }: HealthMember): boolean => !removing && !quarantined;

/**
 * Whether a node counts as unhealthy, also while it is still inside its timeout: a rolling failure must not slip through.
 * Starting nodes count once their startup timeout has made a finding of it; what is only not known does not count.
 */
export function isUnhealthy({ health }: HealthMember): boolean {
  if (health === undefined || causeRule(health.reason).warning === true) return false;
  return health.verdict === KUBELET_SICK || health.verdict === MANAGEMENT_LOST || health.verdict === HOST_GONE;
}

export interface Tally {
  readonly healthy: number;
  readonly unhealthy: number;
  readonly total: number;
}

/** Each machine counts for itself only, whatever it reports. */
export function tally(members: readonly HealthMember[]): Tally {
  const counted = members.filter(counts);
  const unhealthy = counted.filter(isUnhealthy).length;
  const healthy = counted.filter(({ health }) => health?.verdict === HealthVerdict.HEALTHY).length;
  return { healthy, unhealthy, total: counted.length };
}

/** Pool: more than `maxUnhealthy` at once. */
export function poolBreaker(name: string, maxUnhealthy: string, members: readonly HealthMember[]): NewHold | undefined {
  const { unhealthy, total } = tally(members);
  const limit = unhealthyLimit(maxUnhealthy, total);
  if (unhealthy <= limit) return undefined;
  const rule = maxUnhealthy === '' ? `20 % of ${total}, at least 1` : `maxUnhealthy is ${maxUnhealthy}`;
  return {
    ...{ scope: 'pool', subject: name, reason: 'TooManyUnhealthy', unhealthy, total, limit },
    message: `${unhealthy} of ${total} nodes unhealthy exceeds the limit of ${limit} (${rule}). ${resumesText(limit)}`,
  };
}

/** Locations: at least 3 machines and at least 55 % of one, or all of at least 2. */
export function locationBreakers(members: readonly HealthMember[]): NewHold[] {
  const byLocation = new Map<string, HealthMember[]>();
  for (const member of members) {
    const name = locationOf(member);
    if (name !== '') byLocation.set(name, [...(byLocation.get(name) ?? []), member]);
  }
  return [...byLocation].flatMap(([name, there]): NewHold[] => {
    const { unhealthy, total } = tally(there);
    if (!locationHolds(unhealthy, total)) return [];
    const limit = locationLimit(total);
    const message = `${unhealthy} of ${total} machines in ${name} are unhealthy: this looks like the place, not the machines. ${resumesText(limit)}`;
    return [{ scope: 'location', subject: name, reason: 'LocationSilent', message, unhealthy, total, limit }];
  });
}

const locationHolds = (unhealthy: number, total: number): boolean =>
  (unhealthy >= 3 && unhealthy * 100 >= 55 * total) || (total >= 2 && unhealthy === total);

/** Most that may be unhealthy in a location of `total` machines without a hold. */
function locationLimit(total: number): number {
  let limit = 0;
  while (limit < total && !locationHolds(limit + 1, total)) limit += 1;
  return limit;
}

/** Cluster: above max(2, 30 %). */
export function clusterBreaker(name: string, members: readonly HealthMember[]): NewHold | undefined {
  const { unhealthy, total } = tally(members);
  const limit = Math.max(2, shareOf(30, total));
  if (unhealthy <= limit) return undefined;
  return {
    ...{ scope: 'cluster', subject: name, reason: 'TooManyUnhealthy', unhealthy, total, limit },
    message: `${unhealthy} of ${total} nodes of the cluster unhealthy exceeds the limit of ${limit} (30 %, at least 2). ${resumesText(limit)}`,
  };
}

/** Fleet: when nobody is heard, it is us. */
export function fleetBreaker(fleet: FleetLiveness, members: readonly HealthMember[]): NewHold | undefined {
  if (fleet.heard > 0 || members.length === 0) return undefined;
  const total = Math.max(fleet.lost, members.length);
  return {
    ...{ scope: 'fleet', subject: 'fleet', reason: 'AllSilent', unhealthy: total, total, limit: total - 1 },
    message: `No agent is heard, of ${total}: this looks like Flotilla's own network, not the machines. It resumes when agents are heard again, after a grace of 2m.`,
  };
}

/** provider/region/zone, as far as they are known; empty = no location. */
export function locationOf({ provider, region, zone }: Pick<HealthMember, 'provider' | 'region' | 'zone'>): string {
  return [provider, region, zone].filter((part) => part !== '').join('/');
}

const resumesText = (limit: number): string =>
  limit === 0
    ? 'It holds always.'
    : `It resumes by itself when at most ${limit} ${limit === 1 ? 'is' : 'are'} unhealthy.`;
