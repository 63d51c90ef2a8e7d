import { HealthVerdict, RepairRung } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { at, minuteMs, someRules, startMs } from '../testing/samples.js';
import { causeNames, causes } from './causes.js';
import { checkRung, nextRung, type NextRung, type RungSight } from './rungs.js';

const { RESTART_KUBELET, RESTART_RUNTIME, RENEW_CERTIFICATES, FREE_DISK, REBOOT, REJOIN, REPLACE, ASK } = RepairRung;
const { KUBELET_SICK, HOST_GONE } = HealthVerdict;

const sightOf = (over: Partial<RungSight> = {}): RungSight => ({
  verdict: KUBELET_SICK,
  reason: 'KubeletUnhealthy',
  rules: someRules(),
  kubeletReady: false,
  controlPlane: undefined,
  othersDisrupted: 0,
  budget: 1,
  spares: 1,
  replacements: { tries: 0, lastAtWallMs: 0 },
  volumesAttached: false,
  goneSinceMs: undefined,
  nowMs: startMs,
  nowWallMs: at(0).wallMs,
  ...over,
});
const goneSight = (over: Partial<RungSight> = {}): RungSight =>
  sightOf({ verdict: HOST_GONE, reason: 'HostGone', ...over });

/** The rungs in the order in which they would be taken, each without success; no ladder has more than ten. */
function climb(sight: RungSight): RepairRung[] {
  const taken: RepairRung[] = [];
  for (let i = 0; i < 10; i++) {
    const history = taken.map((rung) => ({ rung, outcome: 'NotObserved', message: '', startedAtMs: 0, endedAtMs: 0 }));
    const next = nextRung(sight, history);
    if (next.kind === 'rung') taken.push(next.rung);
  }
  return taken;
}
const outcomes = (next: NextRung): string[] =>
  next.kind === 'wait' ? [] : next.skipped.map(({ rung, outcome }) => `${RepairRung[rung]} ${outcome}`);

describe('the ladder of each cause', () => {
  const general = [RESTART_KUBELET, RESTART_RUNTIME, REBOOT, REJOIN, REPLACE];
  test.each([
    ['KubeletUnhealthy', general],
    ['ContainerRuntimeUnhealthy', [RESTART_RUNTIME, RESTART_KUBELET, REBOOT, REJOIN, REPLACE]],
    ['ReadyFalse', general],
    ['ReadyUnknown', general],
    ['LeaseStale', general],
    ['CertificatesExpired', [RENEW_CERTIFICATES, RESTART_KUBELET, REJOIN, REPLACE]],
    ['IdentityRefused', [RENEW_CERTIFICATES, RESTART_KUBELET, REJOIN, REPLACE]],
    ['CertificatesExpiring', [RENEW_CERTIFICATES]],
    ['DiskPressure', [FREE_DISK, REPLACE]],
    ['InodePressure', [FREE_DISK, REPLACE]],
    ['ReadonlyFilesystem', [REBOOT, REPLACE]],
    ['KernelProblem', [REBOOT, REPLACE]],
    ['NodeObjectMissing', [RESTART_KUBELET, REJOIN, REPLACE]],
    ['ClockSkew', []],
    ['ACauseOfTheFuture', general],
  ])('%s', (reason, rungs) => {
    expect(climb(sightOf({ reason }))).toEqual(rungs);
  });

  test('fault 32: the network is never treated by a reboot, a reset or a replacement', () => {
    expect(climb(sightOf({ reason: 'ApiServerUnreachable' }))).toEqual([RESTART_KUBELET]);
  });

  test('a host that is gone has only what needs nobody on it', () => {
    expect(climb(goneSight())).toEqual([REPLACE]);
    expect(climb(sightOf({ verdict: HOST_GONE, reason: 'StartupTimeout' }))).toEqual([REPLACE]);
  });

  test('every cause says what a person must do, and has a timeout', () => {
    for (const cause of causeNames) {
      expect(causes[cause].ask.length, cause).toBeGreaterThan(10);
      expect(causes[cause].timeoutMs(someRules()), cause).toBeGreaterThanOrEqual(0);
      expect(causes[cause].rungs, cause).not.toContain(ASK);
    }
  });
});

