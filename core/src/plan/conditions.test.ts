import { ConditionStatus } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { withConditions } from './conditions.js';

test('the time moves only with the status', () => {
  const fact = { type: 'Reachable', holds: true, reason: 'Ok', message: 'a' };
  const first = withConditions([], [fact], 1000);
  const second = withConditions(first, [{ ...fact, message: 'b' }], 2000);
  expect(second).toEqual([
    { type: 'Reachable', status: ConditionStatus.TRUE, reason: 'Ok', message: 'b', lastTransitionTime: new Date(1000) },
  ]);
  const third = withConditions(second, [{ ...fact, holds: undefined }], 3000);
  expect(third[0]).toMatchObject({ status: ConditionStatus.UNKNOWN, lastTransitionTime: new Date(3000) });
});

test('conditions of others stay', () => {
  const other = withConditions([], [{ type: 'Z', holds: false, reason: 'R', message: '' }], 1);
  expect(withConditions(other, [{ type: 'A', holds: true, reason: 'R', message: '' }], 2).map((c) => c.type)).toEqual([
    'A',
    'Z',
  ]);
});
