import type { HealthMember } from '@flotilla/core';
import { HealthVerdict, NodePoolRole, RepairRung, RepairState } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { aHealth, aLive, aMember, at, gone, lost, members, minuteMs, sick, startMs } from '../testing/samples.js';
import { Ward } from '../testing/ward.js';

const { RUNNING, PARKED } = RepairState;

/** Every node of these falls at once. */
function fallAll(made: Ward, names: readonly string[], health = gone()): void {
  for (const name of names) made.fall(name, health);
}
const names = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `n${i + from}`);
const inZone = (zone: string, list: readonly HealthMember[]): HealthMember[] =>
  list.map((member) => ({ ...member, provider: 'aws', region: 'eu', zone }));

describe('breakers', () => {
  test('fault 36: a whole zone out: nothing is done, one event when it begins and one when it ends', () => {
    const list = members(100, 0);
    const made = new Ward([...inZone('a', list.slice(0, 40)), ...inZone('b', list.slice(40))]);
    for (let i = 0; i < 40; i++) {
      made.fall(`n${i}`, gone(), { dueAtMs: at(made.passedMs + 5 * minuteMs).monotonicMs });
      made.look(500);
    }
    made.pass(30 * minuteMs);
    expect([made.acts, [...made.runs]]).toEqual([[], []]);
    expect(made.holds.sort()).toEqual([
      'cluster prod TooManyUnhealthy',
      'location aws/eu/a LocationSilent',
      'pool web TooManyUnhealthy',
    ]);
    expect(made.events).toHaveLength(3);
    for (const name of names(40)) made.recover(name);
    made.look();
    expect([made.holds, made.acts, made.events.length]).toEqual([[], [], 6]);
  });

  test('fault 40: the same update everywhere in the same second is held as well', () => {
    const made = new Ward(members(20, 0));
    fallAll(made, names(20), sick('ReadyFalse'));
    made.pass(60 * minuteMs);
    expect(made.acts).toEqual([]);
    expect(made.events.filter((event) => event.startsWith('node'))).toEqual([]);
  });

  test('fault 39: a bad release of the agent silences agents, and no node is touched for it', () => {
    const made = new Ward(members(10, 0));
    fallAll(made, names(10), lost());
    made.pass(60 * minuteMs);
    expect([...made.runs]).toEqual([]);
  });

  test('a rolling failure does not slip through: who is still inside its timeout counts', () => {
    const made = new Ward(members(5, 0));
    made.set('n1', { health: gone() });
    made.fall('n0', gone());
    made.pass(10 * minuteMs);
    expect(made.acts).toEqual([]);
    expect(made.holds).toEqual(['pool web TooManyUnhealthy']);
  });

  test('one sick node is healed in a pool of any size', () => {
    for (const size of [1, 2, 3, 50]) {
      const made = new Ward(members(size, 0));
      made.fall('n0');
      made.look();
      expect(made.acts).toEqual(['n0 RESTART_KUBELET']);
    }
  });

  test('an explicit 0 holds always', () => {
    const made = new Ward(members(5, 0), { maxUnhealthy: '0' });
    made.fall('n0');
    made.pass(60 * minuteMs);
    expect([made.acts, made.holds]).toEqual([[], ['pool web TooManyUnhealthy']]);
  });

  test('the record keeps since when, and counts as it goes', () => {
    const made = new Ward(members(8, 0));
    fallAll(made, names(2));
    made.look();
    const since = made.pool.health?.holds[0]?.sinceMs;
    made.fall('n2', gone());
    made.look(minuteMs);
    expect(made.pool.health).toMatchObject({
      ...{ healthy: 5, unhealthy: 3, total: 8 },
      holds: [{ reason: 'TooManyUnhealthy', unhealthy: 3, total: 8, limit: 1, sinceMs: since }],
    });
    expect(made.events.filter((event) => event === 'pool a Held')).toHaveLength(1);
  });
});

describe('when it is us', () => {
  test('fault 37: everyone silent: nothing is done, and everyone gets two minutes after the return', () => {
    const made = new Ward(members(10, 0));
    made.fleet = { heard: 0, lost: 10 };
    made.fall('n0', gone());
    made.pass(30 * minuteMs);
    expect(made.holds).toContain('fleet fleet AllSilent');
    made.fleet = { heard: 9, lost: 1 };
    made.pass(2 * minuteMs - 20_000);
    expect(made.holds).toEqual(['cluster prod OwnAbsence']);
    expect(made.acts).toEqual([]);
    made.pass(minuteMs);
    expect(made.acts).toEqual(['n0 REPLACE']);
  });

  test('within the grace after our start nothing is done, and one event says so', () => {
    const made = new Ward(members(10, 0));
    made.fall('n0', gone(), { live: aLive(at(0), { watchedSinceMs: startMs - minuteMs }) });
    made.look();
    made.look(10_000);
    expect(made.holds).toEqual(['cluster prod OwnAbsence']);
    expect([made.acts, made.events]).toEqual([[], ['cluster a Held']]);
  });

  test('fault 66: an API server that does not answer holds everything, told once', () => {
    const made = new Ward(members(10, 0));
    made.apiKnown = false;
    made.fall('n0');
    made.pass(30 * minuteMs);
    expect([made.acts, made.holds, made.events]).toEqual([[], ['cluster prod ApiServerUnknown'], ['cluster a Held']]);
  });

  test('before the API server has ever answered there is nothing to hold', () => {
    const made = new Ward([aMember('n0', { wasReady: false, health: aHealth({ verdict: HealthVerdict.STARTING }) })]);
    made.apiKnown = false;
    made.look();
    expect([made.holds, made.events]).toEqual([[], []]);
  });
});