describe('what may not be', () => {
  test.each([
    ['reboots are not allowed', { rules: someRules({ rebootAllowed: false }) }, REBOOT, 'NotAllowed'],
    ['replacement is not allowed', { rules: someRules({ replaceAllowed: false }) }, REPLACE, 'NotAllowed'],
    ['there is no spare', { spares: 0 }, REPLACE, 'NotAvailable'],
    ['the pool is open', { spares: undefined }, REPLACE, 'NotAvailable'],
    ['three replacements did not help', { replacements: { tries: 3, lastAtWallMs: 0 } }, REPLACE, 'NotAvailable'],
    ['the kubelet is Ready', { kubeletReady: true }, REBOOT, 'NotAvailable'],
    ['the kubelet is Ready', { kubeletReady: true }, REPLACE, 'NotAvailable'],
  ] as const)('%s', (_, over, rung, outcome) => {
    expect(checkRung(rung, sightOf(over))).toMatchObject({ kind: 'refused', outcome });
  });

  test('a read-only disk is rebooted although the kubelet is still Ready', () => {
    expect(climb(sightOf({ reason: 'ReadonlyFilesystem', kubeletReady: true }))[0]).toBe(REBOOT);
    expect(climb(sightOf({ reason: 'DiskPressure', kubeletReady: true }))).toEqual([FREE_DISK]);
  });

  test('what is passed over is said, with why', () => {
    const rules = someRules({ rebootAllowed: false });
    const history = [RESTART_KUBELET, RESTART_RUNTIME, REJOIN].map((rung) => ({
      ...{ rung, outcome: 'NotObserved', message: '', startedAtMs: 0, endedAtMs: 0 },
    }));
    expect(outcomes(nextRung(sightOf({ rules, spares: 0 }), history))).toEqual([
      'REBOOT NotAllowed',
      'REPLACE NotAvailable',
    ]);
  });

  test('a spare that is there when nobody may be disrupted waits', () => {
    expect(nextRung(goneSight({ othersDisrupted: 1 }), [])).toMatchObject({ kind: 'wait', rung: REPLACE });
    expect(nextRung(goneSight({ othersDisrupted: 1, budget: 2 }), [])).toMatchObject({ kind: 'rung', rung: REPLACE });
  });

  test('fault 41: after a replacement that did not help the next waits 10 m, then 20 m, then none is made', () => {
    const after = (tries: number, passedMs: number): string =>
      nextRung(goneSight({ replacements: { tries, lastAtWallMs: at(0).wallMs - passedMs } }), []).kind;
    expect(after(1, 10 * minuteMs - 1)).toBe('wait');
    expect(after(1, 10 * minuteMs)).toBe('rung');
    expect(after(2, 20 * minuteMs - 1)).toBe('wait');
    expect(after(2, 20 * minuteMs)).toBe('rung');
    expect(after(3, 1000 * minuteMs)).toBe('ask');
  });
});

describe('the control plane', () => {
  const member = (members: number, othersHealthy: number, othersBusy = false): Partial<RungSight> => ({
    controlPlane: { members, othersHealthy, othersBusy },
  });

  test.each([REBOOT, REJOIN, REPLACE])('fault 73: nothing disruptive (%s) is done to its only member', (rung) => {
    expect(checkRung(rung, sightOf(member(1, 0)))).toMatchObject({ kind: 'refused', outcome: 'NotAvailable' });
  });

  test.each([
    [3, 2, false, 'free'],
    [3, 1, false, 'refused'],
    [3, 2, true, 'wait'],
    [5, 4, false, 'free'],
    [5, 3, false, 'free'],
    [5, 2, false, 'refused'],
    [2, 1, false, 'refused'],
  ])('fault 73: of %d members %d others are healthy, another worked on: %s -> %s', (count, healthy, busy, kind) => {
    expect(checkRung(REBOOT, sightOf(member(count, healthy, busy))).kind).toBe(kind);
  });

  test('restarting its kubelet disturbs no quorum', () => {
    expect(checkRung(RESTART_KUBELET, sightOf(member(1, 0)))).toEqual({ kind: 'free' });
  });
});

describe('volumes', () => {
  test('fault 24: no replacement before the safe time after both witnesses fell silent', () => {
    const attached = (silentMs: number): RungSight =>
      goneSight({ volumesAttached: true, goneSinceMs: startMs - silentMs });
    expect(nextRung(attached(179_999), [])).toMatchObject({ kind: 'wait' });
    expect(nextRung(attached(180_000), [])).toMatchObject({ kind: 'rung', rung: REPLACE });
    expect(nextRung(goneSight({ volumesAttached: true, goneSinceMs: undefined }), [])).toMatchObject({ kind: 'wait' });
  });

  test('fault 25: without proof of death the out-of-service taint is not available, and shown so', () => {
    const next = nextRung(goneSight({ volumesAttached: true, goneSinceMs: 0 }), []);
    expect(next).toMatchObject({ kind: 'rung', rung: REPLACE });
    expect(outcomes(next)).toEqual(['ASK NotAvailable']);
    expect(outcomes(nextRung(goneSight(), []))).toEqual([]);
  });
});
