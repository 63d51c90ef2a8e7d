import { describe, expect, test } from 'vitest';
import type { NodeRecord } from '../domain/records.js';
import { aKubernetesNode, aNodeRecord, aNodeView, someNodeFacts } from '../testing/records.js';
import { cordonKey, planScheduling } from './scheduling.js';

const cordon = { atMs: 1000, by: 'api-key:me' };
const drain = { ...cordon, timeoutMs: undefined, force: false };
const plan = (wish: Partial<NodeRecord>, unschedulable: boolean, mark?: string) => {
  const annotations: Record<string, string> = mark === undefined ? {} : { [cordonKey]: mark };
  const kubernetes = aKubernetesNode({ unschedulable, annotations });
  const { acts, yields, notes } = planScheduling(aNodeView({ node: aNodeRecord(wish) }), someNodeFacts({ kubernetes }));
  return { acts: acts.map((a) => [a.kind, ...('mark' in a ? [a.mark] : 'lift' in a ? [a.lift] : [])]), yields, notes };
};

describe('a wish to cordon', () => {
  test.each([
    ['makes our mark on a free node', false, undefined, [['cordon', 'flotilla']]],
    ['remembers that others had cordoned it', true, undefined, [['cordon', 'other']]],
    ['is fulfilled', true, 'flotilla', []],
  ] as const)('%s', (_what, unschedulable, mark, acts) => {
    expect(plan({ cordon }, unschedulable, mark)).toMatchObject({ acts, yields: [] });
  });

  test('yields to whoever uncordons with kubectl, and says so', () => {
    const { acts, yields, notes } = plan({ cordon, drain }, false, 'flotilla');
    expect(acts).toEqual([['uncordon', false]]);
    expect(yields).toEqual(['cordon', 'drain']);
    expect(notes).toMatchObject([{ reason: 'UncordonedElsewhere' }]);
  });
});

describe('without a wish', () => {
  test.each([
    ['our own cordon is lifted', true, 'flotilla', [['uncordon', true]]],
    ['one of others stays, only our mark goes', true, 'other', [['uncordon', false]]],
    ['a cordon that is not ours is not touched', true, undefined, []],
    ['nothing is done to a free node', false, undefined, []],
  ] as const)('%s', (_what, unschedulable, mark, acts) => {
    expect(plan({}, unschedulable, mark)).toMatchObject({ acts, yields: [], notes: [] });
  });
});

test('a drain begins when the cordon is seen', () => {
  expect(plan({ drain }, false).acts).toEqual([['cordon', 'flotilla']]);
  expect(plan({ drain }, true, 'flotilla').acts).toEqual([['drain']]);
});