describe('budget', () => {
  test('never more runs in a pool than it may miss nodes', () => {
    const made = new Ward(members(10, 0), { maxUnhealthy: '100%' });
    fallAll(made, ['n0', 'n1', 'n2'], sick());
    made.look();
    const running = (): number => made.members.filter(({ repair }) => repair?.state === RUNNING).length;
    expect(running()).toBe(1);
    expect(made.holds.filter((hold) => hold.endsWith('Budget'))).toHaveLength(2);
    for (let i = 0; i < 600; i++) {
      made.look(10_000);
      expect(running()).toBeLessThanOrEqual(1);
    }
    // One after the other has had its turn.
    expect(new Set(made.acts.map((act) => act.split(' ')[0]))).toEqual(new Set(['n0', 'n1', 'n2']));
  });

  test('fault 74: while a pool is scaled down under us, no other node is rebooted or replaced; harmless rungs go on', () => {
    const made = new Ward(members(10, 0));
    made.set('n9', { removing: true });
    made.fall('n0');
    made.pass(30 * minuteMs);
    expect(made.acts).toEqual(['n0 RESTART_KUBELET', 'n0 RESTART_RUNTIME']);
    made.set('n9', { removing: false });
    made.look(10_000);
    expect(made.acts.at(-1)).toBe('n0 REBOOT');
  });
});

describe('replacement', () => {
  test('fault 41: the spares are bad too: three are tried, further and further apart, then a person is asked', () => {
    const made = new Ward(members(4, 0));
    const times: number[] = [];
    let victim = 'n0';
    made.fall(victim, gone());
    for (let i = 0; i < 1200; i++) {
      made.look(10_000);
      if (made.run(victim)?.rung !== RepairRung.REPLACE) continue;
      // The pool releases the node and claims a spare, which does not start either.
      times.push(Math.floor(made.passedMs / minuteMs));
      made.set(victim, { removing: true });
      made.look();
      made.members = made.members.filter(({ nodeName }) => nodeName !== victim);
      victim = `spare${times.length}`;
      made.members.push(aMember(victim, { wasReady: false }));
      made.fall(victim, sick('StartupTimeout'));
    }
    expect(times).toEqual([0, 10, 30]);
    expect(made.run(victim)).toMatchObject({ state: PARKED });
    expect(made.run(victim)?.history.at(-1)?.message).toContain('3 replacements in a row');
    expect(made.events.filter((event) => event.endsWith('RepairParked'))).toHaveLength(1);
  });

  test('a replacement that becomes healthy is forgotten', () => {
    const made = new Ward(members(4, 0));
    made.fall('n0', gone());
    made.look();
    expect(made.holds).toContain('pool web ReplacementPending');
    made.set('n0', { removing: true });
    made.look();
    made.members = [...made.members.filter(({ nodeName }) => nodeName !== 'n0'), aMember('spare')];
    made.look();
    expect(made.holds).toEqual([]);
    expect(made.events.filter((event) => /Held|Resumed/.test(event))).toEqual([]);
  });

  test('fault 71: a release that is not seen yet is not asked for twice', () => {
    const made = new Ward(members(4, 0));
    made.fall('n0', gone());
    made.pass(9 * minuteMs);
    expect(made.acts).toEqual(['n0 REPLACE']);
    expect(made.run('n0')).toMatchObject({ rung: RepairRung.REPLACE, attempt: 1, state: RUNNING });
  });
});

test('what an operator takes into their own hands is theirs: a pause stops the ladder before anything begins', () => {
  const made = new Ward(members(4, 0));
  made.set('n0', { pause: { untilMs: at(10 * minuteMs).wallMs, reason: 'I look', by: 'api-key:ada' } });
  made.fall('n0');
  made.pass(9 * minuteMs);
  expect([made.acts, [...made.runs]]).toEqual([[], []]);
  made.pass(2 * minuteMs);
  expect(made.acts).toEqual(['n0 RESTART_KUBELET']);
});

test('looking again without anything new changes nothing', () => {
  const made = new Ward(
    [...members(6, 0), ...['a', 'b', 'c'].map((name) => aMember(name, { role: NodePoolRole.CONTROL_PLANE }))],
    { maxUnhealthy: '100%' },
  );
  fallAll(made, ['n0', 'n1', 'a'], sick());
  made.look();
  const [pool, cluster, runs] = [made.pool.health, made.cluster.health, made.runs.size];
  const again = made.look(1);
  expect(again).toMatchObject({ opens: [], updates: [], acts: [], notes: [] });
  expect([made.pool.health, made.cluster.health, made.runs.size]).toEqual([pool, cluster, runs]);
});
