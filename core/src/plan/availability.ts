import { Availability, NodePoolRole } from '@flotilla/proto';
import type { PoolCandidate, PoolView } from '../domain/views.js';

interface Place {
  readonly provider: string;
  readonly region: string;
  readonly zone: string;
}

/** `provider/region/zone` without the parts that are not known; empty = the zone is not known. */
export function zoneOf({ provider, region, zone }: Place): string {
  return zone === '' ? '' : [provider, region, zone].filter((part) => part !== '').join('/');
}

/** Says of each candidate what keeps the cluster's promise of availability from taking it, given those taken before. */
export interface ZoneGuard {
  /** undefined = nothing. */
  reason(candidate: PoolCandidate): string | undefined;
  take(candidate: PoolCandidate): void;
}

const howToPlace = 'say where it stands: flotilla edit machine';

/**
 * SINGLE_ZONE: everything stands in the zone of the control plane. REGIONAL: no zone has as many members of the control
 * plane as its loss would cost the quorum. MULTI_ZONE promises nothing about a machine.
 */
export function zoneGuard({ pool, cluster, controlPlane, members }: PoolView): ZoneGuard {
  const isControlPlane = pool.spec.role === NodePoolRole.CONTROL_PLANE;
  const { availability } = cluster.spec;
  const goes = new Set(members.filter((m) => m.removing || m.replace !== undefined).map((m) => m.nodeId));
  const seats = controlPlane.filter((s) => !s.removing && !goes.has(s.nodeId));
  if (availability === Availability.REGIONAL && isControlPlane) return spread(pool.spec.size ?? 1, seats);
  if (availability === Availability.SINGLE_ZONE) return together(seats);
  return { reason: () => undefined, take: () => undefined };
}

function spread(size: number, seats: readonly Place[]): ZoneGuard {
  const perZoneMax = Math.max(1, Math.floor((size - 1) / 2));
  const taken = new Map<string, number>();
  const take = (place: Place): void => {
    const zone = zoneOf(place);
    taken.set(zone, (taken.get(zone) ?? 0) + 1);
  };
  for (const seat of seats) take(seat);
  return {
    take,
    reason: (candidate) => {
      const zone = zoneOf(candidate);
      if (zone === '') return `its zone is not known, which REGIONAL needs; ${howToPlace} ${candidate.name}`;
      const has = taken.get(zone) ?? 0;
      if (has < perZoneMax) return undefined;
      return `zone ${zone} has ${has} of ${size} control-plane members already, and REGIONAL outlives the loss of any zone`;
    },
  };
}

function together(seats: readonly Place[]): ZoneGuard {
  let home = seats.map(zoneOf).find((zone) => zone !== '');
  return {
    take: (candidate) => {
      home ??= zoneOf(candidate) || undefined;
    },
    reason: (candidate) => {
      const zone = zoneOf(candidate);
      if (home === undefined || zone === home) return undefined;
      const where = zone === '' ? 'its zone is not known' : `it stands in zone ${zone}`;
      return `${where}, not in ${home}, and the cluster promises SINGLE_ZONE`;
    },
  };
}
