import type { HealthMember } from '@flotilla/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HealthVerdict } from '@flotilla/proto';
import { aHealth, aMember, gone, lost, members, sick } from '../testing/samples.js';
import {
  clusterBreaker,
  fleetBreaker,
  isUnhealthy,
  locationBreakers,
  locationOf,
  poolBreaker,
  tally,
} from './breakers.js';

const { STARTING, UNKNOWN } = HealthVerdict;
const inZone = (zone: string, list: readonly HealthMember[]): HealthMember[] =>
  list.map((member) => ({ ...member, nodeId: `${member.nodeId}-${zone}`, provider: 'aws', region: 'eu', zone }));

describe('who counts as unhealthy', () => {
  test.each([
    ['sick, still inside its timeout', sick(), true],
    ['host gone', gone(), true],
    ['management lost', lost(), true],
    ['recovering', sick('ReadyFalse', { healthySinceMs: 1 }), true],
    ['late to start', sick('StartupTimeout'), true],
    ['healthy', aHealth(), false],
    ['starting', aHealth({ verdict: STARTING }), false],
    ['not known', aHealth({ verdict: UNKNOWN, reason: 'ApiServerUnknown' }), false],
    ['certificates that will expire', sick('CertificatesExpiring'), false],
    ['never judged', undefined, false],
  ])('%s', (_, health, unhealthy) => {
    expect(isUnhealthy(aMember('a', { health }))).toBe(unhealthy);
  });

  test('who leaves or is quarantined is not counted at all', () => {
    const list = [
      aMember('a', { health: sick(), removing: true }),
      aMember('b', { health: sick(), quarantined: true }),
    ];
    expect(tally([...list, aMember('c')])).toEqual({ healthy: 1, unhealthy: 0, total: 1 });
  });
});

describe('pool', () => {
  test.each([
    ['', 1, 1, false],
    ['', 3, 1, false],
    ['', 3, 2, true],
    ['', 9, 2, true],
    ['', 10, 2, false],
    ['', 10, 3, true],
    ['0', 10, 1, true],
    ['0%', 10, 1, true],
    ['0', 10, 0, false],
    ['50%', 3, 1, false],
    ['50%', 3, 2, true],
    ['10%', 9, 1, true],
  ])('maxUnhealthy %j, %d nodes, %d sick: holds %s', (text, total, sickOnes, holds) => {
    expect(poolBreaker('web', text, members(total, sickOnes)) !== undefined).toBe(holds);
  });

  test('says the numbers and what is waited for', () => {
    expect(poolBreaker('web', '', members(8, 5))).toEqual({
      ...{ scope: 'pool', subject: 'web', reason: 'TooManyUnhealthy', unhealthy: 5, total: 8, limit: 1 },
      message:
        '5 of 8 nodes unhealthy exceeds the limit of 1 (20 % of 8, at least 1). It resumes by itself when at most 1 is unhealthy.',
    });
    expect(poolBreaker('web', '0', members(8, 1))?.message).toContain('It holds always.');
  });
});

describe('location', () => {
  test.each([
    [1, 1, false],
    [2, 1, false],
    [2, 2, true],
    [3, 2, false],
    [3, 3, true],
    [4, 3, true],
    [5, 3, true],
    [6, 3, false],
    [6, 4, true],
    [100, 54, false],
    [100, 55, true],
  ])('of %d machines %d are sick: holds %s', (total, sickOnes, holds) => {
    expect(locationBreakers(inZone('a', members(total, sickOnes))).length === 1).toBe(holds);
  });

  test('fault 36: a place that is out is held, and the other places are not', () => {
    const holds = locationBreakers([...inZone('a', members(40, 40, gone())), ...inZone('b', members(60, 1))]);
    expect(holds).toEqual([
      expect.objectContaining({ scope: 'location', subject: 'aws/eu/a', unhealthy: 40, total: 40, limit: 21 }),
    ]);
  });

  test('machines of no known place are in none', () => {
    expect(locationBreakers(members(5, 5))).toEqual([]);
    expect(locationOf({ provider: 'home', region: '', zone: 'attic' })).toBe('home/attic');
  });
});

describe('cluster and fleet', () => {
  test.each([
    [3, 2, false],
    [3, 3, true],
    [6, 2, false],
    [6, 3, true],
    [10, 3, false],
    [10, 4, true],
    [13, 4, true],
    [14, 4, false],
  ])('of %d nodes %d are sick: holds %s', (total, sickOnes, holds) => {
    expect(clusterBreaker('prod', members(total, sickOnes)) !== undefined).toBe(holds);
  });

  test('fault 37: when nobody is heard it is us', () => {
    expect(fleetBreaker({ heard: 0, lost: 9 }, members(3, 0))).toMatchObject({
      reason: 'AllSilent',
      unhealthy: 9,
      total: 9,
    });
    expect(fleetBreaker({ heard: 1, lost: 9 }, members(3, 0))).toBeUndefined();
    expect(fleetBreaker({ heard: 0, lost: 0 }, members(3, 3))).toBeDefined();
    expect(fleetBreaker({ heard: 0, lost: 0 }, [])).toBeUndefined();
  });
});

describe('always', () => {
  const fleet = fc.array(fc.constantFrom(aHealth(), sick(), gone(), lost(), undefined), { maxLength: 60 });
  const list = (healths: readonly (ReturnType<typeof aHealth> | undefined)[]): HealthMember[] =>
    healths.map((health, i) => aMember(`n${i}`, { health, provider: 'p', zone: `z${i % 3}` }));

  test('fault 64: what one machine says moves every count by one at most', () => {
    fc.assert(
      fc.property(fleet, fc.nat(59), (healths, i) => {
        const honest = list(healths);
        const lying = honest.map((member, j) => (j === i ? { ...member, health: sick() } : member));
        expect(tally(lying).unhealthy - tally(honest).unhealthy).toBeLessThanOrEqual(1);
        expect(tally(lying).total).toBe(tally(honest).total);
      }),
    );
  });

  test('more sickness never opens what was held', () => {
    const held = (all: readonly HealthMember[]): number =>
      Number(poolBreaker('p', '', all) !== undefined) * 100 +
      Number(clusterBreaker('c', all) !== undefined) * 10 +
      locationBreakers(all).length;
    fc.assert(
      fc.property(fleet, fc.nat(59), (healths, i) => {
        const before = list(healths);
        const worse = before.map((member, j) => (j === i ? { ...member, health: gone() } : member));
        expect(held(worse)).toBeGreaterThanOrEqual(held(before));
      }),
    );
  });

  test('the limit that is said is the limit that is kept', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 200 }), (total, wanted) => {
        const ill = Math.min(total, wanted);
        const all = inZone('a', members(total, ill));
        for (const hold of [poolBreaker('p', '', all), clusterBreaker('c', all), ...locationBreakers(all)]) {
          if (hold !== undefined) expect(ill).toBeGreaterThan(hold.limit);
        }
      }),
    );
  });
});
