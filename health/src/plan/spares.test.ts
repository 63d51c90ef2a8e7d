import { aCandidate, aPoolRecord, aPoolView } from '@flotilla/core/testing';
import { MachineState, SessionState } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { sparesOf } from './spares.js';

const sized = aPoolRecord({ size: 3, selector: { arch: 'amd64', matchLabels: { disk: 'ssd' }, minCpus: 4 } });
const fit = { labels: { disk: 'ssd' }, arch: 'amd64', cpus: 8 };

test.each([
  ['fits', {}, 1],
  ['is bound to this pool', { wantedPoolId: 'pol_a' }, 1],
  ['is bound to another', { wantedPoolId: 'pol_b' }, 0],
  ['is in use', { state: MachineState.IN_USE }, 0],
  ['is silent', { session: SessionState.SILENT }, 0],
  ['is quarantined', { quarantined: true }, 0],
  ['retires', { retireRequested: true }, 0],
  ['was taken out by an operator', { removedByOperator: true }, 0],
  ['is too small', { cpus: 2 }, 0],
  ['is of another kind', { arch: 'arm64' }, 0],
  ['lacks the label', { labels: {} }, 0],
])('a machine that %s', (_, over, count) => {
  const candidates = [aCandidate('mch_s', { ...fit, ...over })];
  expect(sparesOf(aPoolView({ pool: sized, candidates }))).toBe(count);
});

test('an open pool has no places to fill', () => {
  expect(sparesOf(aPoolView({ pool: aPoolRecord(), candidates: [aCandidate('mch_s')] }))).toBeUndefined();
});
