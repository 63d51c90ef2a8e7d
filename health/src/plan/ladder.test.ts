import { HealthMode, HealthVerdict, NodePoolRole, NonceState, RepairRung, RepairState } from '@flotilla/proto';
import { rungNonce } from '@flotilla/core';
import { describe, expect, test } from 'vitest';
import { aHealth, aMember, at, gone, lost, members, minuteMs, sick } from '../testing/samples.js';
import { storyOf, Ward } from '../testing/ward.js';
import { stuckMs } from './ladder.js';

const { RUNNING, SUCCEEDED, PARKED, CANCELLED } = RepairState;
const { RESTART_KUBELET, RESTART_RUNTIME, REBOOT, REPLACE, ASK } = RepairRung;
const hourMs = 3_600_000;

/** A pool of five whose node n0 is sick and due. */
function ward(health = sick(), policy = {}): Ward {
  const made = new Ward(members(5, 0), policy);
  made.fall('n0', health);
  return made;
}

/** Goes on until the run of n0 stands at this rung. */
function climbTo(made: Ward, rung: RepairRung): void {
  for (let i = 0; i < 1000 && made.run('n0')?.rung !== rung; i++) made.look(10_000);
  expect(made.run('n0')?.rung).toBe(rung);
}

describe('a run', () => {
  test('fault 16: first the kubelet is restarted; when that is seen to help, it is over', () => {
    const made = ward();
    made.look();
    expect(made.run('n0')).toMatchObject({ rung: RESTART_KUBELET, state: RUNNING, cause: 'KubeletUnhealthy' });
    made.say('n0', NonceState.DONE);
    made.set('n0', { health: sick('KubeletUnhealthy', { healthySinceMs: at(30_000).wallMs }) });
    made.pass(minuteMs);
    expect(made.run('n0')?.state).toBe(RUNNING);
    made.recover('n0');
    made.look();
    expect(storyOf(made.node('n0').lastRepair)).toBe('SUCCEEDED: RESTART_KUBELET Succeeded');
    expect(made.acts).toEqual(['n0 RESTART_KUBELET']);
  });

  test('goes from rung to rung, each in its time, and then asks', () => {
    const made = ward();
    made.look();
    made.say('n0', NonceState.DONE);
    const times: string[] = [];
    let rung: RepairRung | undefined;
    for (let i = 0; i < 600; i++) {
      if (made.run('n0')?.rung !== rung) {
        rung = made.run('n0')?.rung;
        times.push(`${Math.floor(made.passedMs / minuteMs)} ${RepairRung[rung ?? 0] ?? ''}`);
      }
      made.look(10_000);
    }
    expect(times).toEqual(['0 RESTART_KUBELET', '3 RESTART_RUNTIME', '6 REBOOT', '16 REJOIN', '26 REPLACE', '36 ASK']);
    expect(made.run('n0')).toMatchObject({ state: PARKED, endedAtMs: undefined });
    expect(made.run('n0')?.message).toContain('journalctl -u kubelet');
    expect(made.events.filter((event) => event.endsWith('RepairParked'))).toHaveLength(1);
  });

  test('the nonce of a rung is the same however often it is planned, and another for the next', () => {
    const made = ward();
    made.look();
    const nonces = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const run = made.run('n0');
      if (run !== undefined) nonces.add(rungNonce(run));
      made.look(10_000);
    }
    expect(nonces.size).toBe(1);
    climbTo(made, RESTART_RUNTIME);
    const next = made.run('n0');
    expect(next && nonces.has(rungNonce(next))).toBe(false);
  });

  test('a rung that the host says has failed gives way at once', () => {
    const made = ward();
    made.look();
    made.say('n0', NonceState.FAILED);
    made.look(10_000);
    expect(made.run('n0')?.rung).toBe(RESTART_RUNTIME);
    expect(storyOf(made.run('n0'))).toBe('RUNNING: RESTART_KUBELET Failed');
  });

  test('fault 18: one run per node per hour; then it is held, and said why', () => {
    const made = ward();
    made.look();
    made.recover('n0');
    made.look(3 * minuteMs);
    made.fall('n0');
    made.pass(56 * minuteMs);
    expect(made.acts).toHaveLength(1);
    expect(made.holds).toEqual(['machine n0 RecentlyRepaired']);
    expect(made.events.filter((event) => event.endsWith('Held'))).toEqual(['node n0 RepairHeld']);
    made.pass(2 * minuteMs);
    expect(made.acts).toHaveLength(2);
  });

  test('fault 23: rebooted by somebody else: the order is interrupted, not repeated, and no reboot of ours follows', () => {
    const made = ward();
    made.look();
    made.say('n0', NonceState.INTERRUPTED, 'boot-2');
    climbTo(made, RESTART_RUNTIME);
    expect(storyOf(made.run('n0'))).toBe('RUNNING: RESTART_KUBELET Interrupted, REBOOT Skipped');
    climbTo(made, ASK);
    expect(made.acts).not.toContain('n0 REBOOT');
    const restarts = made.acts.filter((act) => act.endsWith('RESTART_KUBELET'));
    expect(restarts).toHaveLength(1);
  });

  test('fault 23: between two rungs a reboot by somebody else takes the place of ours', () => {
    const made = ward();
    climbTo(made, RESTART_RUNTIME);
    made.say('n0', NonceState.DONE, 'boot-2');
    climbTo(made, RepairRung.REJOIN);
    expect(made.acts).not.toContain('n0 REBOOT');
  });

  test('fault 72: after a reboot the next rung waits ten minutes, then an absent host is replaced from outside', () => {
    const made = ward();
    climbTo(made, REBOOT);
    const rebootedMs = made.passedMs;
    made.fall('n0', gone(), { bootId: 'boot-1' });
    made.pass(10 * minuteMs - 20_000);
    expect(made.run('n0')?.rung).toBe(REBOOT);
    climbTo(made, REPLACE);
    expect(made.passedMs - rebootedMs).toBeGreaterThanOrEqual(10 * minuteMs);
    expect(made.run('n0')?.history.at(-1)).toMatchObject({
      rung: REBOOT,
      message: 'The machine was not seen to reboot: its boot id is the same or not known.',
    });
    expect(made.acts.filter((act) => act === 'n0 REBOOT')).toHaveLength(1);
  });

  test('a reboot is proven by another boot id', () => {
    const made = ward();
    climbTo(made, REBOOT);
    made.say('n0', NonceState.DONE, 'boot-2');
    climbTo(made, RepairRung.REJOIN);
    expect(made.run('n0')?.history.at(-1)?.message).toContain('The machine has rebooted (another boot id)');
  });

  test('fault 66: while the API server is unknown a run waits at its rung, and gets the full time after', () => {
    const made = ward();
    climbTo(made, RESTART_RUNTIME);
    made.apiKnown = false;
    made.fall('n0', aHealth({ verdict: HealthVerdict.UNKNOWN, reason: 'ApiServerUnknown', healthySinceMs: undefined }));
    made.pass(40 * minuteMs);
    expect(made.run('n0')?.rung).toBe(RESTART_RUNTIME);
    expect(made.acts).not.toContain('n0 REBOOT');
    expect(made.run('n0')?.message).toContain('API server');
    made.apiKnown = true;
    made.fall('n0', sick(), { dueAtMs: at(made.passedMs + minuteMs).monotonicMs });
    made.look(30_000);
    expect(made.run('n0')?.rung).toBe(RESTART_RUNTIME);
    made.look(40_000);
    expect(made.run('n0')?.rung).toBe(REBOOT);
  });

  test('what cannot go on for an hour waits for a person: every run ends', () => {
    const made = ward();
    made.look();
    made.fall('n0', lost());
    made.pass(stuckMs + minuteMs);
    expect(made.run('n0')?.state).toBe(PARKED);
    expect(made.acts).toEqual(['n0 RESTART_KUBELET']);
  });

  test('what became healthy before anything helped was not our doing', () => {
    const made = ward(gone());
    made.look();
    expect(made.run('n0')?.rung).toBe(REPLACE);
    made.recover('n0');
    made.look();
    expect(made.node('n0').lastRepair?.state).toBe(CANCELLED);
  });

  test('replaced: the node that is released ends the run', () => {
    const made = ward(gone());
    made.look();
    made.set('n0', { removing: true });
    made.look();
    expect(made.node('n0').lastRepair).toMatchObject({ state: SUCCEEDED, rung: REPLACE });
  });

  test('a pool or a cluster that is deleted ends its runs, and none begins there', () => {
    for (const what of ['pool', 'cluster'] as const) {
      const made = ward();
      made.look();
      if (what === 'pool') made.pool = { ...made.pool, deleteRequestedAtMs: 1 };
      else made.cluster = { ...made.cluster, deleteRequestedAtMs: 1 };
      made.fall('n1');
      made.pass(10 * minuteMs);
      expect(made.node('n0').lastRepair?.state).toBe(CANCELLED);
      expect(made.acts).toEqual(['n0 RESTART_KUBELET']);
    }
  });

  test('fault 75: a node that is removed while its host is offline has no repair any more', () => {
    const made = ward();
    made.look();
    made.set('n0', { removing: true, health: gone() });
    made.pass(20 * minuteMs);
    expect(made.node('n0').lastRepair?.state).toBe(CANCELLED);
    expect(made.run('n0')).toBeUndefined();
    expect(made.acts).toEqual(['n0 RESTART_KUBELET']);
  });

  test('fault 70: against a controller that undoes every cure there is no fight: one run an hour', () => {
    const made = ward();
    for (let i = 0; i < 12 * 60; i++) {
      made.look(10_000);
      // Whatever we did helps, and whoever it is breaks it again.
      if (made.run('n0') !== undefined) made.recover('n0');
      else if (made.node('n0').health?.verdict === HealthVerdict.HEALTHY) made.fall('n0');
    }
    expect(made.passedMs).toBe(2 * hourMs);
    expect(made.acts).toEqual(['n0 RESTART_KUBELET', 'n0 RESTART_KUBELET']);
  });

  test('fault 70: a machine that somebody else takes care of is left alone at once, also in the middle of a run', () => {
    const made = ward();
    climbTo(made, REBOOT);
    made.set('n0', { remediationDisabled: true });
    made.look();
    expect(made.node('n0').lastRepair?.state).toBe(CANCELLED);
    made.pass(2 * hourMs);
    expect(made.acts).toEqual(['n0 RESTART_KUBELET', 'n0 RESTART_RUNTIME', 'n0 REBOOT']);
  });
});

