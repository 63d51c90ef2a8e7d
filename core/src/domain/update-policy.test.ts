import { NodePoolRole, NodePoolSpec, UpdatePolicy, UpdateStrategy } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { updateRules } from './update-policy.js';

test.each([
  ['', '', 10, 1, 0],
  ['25%', '', 10, 2, 0],
  ['5%', '', 10, 1, 0],
  ['5%', '5%', 10, 0, 1],
  ['0', '2', 10, 0, 2],
  ['100%', '', 3, 3, 0],
])('unavailable %s, surge %s of %d nodes: %d and %d', (maxUnavailable, maxSurge, nodes, unavailable, surge) => {
  const update = UpdatePolicy.create({ maxUnavailable, maxSurge, strategy: UpdateStrategy.REPLACE });
  const rules = updateRules(NodePoolSpec.create({ size: nodes, update }), nodes);
  expect(rules).toEqual({ strategy: UpdateStrategy.REPLACE, maxUnavailable: unavailable, maxSurge: surge });
});

test('a control plane is updated in place, one at a time, whatever is said', () => {
  const update = UpdatePolicy.create({ maxUnavailable: '3', maxSurge: '3', strategy: UpdateStrategy.REPLACE });
  const spec = NodePoolSpec.create({ role: NodePoolRole.CONTROL_PLANE, update });
  expect(updateRules(spec, 5)).toEqual({ strategy: UpdateStrategy.IN_PLACE, maxUnavailable: 1, maxSurge: 0 });
});
