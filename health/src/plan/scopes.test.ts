import { aClusterRecord, aPoolRecord } from '@flotilla/core/testing';
import type { LiveMachine } from '@flotilla/core';
import { describe, expect, test } from 'vitest';
import { aLive, aMember, at, gone, members, minuteMs, startMs } from '../testing/samples.js';
import {
  apiUnknownToldMs,
  clusterHolds,
  poolHolds,
  replacementHold,
  replacementsOf,
  type ScopeInput,
} from './scopes.js';

const now = at(0);
const input = (over: Partial<ScopeInput> & { readonly sickSinceStart?: boolean } = {}): ScopeInput => {
  const list = [aMember('a', over.sickSinceStart === true ? { health: gone() } : {}), ...members(4, 0)];
  const live = new Map<string, LiveMachine>([['mch_a', aLive(now, { watchedSinceMs: startMs - minuteMs })]]);
  return {
    view: { cluster: aClusterRecord(), pools: [], members: list },
    ...{ live, fleet: { heard: 5, lost: 0 }, apiUnknownMs: 0, graceEndsAtMs: 0, now },
    ...over,
  };
};
const reasons = (one: ScopeInput): string[] => clusterHolds(one).map(({ reason }) => reason);

describe('the cluster', () => {
  test('is not held when nothing is wrong, also right after our start', () => {
    expect(reasons(input())).toEqual([]);
  });

  test('is held within our grace when somebody is not well', () => {
    expect(reasons(input({ sickSinceStart: true }))).toEqual(['OwnAbsence']);
  });

  test('nobody heard right after our start is no silence of the fleet; one that lasts is, also over a restart', () => {
    const nobody = { fleet: { heard: 0, lost: 0 } };
    expect(reasons(input({ ...nobody, graceEndsAtMs: startMs + 1 }))).toEqual([]);
    expect(reasons(input({ ...nobody, graceEndsAtMs: startMs }))).toEqual(['AllSilent']);
    const holds = clusterHolds(input(nobody));
    const cluster = aClusterRecord({ health: { healthy: 0, unhealthy: 0, total: 5, holds } });
    const again = input({
      ...nobody,
      graceEndsAtMs: startMs + 1,
      view: { cluster, pools: [], members: members(5, 0) },
    });
    expect(reasons(again)).toEqual(['AllSilent']);
  });

  test('after everybody was silent everybody gets two minutes, counted from the return', () => {
    const before = (reason: string, agoMs: number) => {
      const hold = { scope: 'cluster', subject: 'prod', reason, message: '', unhealthy: 1, total: 5, limit: 0 };
      const holds = [{ ...hold, sinceMs: now.wallMs - agoMs }];
      const cluster = aClusterRecord({ health: { healthy: 4, unhealthy: 1, total: 5, holds } });
      return reasons(input({ view: { cluster, pools: [], members: members(5, 1, gone()) } }));
    };
    expect(before('AllSilent', 10 * minuteMs)).toEqual(['OwnAbsence']);
    expect(before('OwnAbsence', 2 * minuteMs - 1)).toEqual(['OwnAbsence']);
    expect(before('OwnAbsence', 2 * minuteMs)).toEqual([]);
  });

  test('an API server that is away is told after a minute: a watch made anew is no outage', () => {
    expect(reasons(input({ apiUnknownMs: apiUnknownToldMs - 1 }))).toEqual([]);
    expect(reasons(input({ apiUnknownMs: apiUnknownToldMs }))).toEqual(['ApiServerUnknown']);
  });

  test('a pause ends by itself', () => {
    const paused = (untilMs: number): ScopeInput => {
      const cluster = aClusterRecord({ pause: { untilMs, reason: '', by: 'api-key:ada' } });
      return input({ view: { cluster, pools: [], members: members(3, 0) } });
    };
    expect(reasons(paused(now.wallMs + 1))).toEqual(['Paused']);
    expect(reasons(paused(now.wallMs))).toEqual([]);
  });
});

describe('the memory of replacements', () => {
  const withMemory = (sinceMs: number) =>
    aPoolRecord({}, { health: { healthy: 0, unhealthy: 0, total: 0, holds: [replacementHold('web', 2, 3, sinceMs)] } });
  const tries = (pool: ReturnType<typeof withMemory>, list: Parameters<typeof poolHolds>[1]): number =>
    replacementsOf(poolHolds(pool, list, now)).tries;

  test('stays until every node is healthy, and keeps its time', () => {
    const pool = withMemory(now.wallMs - 5);
    expect(replacementsOf(poolHolds(pool, members(3, 1), now))).toEqual({ tries: 2, lastAtWallMs: now.wallMs - 5 });
    expect(tries(pool, [...members(3, 0), aMember('old', { removing: true })])).toBe(2);
    expect(tries(pool, [...members(3, 0), aMember('new', { health: undefined })])).toBe(2);
    expect(tries(pool, members(3, 0))).toBe(0);
  });

  test('is a day old at most', () => {
    expect(tries(withMemory(now.wallMs - 25 * 60 * minuteMs), members(3, 1))).toBe(0);
  });
});
