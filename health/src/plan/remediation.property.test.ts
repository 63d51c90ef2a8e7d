import { rungNonce } from '@flotilla/core';
import { seededRandom, type Random } from '@flotilla/kit';
import { HealthVerdict, NodePoolRole, NonceState, RepairState } from '@flotilla/proto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aHealth, aMember, at, gone, lost, minuteMs, sick } from '../testing/samples.js';
import { Ward } from '../testing/ward.js';
import { clusterBreaker, locationBreakers, poolBreaker } from './breakers.js';
import { causeNames, disruptiveRungs } from './causes.js';
import { disruptionBudget } from './policy.js';

const { RUNNING, PARKED } = RepairState;
const hourMs = 3_600_000;

/** A cluster to which anything may happen. */
function wildWard(random: Random): Ward {
  const size = 1 + Math.floor(random.fraction() * 12);
  const seats = random.fraction() < 0.3 ? [1, 3, 5][Math.floor(random.fraction() * 3)] : 0;
  const list = Array.from({ length: Math.max(size, seats ?? 0) }, (_, i) =>
    aMember(`n${i}`, {
      role: i < (seats ?? 0) ? NodePoolRole.CONTROL_PLANE : NodePoolRole.WORKER,
      provider: random.fraction() < 0.7 ? 'p' : '',
      zone: `z${i % 2}`,
    }),
  );
  const limits = ['', '', '2', '50%', '100%', '0', 'poison'];
  const made = new Ward(list, { maxUnhealthy: limits[Math.floor(random.fraction() * limits.length)] ?? '' });
  made.spares = [0, 1, 3, undefined][Math.floor(random.fraction() * 4)];
  return made;
}

/** Something happens to somebody. */
function disturb(made: Ward, random: Random): void {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random.fraction() * list.length)];
  const name = pick(made.members)?.nodeName;
  if (name === undefined) return;
  const now = at(made.passedMs);
  const dueAtMs = now.monotonicMs + Math.floor(random.fraction() * 3) * minuteMs;
  const bootId = `boot-${Math.floor(random.fraction() * 3)}`;
  const cause = pick(causeNames) ?? 'ReadyFalse';
  const acts: (() => void)[] = [
    () => made.fall(name, sick(cause === 'HostGone' ? 'ReadyFalse' : cause), { dueAtMs, bootId }),
    () => made.fall(name, gone(), { dueAtMs, volumesAttached: random.fraction() < 0.5, goneSinceMs: now.monotonicMs }),
    () => made.fall(name, lost(), { dueAtMs: undefined }),
    () =>
      made.fall(name, aHealth({ verdict: HealthVerdict.UNKNOWN, healthySinceMs: undefined }), { dueAtMs: undefined }),
    () => made.set(name, { health: sick(cause, { healthySinceMs: now.wallMs }) }),
    () => made.recover(name),
    () => made.recover(name),
    () => made.say(name, pick([NonceState.DONE, NonceState.FAILED, NonceState.INTERRUPTED, undefined]), bootId),
    () => made.set(name, { removing: random.fraction() < 0.3 }),
    () => made.set(name, { remediationDisabled: random.fraction() < 0.3 }),
    () => (made.apiKnown = random.fraction() < 0.7),
    () => (made.fleet = { heard: random.fraction() < 0.8 ? 9 : 0, lost: 0 }),
  ];
  pick(acts)?.();
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

/** Simulated days of a dozen clusters take some seconds on a busy machine. */
const timeout = 60_000;

test(
  'whatever happens: nothing is done to the healthy, in held scopes, beyond the budget or against quorum',
  { timeout },
  () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = seededRandom(seed);
        const made = wildWard(random);
        for (let i = 0; i < 120; i++) {
          if (random.fraction() < 0.6) disturb(made, random);
          const before = made.members;
          const plan = made.look(Math.floor(random.fraction() * 4) * minuteMs);
          for (const { nodeId, rung } of plan.acts) {
            const member = before.find((one) => one.nodeId === nodeId);
            const told = made.told.get(member?.nodeName ?? '');
            // Both witnesses say sick, at this very moment, for long enough; nobody wants it left alone.
            expect([HealthVerdict.KUBELET_SICK, HealthVerdict.HOST_GONE]).toContain(member?.health?.verdict);
            expect(member?.health?.healthySinceMs).toBeUndefined();
            expect(told?.dueAtMs ?? Infinity).toBeLessThanOrEqual(at(made.passedMs).monotonicMs);
            expect([member?.removing, member?.quarantined, member?.remediationDisabled]).toEqual([false, false, false]);
            // I4: no breaker holds.
            expect(poolBreaker('web', made.pool.spec.health?.maxUnhealthy ?? '', before)).toBeUndefined();
            expect(clusterBreaker('prod', before)).toBeUndefined();
            const place = [member?.provider, member?.zone].filter((part) => part !== '').join('/');
            expect(locationBreakers(before).map(({ subject }) => subject)).not.toContain(place);
            expect([made.apiKnown, made.fleet.heard > 0]).toEqual([true, true]);
            if (!disruptiveRungs.has(rung)) continue;
            // I5: budget; I6: quorum.
            const others = before.filter((one) => one.nodeId !== nodeId);
            const leaving = others.filter(({ removing }) => removing).length;
            expect(leaving).toBeLessThan(disruptionBudget('', before.length));
            if (member?.role !== NodePoolRole.CONTROL_PLANE) continue;
            const seats = before.filter(({ role }) => role === NodePoolRole.CONTROL_PLANE);
            const well = seats.filter(
              (s) => s.nodeId !== nodeId && s.health?.verdict === HealthVerdict.HEALTHY && !s.removing,
            );
            expect(well.length).toBeGreaterThanOrEqual(Math.floor(seats.length / 2) + 1);
          }
          const running = made.members.filter(({ repair }) => repair?.state === RUNNING).length;
          expect(running).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 60 },
    );
  },
);

test('a nonce is asked for once, and a rung is taken once in a run', { timeout }, () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const random = seededRandom(seed);
      const made = wildWard(random);
      const asked: string[] = [];
      for (let i = 0; i < 120; i++) {
        if (random.fraction() < 0.5) disturb(made, random);
        const plan = made.look(Math.floor(random.fraction() * 4) * minuteMs);
        asked.push(...plan.acts.map(({ repair }) => rungNonce(repair)));
      }
      expect(new Set(asked).size).toBe(asked.length);
    }),
    { numRuns: 40 },
  );
});

test('every run ends or waits for a person, whatever it meets, once the world is at rest', { timeout }, () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const random = seededRandom(seed);
      const made = wildWard(random);
      for (let i = 0; i < 60; i++) {
        disturb(made, random);
        made.look(minuteMs);
      }
      // Everybody who is not well has the same turn: six rungs of an hour at most, one node after the other.
      for (let i = 0; i < made.members.length * 7 * 12; i++) made.look(5 * minuteMs);
      for (const run of made.runs.values()) {
        const present = made.members.find(({ nodeId }) => nodeId === run.nodeId)?.repair;
        if (run.endedAtMs !== undefined) continue;
        const young = at(made.passedMs).wallMs - run.startedAtMs < 7 * hourMs;
        expect(present?.state === PARKED || young).toBe(true);
      }
    }),
    { numRuns: 8 },
  );
});
