import { expect, test } from 'vitest';
import { StepReport, StepState } from '@flotilla/proto';
import { ago, fakeNowMs } from '../testing/fake-env.js';
import { phasesUpTo } from '../testing/examples.js';
import { currentPhase, phaseLabel, phaseLine, phaseSignature, problemLines } from './phases.js';

const plain = (text: string): string => text;
const line = (changes: Partial<StepReport>): string =>
  phaseLine(
    StepReport.fromPartial({ phase: 'load-images', index: 7, total: 11, attempt: 1, ...changes }),
    fakeNowMs,
    plain,
  );

test('one line a phase, numbered', () => {
  expect(line({ state: StepState.WAITING })).toBe('   7/11 load-images        waiting');
  expect(
    line({ state: StepState.RUNNING, startTime: ago(4), progress: '412 of 640 MB', step: 'etcd', attempt: 2 }),
  ).toBe('   7/11 load-images        running 4.0s   etcd, 412 of 640 MB, attempt 2');
  expect(line({ state: StepState.DONE, startTime: ago(100), endTime: ago(1) })).toBe(
    '   7/11 load-images        done    99s',
  );
  expect(
    line({
      state: StepState.FAILED,
      startTime: ago(5),
      endTime: ago(4.2),
      retryTime: ago(-56),
      problems: [{ code: 'A', message: '', remedy: '' }],
    }),
  ).toBe('   7/11 load-images        failed  0.8s   1 problem, tries again in 56s');
  expect(line({ state: StepState.PARKED, startTime: ago(5), endTime: ago(4) })).toBe(
    '   7/11 load-images        parked  1.0s   waits for a person',
  );
});

test('the phase it stands in: what runs or failed, else the last that is done', () => {
  expect(currentPhase(phasesUpTo(8, StepState.RUNNING))?.phase).toBe('join');
  expect(currentPhase(phasesUpTo(3, StepState.PARKED))?.phase).toBe('preflight');
  expect(currentPhase(phasesUpTo(2, StepState.DONE))?.phase).toBe('assign');
  expect(currentPhase([])).toBeUndefined();
  expect(phaseLabel(phasesUpTo(3, StepState.FAILED)[2] ?? StepReport.create({}))).toBe('preflight 3/11 failed');
});

test('every problem with its cure below it', () => {
  expect(problemLines([{ code: 'SWAP_ON', message: 'swap is on', remedy: 'one\ntwo' }], plain)).toEqual([
    '  SWAP_ON         swap is on',
    '                  one',
    '                  two',
  ]);
});

test('progress inside a phase is no new line', () => {
  const phase = StepReport.fromPartial({ phase: 'join', state: StepState.RUNNING, progress: '1' });
  expect(phaseSignature(phase)).toBe(phaseSignature({ ...phase, progress: '2', startTime: ago(1) }));
  expect(phaseSignature(phase)).not.toBe(phaseSignature({ ...phase, attempt: 2 }));
});
