import { expect, test } from 'vitest';
import { HealthVerdict, NodeHealth, RepairRung, RepairRun, RepairState } from '@flotilla/proto';
import { ago, fakeNowMs } from '../testing/fake-env.js';
import {
  doingText,
  holdLines,
  lastRepairText,
  pauseText,
  rungText,
  shortVerdictCell,
  verdictText,
  waitsText,
} from './health.js';

const health = (changes: object): NodeHealth =>
  NodeHealth.fromPartial({ verdict: HealthVerdict.KUBELET_SICK, ...changes });
const repair = (changes: object): RepairRun =>
  RepairRun.fromPartial({ rung: RepairRung.REBOOT, cause: 'ReadyUnknown', rungStartTime: ago(30), ...changes });

test('every verdict and rung has words', () => {
  for (const verdict of Object.values(HealthVerdict).filter((each) => typeof each === 'number'))
    expect(shortVerdictCell(health({ verdict })).text.length).toBeLessThan(12);
  for (const rung of Object.values(RepairRung).filter((each) => typeof each === 'number'))
    expect(rungText(rung)).toMatch(/^[a-z]/);
});

test('the verdict says what follows, unless something holds or the ladder is over', () => {
  expect(verdictText(health({ reason: 'ReadyUnknown', sinceTime: ago(70) }), fakeNowMs)).toBe(
    'kubelet sick for 70s, ReadyUnknown -> the repair ladder',
  );
  expect(verdictText(health({ hold: 'paused' }), fakeNowMs)).toBe('kubelet sick -> nothing is done now, see Held');
  expect(verdictText(health({ repair: repair({ state: RepairState.PARKED }) }), fakeNowMs)).toBe(
    'kubelet sick -> the ladder is over, a person is asked',
  );
});

test.each([
  [RepairState.RUNNING, 'reboot since 30s: x'],
  [RepairState.PARKED, 'nothing more: a person is asked: x'],
  [RepairState.OBSERVED, 'nothing (mode observe). It would reboot: x'],
  [RepairState.SUCCEEDED, ''],
])('a repair in state %i does: %s', (state, text) => {
  expect(doingText(repair({ state, message: 'x' }), fakeNowMs)).toBe(text);
});

test('what was repaired is told when it is over', () => {
  expect(lastRepairText(repair({ state: RepairState.SUCCEEDED, endTime: ago(60) }), fakeNowMs)).toBe(
    'repaired 60s ago, ReadyUnknown',
  );
  expect(lastRepairText(repair({ state: RepairState.RUNNING }), fakeNowMs)).toBe('');
});

test('what is waited for, and until when', () => {
  const running = repair({ state: RepairState.RUNNING, rungDeadlineTime: ago(-90) });
  expect(waitsText(health({ repair: running }), fakeNowMs)).toContain('until 12:01:30Z (in 90s); then the next rung');
  expect(waitsText(health({ actTime: ago(-240) }), fakeNowMs)).toContain(
    'until 12:04:00Z (in 4m); then the ladder starts',
  );
  expect(waitsText(health({ actTime: ago(-240), hold: 'paused' }), fakeNowMs)).toBe('');
});

test('holds with their numbers; pauses with their end', () => {
  const hold = {
    scope: 'location',
    subject: 'aws/eu',
    reason: 'LocationSilent',
    message: 'm',
    unhealthy: 3,
    total: 3,
    limit: 1,
    sinceTime: ago(60),
  };
  expect(holdLines([hold], fakeNowMs)).toEqual([
    'nothing is repaired since 60s: LocationSilent (location aws/eu, 3 of 3 unhealthy, limit 1)\nm',
  ]);
  expect(pauseText({ untilTime: ago(-60), reason: 'why', createdBy: '' }, fakeNowMs)).toBe(
    'until 12:01:00Z (in 60s): why',
  );
  expect(pauseText(undefined, fakeNowMs)).toBe('');
});