describe('a parked run', () => {
  test('without a spare a person is asked; the spare that comes takes over by itself', () => {
    const made = ward(gone());
    made.spares = 0;
    made.look();
    expect(made.run('n0')).toMatchObject({ rung: ASK, state: PARKED });
    expect(made.acts).toEqual([]);
    made.pass(30 * minuteMs);
    expect(made.acts).toEqual([]);
    made.spares = 1;
    made.look();
    expect(made.run('n0')).toMatchObject({ rung: REPLACE, state: RUNNING });
  });

  test('tries nothing twice, for as long as it waits', () => {
    const made = ward(sick('ApiServerUnreachable'));
    climbTo(made, ASK);
    made.pass(5 * hourMs);
    expect(made.acts).toEqual(['n0 RESTART_KUBELET']);
    expect(made.events.filter((event) => event.endsWith('RepairParked'))).toHaveLength(1);
  });

  test('is over when the node is well', () => {
    const made = ward(sick('ApiServerUnreachable'));
    climbTo(made, ASK);
    made.recover('n0');
    made.look();
    expect(made.node('n0').lastRepair?.state).toBe(SUCCEEDED);
  });
});

describe('holds in the middle of a run', () => {
  test('a breaker that opens takes a reboot back that has not begun, and lets one be that has', () => {
    for (const begun of [false, true]) {
      const made = ward();
      climbTo(made, REBOOT);
      made.say('n0', begun ? NonceState.STARTED : undefined);
      for (const name of ['n1', 'n2', 'n3']) made.fall(name);
      made.look(10_000);
      expect(made.run('n0')?.rung).toBe(begun ? REBOOT : undefined);
      if (!begun) expect(made.node('n0').lastRepair?.state).toBe(CANCELLED);
      made.pass(30 * minuteMs);
      expect(made.acts).toEqual(['n0 RESTART_KUBELET', 'n0 RESTART_RUNTIME', 'n0 REBOOT']);
    }
  });

  test('a run at a harmless rung waits while it is held, and goes on after', () => {
    const made = ward();
    made.look();
    made.pool = { ...made.pool, pause: { untilMs: at(20 * minuteMs).wallMs, reason: 'a demo', by: 'api-key:me' } };
    made.pass(15 * minuteMs);
    expect(made.run('n0')).toMatchObject({
      rung: RESTART_KUBELET,
      message: 'It waits at this rung: Paused by api-key:me: a demo.',
    });
    made.pass(10 * minuteMs);
    expect(made.run('n0')?.rung).not.toBe(RESTART_KUBELET);
  });
});

