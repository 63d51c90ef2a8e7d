import { aRepair } from '@flotilla/core/testing';
import { EventSeverity, HealthVerdict, RepairRung, RepairState } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { aLive, aMember, at, minuteMs, sick, someRules, startMs } from '../testing/samples.js';
import type { RunSight, RunStep } from './ladder.js';
import { begin, continueRun, parkNote } from './run-record.js';

const { RESTART_KUBELET, REBOOT, REPLACE, ASK } = RepairRung;
const repair = aRepair({ rung: RESTART_KUBELET });
const sight: RunSight = {
  ...{ verdict: HealthVerdict.KUBELET_SICK, reason: 'KubeletUnhealthy', rules: someRules(), kubeletReady: false },
  ...{ controlPlane: undefined, othersDisrupted: 0, budget: 1, spares: 1, replacements: { tries: 0, lastAtWallMs: 0 } },
  ...{ volumesAttached: false, goneSinceMs: undefined, nowMs: startMs, nowWallMs: at(0).wallMs },
  ...{ member: aMember('a'), health: sick(), repair, seenNow: HealthVerdict.KUBELET_SICK, held: '', leftAlone: '' },
  ...{ dueAtMs: startMs, rungSeenMs: startMs, nonce: undefined, bootId: 'boot-2', live: aLive(at(0)) },
};
const after = (step: RunStep) => continueRun(repair, step, sight);

test('waiting changes nothing but the sentence, and only when it differs', () => {
  expect(after({ kind: 'wait', message: repair.message })).toMatchObject({
    changed: false,
    began: false,
    note: undefined,
  });
  expect(after({ kind: 'wait', message: 'Held.' })).toMatchObject({ changed: true, repair: { message: 'Held.' } });
});

test('the next rung closes the one before it and notes the boot that it begins in', () => {
  const outcome = { outcome: 'NotObserved', message: 'It was done, and the node is not well.' };
  const { repair: next, began, note } = after({ kind: 'next', outcome, rung: REBOOT, skipped: [] });
  expect(next).toMatchObject({ rung: REBOOT, bootId: 'boot-2', rungStartedAtMs: at(0).wallMs, endedAtMs: undefined });
  expect(next.rungDeadlineAtMs - next.rungStartedAtMs).toBe(10 * minuteMs);
  expect(next.history).toEqual([
    { rung: RESTART_KUBELET, startedAtMs: repair.rungStartedAtMs, endedAtMs: at(0).wallMs, ...outcome },
  ]);
  expect([began, note?.reason, note?.severity]).toEqual([true, 'Reboot', EventSeverity.WARNING]);
});

test('the end says what helped, when something did', () => {
  const ended = (outcome: string) =>
    after({ kind: 'end', state: RepairState.SUCCEEDED, outcome, message: 'The node is healthy again.' });
  expect(ended('Succeeded').note?.message).toBe('The node is healthy again. What helped: restart the kubelet.');
  expect(ended('Skipped').note?.message).toBe('The node is healthy again.');
  expect(ended('Succeeded').repair.endedAtMs).toBe(at(0).wallMs);
});

test('parked is not over: it stays the live run of its node', () => {
  const outcome = { outcome: 'Failed', message: 'no' };
  const { repair: parked, began } = after({ kind: 'park', outcome, message: 'Look.', skipped: [] });
  expect(parked).toMatchObject({ state: RepairState.PARKED, rung: ASK, endedAtMs: undefined, message: 'Look.' });
  expect(began).toBe(false);
});

test('what was not available is said once for all rungs that have the same reason', () => {
  const refused = [REBOOT, REPLACE].map((rung) => ({
    ...{ rung, outcome: 'NotAvailable', message: 'Quorum.', startedAtMs: 0, endedAtMs: 0 },
  }));
  expect(parkNote(refused, 'Look.').message).toBe('Not done: Reboot, Replace. Quorum. Look.');
});

test('a rung begins with its first try', () => {
  expect(begin(REPLACE, someRules(), '', 7)).toMatchObject({
    attempt: 1,
    state: RepairState.RUNNING,
    rungStartedAtMs: 7,
  });
});
