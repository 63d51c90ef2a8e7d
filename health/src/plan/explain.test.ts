import { RepairRung } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { rungText } from './explain.js';

test('every rung has its own words; one of the future asks a person', () => {
  const rungs = Object.values(RepairRung).filter(
    (rung): rung is RepairRung => typeof rung === 'number' && Number(rung) > 0,
  );
  const names = rungs.map((rung) => rungText(rung).name);
  expect(new Set(names).size).toBe(8);
  expect(rungText(99 as RepairRung).name).toBe('Ask');
});