describe('modes', () => {
  test('observe: what would be done is said once an hour, and nothing is done', () => {
    const made = ward(sick(), { mode: HealthMode.OBSERVE });
    made.pass(50 * minuteMs);
    expect(made.node('n0').lastRepair).toMatchObject({
      state: RepairState.OBSERVED,
      rung: RESTART_KUBELET,
      message: 'It would restart the kubelet now (KubeletUnhealthy); the pool only observes.',
    });
    expect([made.acts, made.run('n0')]).toEqual([[], undefined]);
    expect(made.events).toEqual(['node n0 WouldRepair']);
  });

  test('disabled, and per machine: nothing is done, nothing is said', () => {
    const off = ward(sick(), { mode: HealthMode.DISABLED });
    const alone = ward();
    alone.set('n0', { quarantined: true });
    for (const made of [off, alone]) {
      made.pass(20 * minuteMs);
      expect([made.acts, made.events]).toEqual([[], []]);
    }
  });
});

test('fault 73: of a control plane one member at a time, and never below quorum', () => {
  const seats = ['a', 'b', 'c'].map((name) => aMember(name, { role: NodePoolRole.CONTROL_PLANE }));
  const made = new Ward(seats, { maxUnhealthy: '100%' });
  made.fall('a');
  made.fall('b');
  made.pass(40 * minuteMs);
  // What disturbs nobody is done to both, one after the other; with two of three not well neither may be taken away.
  const harmless = ['a RESTART_KUBELET', 'a RESTART_RUNTIME', 'b RESTART_KUBELET', 'b RESTART_RUNTIME'];
  expect(made.acts).toEqual(harmless);
  expect([made.run('a')?.state, made.run('b')?.state]).toEqual([PARKED, PARKED]);
  made.recover('b');
  made.look(10_000);
  expect(made.acts).toContain('a REBOOT');
});
