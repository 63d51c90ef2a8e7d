import { aClusterRecord, aRepair } from '@flotilla/core/testing';
import { HealthMode, HealthVerdict, RepairState } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { aHealth, aMember, at, lost, sick, someRules, startMs } from '../testing/samples.js';
import { openRun, runIntervalMs, type OpenInput } from './open-run.js';

const { KUBELET_SICK, HEALTHY, MANAGEMENT_LOST } = HealthVerdict;
const nowWallMs = at(0).wallMs;

const input = (over: Partial<OpenInput> = {}, sight: Partial<OpenInput['sight']> = {}): OpenInput => ({
  sight: {
    ...{ verdict: KUBELET_SICK, reason: 'KubeletUnhealthy', rules: someRules(), kubeletReady: false },
    ...{
      controlPlane: undefined,
      othersDisrupted: 0,
      budget: 1,
      spares: 1,
      replacements: { tries: 0, lastAtWallMs: 0 },
    },
    ...{ volumesAttached: false, goneSinceMs: undefined, nowMs: startMs, nowWallMs },
    ...sight,
  },
  member: aMember('a', { health: sick() }),
  ...{ seenNow: KUBELET_SICK, dueAtMs: startMs, bootId: 'boot-1', running: 0, cluster: aClusterRecord() },
  newRunId: () => 'rep_new',
  ...over,
});

describe('nothing begins', () => {
  test.each<[string, Partial<OpenInput>, string]>([
    ['on a healthy node', { member: aMember('a') }, 'none'],
    ['when only management is lost', { member: aMember('a', { health: lost() }), seenNow: MANAGEMENT_LOST }, 'none'],
    ['when both witnesses say well by now', { seenNow: HEALTHY }, 'none'],
    ['when one cannot say', { seenNow: undefined }, 'none'],
    ['while it recovers', { member: aMember('a', { health: sick('ReadyFalse', { healthySinceMs: 1 }) }) }, 'none'],
    ['when this process has not watched it', { dueAtMs: undefined }, 'none'],
    ['before its time', { dueAtMs: startMs + 1 }, 'wait'],
    ['when the budget is used', { running: 1 }, 'hold'],
    ['never judged', { member: aMember('a', { health: undefined }) }, 'none'],
  ])('%s', (_, over, kind) => {
    expect(openRun(input(over)).kind).toBe(kind);
  });
});

describe('one run an hour', () => {
  test('is said also while the node recovers or waits, so that a flapping node is held once', () => {
    const lastRepair = aRepair({ startedAtMs: nowWallMs - 1, endedAtMs: nowWallMs, state: RepairState.SUCCEEDED });
    const recovering = sick('ReadyFalse', { healthySinceMs: 1 });
    for (const health of [sick(), recovering]) {
      const member = aMember('a', { health, lastRepair });
      expect(openRun(input({ member, dueAtMs: undefined, seenNow: HEALTHY })).kind).toBe('hold');
    }
  });

  const after = (agoMs: number, over = {}): string => {
    const lastRepair = aRepair({
      startedAtMs: nowWallMs - agoMs,
      endedAtMs: nowWallMs,
      state: RepairState.SUCCEEDED,
      ...over,
    });
    return openRun(input({ member: aMember('a', { health: sick(), lastRepair }) })).kind;
  };

  test('counted from the beginning of the last', () => {
    expect(after(runIntervalMs - 1)).toBe('hold');
    expect(after(runIntervalMs)).toBe('open');
  });

  test('one that was taken back before anything was done does not count; one that had acted does', () => {
    const acted = [{ rung: 1, outcome: 'Interrupted', message: '', startedAtMs: 0, endedAtMs: 0 }];
    const skipped = [{ rung: 1, outcome: 'Skipped', message: '', startedAtMs: 0, endedAtMs: 0 }];
    expect(after(1, { state: RepairState.CANCELLED, history: skipped })).toBe('open');
    expect(after(1, { state: RepairState.CANCELLED, history: acted })).toBe('hold');
  });

  test('a clock that was set back opens nothing', () => {
    expect(after(-86_400_000)).toBe('hold');
  });
});

test('a run has what the witnesses said, and the boot that it began in', () => {
  const opening = openRun(input());
  expect(opening).toMatchObject({
    kind: 'open',
    change: {
      began: true,
      repair: { id: 'rep_new', cause: 'KubeletUnhealthy', bootId: 'boot-1', state: RepairState.RUNNING },
    },
  });
});

test('to observe is to end at once, with what would have been', () => {
  const opening = openRun(input({}, { rules: someRules({ mode: HealthMode.OBSERVE }) }));
  expect(opening).toMatchObject({
    change: { began: false, repair: { state: RepairState.OBSERVED, endedAtMs: nowWallMs, history: [] } },
  });
});

test('where nothing may be done, a person is asked at once', () => {
  const member = aMember('a', { health: aHealth({ ...sick('ClockSkew') }) });
  const opening = openRun(input({ member }, { reason: 'ClockSkew' }));
  expect(opening).toMatchObject({
    change: { began: false, repair: { state: RepairState.PARKED, endedAtMs: undefined } },
  });
});
