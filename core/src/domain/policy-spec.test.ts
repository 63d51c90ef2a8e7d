import { HealthMode, NodePoolRole, NodePoolSpec, NodeTemplate, UpdateStrategy } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { durationMs, durationOf } from './durations.js';
import {
  completeHealthPolicy,
  completeUpdatePolicy,
  healthDefaultsMs,
  kubeletViolations,
  policyViolations,
} from './policy-spec.js';

type Given = Parameters<typeof NodePoolSpec.fromPartial>[0];
const problems = (spec: Given): string[] =>
  policyViolations(NodePoolSpec.fromPartial(spec)).map((v) => `${v.field}: ${v.description}`);
const update = (over: Record<string, unknown>) => ({ update: { ...completeUpdatePolicy(undefined), ...over } });

test('what is not said has the documented default', () => {
  const policy = completeHealthPolicy(undefined);
  expect(policy).toMatchObject({
    mode: HealthMode.ENABLED,
    rebootAllowed: true,
    replaceAllowed: true,
    maxUnhealthy: '',
  });
  for (const [field, ms] of Object.entries(healthDefaultsMs)) {
    expect(durationMs(Reflect.get(policy, field) as ReturnType<typeof durationOf>, -1), field).toBe(ms); // a Duration
  }
  const given = completeHealthPolicy({ ...policy, rebootAllowed: false, readyFalseTimeout: durationOf(90_500) });
  expect([given.rebootAllowed, durationMs(given.readyFalseTimeout, 0)]).toEqual([false, 90_500]);
  expect(completeUpdatePolicy(undefined)).toEqual({
    strategy: UpdateStrategy.IN_PLACE,
    maxUnavailable: '1',
    maxSurge: '0',
  });
});

describe('each field is refused by name and rule', () => {
  test.each<[string, Given, string[]]>([
    ['a good one', { health: completeHealthPolicy(undefined), ...update({}) }, []],
    [
      'a short timeout',
      { health: { kubeletUnhealthyTimeout: durationOf(4_999) } },
      ['spec.health.kubeletUnhealthyTimeout: must be 5s to 24h'],
    ],
    [
      'a breaker',
      { health: { maxUnhealthy: 'some' } },
      ['spec.health.maxUnhealthy: must be a count such as "2" or a share such as "20%", at most 9999 or 100%'],
    ],
    [
      'a share above all',
      { health: { maxUnhealthy: '101%' } },
      ['spec.health.maxUnhealthy: must be a count such as "2" or a share such as "20%", at most 9999 or 100%'],
    ],
    ['hold always', { health: { maxUnhealthy: '0' } }, []],
    [
      'no way to move',
      update({ strategy: UpdateStrategy.REPLACE, maxUnavailable: '0' }),
      [
        'spec.update.maxUnavailable: must not be 0 while maxSurge is 0: nothing could move',
        'spec.update.strategy: must be IN_PLACE for a pool without size, which takes no spares; or give the pool a size',
      ],
    ],
    [
      'in place with none',
      update({ maxUnavailable: '0%', maxSurge: '1' }),
      ['spec.update.maxUnavailable: must be at least 1 for IN_PLACE, which takes no spare'],
    ],
    ['replace', { size: 3, ...update({ strategy: UpdateStrategy.REPLACE, maxUnavailable: '0', maxSurge: '25%' }) }, []],
    [
      'a control plane',
      { size: 3, role: NodePoolRole.CONTROL_PLANE, ...update({ strategy: UpdateStrategy.REPLACE }) },
      ['spec.update.strategy: of a control plane must be IN_PLACE'],
    ],
    ['a drain of weeks', { drainTimeout: durationOf(8 * 24 * 3_600_000) }, ['spec.drainTimeout: must be 0s to 7d']],
  ])('%s', (_what, spec, expected) => expect(problems(spec)).toEqual(expected));

  test('kubelet settings are those that the kubelet knows', () => {
    const template = NodeTemplate.fromPartial({
      systemReserved: { memory: '200Mi', cpu: '500m', disk: '1' },
      kubeReserved: { pid: 'many' },
      evictionHard: { 'memory.available': '5%', 'nodefs.available': '1.5Gi', free: '1' },
    });
    expect(kubeletViolations(template).map((v) => `${v.field}: ${v.description}`)).toEqual([
      'spec.template.systemReserved["disk"]: is not one of cpu, memory, ephemeral-storage, pid',
      'spec.template.kubeReserved["pid"]: must be a quantity such as 200Mi or 500m',
      expect.stringContaining('spec.template.evictionHard["free"]: is not one of memory.available'),
    ]);
  });
});
