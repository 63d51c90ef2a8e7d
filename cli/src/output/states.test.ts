import { expect, test } from 'vitest';
import { MachineState, NodePoolState, NodeState } from '@flotilla/proto';
import { fromUpperCamel, machineStateText, nodeStateText, poolStateText, stateTone } from './states.js';
import { absolute, age, elapsed, until } from './times.js';
import { ago, fakeNowMs } from '../testing/fake-env.js';

test('statuses are displayed with a space', () => {
  expect(nodeStateText(NodeState.RUNNING_SCHEDULING_DISABLED)).toBe('Running (Scheduling Disabled)');
  expect(poolStateText(NodePoolState.SCALING_UP)).toBe('Scaling up');
  expect(machineStateText(MachineState.IN_USE)).toBe('In use');
});

test('what this command does not know is not made up', () => {
  // Of a newer server: decoded as a number without a name.
  expect(nodeStateText(99 as NodeState)).toBe('Unknown');
  expect(nodeStateText(NodeState.UNSPECIFIED)).toBe('Unknown');
});

test('tones', () => {
  expect([stateTone('Running'), stateTone('Failed'), stateTone('Scaling up'), stateTone('Deleted')]).toEqual([
    'good',
    'bad',
    'busy',
    'dim',
  ]);
});

test('reasons become words', () => {
  expect(fromUpperCamel('ManagementLost')).toBe('management lost');
});

test('times', () => {
  expect(age(undefined, fakeNowMs)).toBe('-');
  expect(age(ago(180), fakeNowMs)).toBe('3m');
  expect(until(ago(-90), fakeNowMs)).toBe('in 90s');
  expect(until(ago(90), fakeNowMs)).toBe('90s ago');
  expect(until(undefined, fakeNowMs)).toBe('never');
  expect(absolute(ago(0))).toBe('2026-03-03T12:00:00Z');
  expect([elapsed(310), elapsed(9_949), elapsed(31_000), elapsed(-5)]).toEqual(['0.3s', '9.9s', '31s', '0.0s']);
});
