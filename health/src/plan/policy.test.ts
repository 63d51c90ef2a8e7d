import { HealthMode, HealthPolicy, NodePoolSpec } from '@flotilla/proto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { disruptionBudget, rulesOf, unhealthyLimit } from './policy.js';

describe('the rules of a pool', () => {
  test('every default is the documented one', () => {
    expect(rulesOf(NodePoolSpec.create())).toEqual({
      mode: HealthMode.ENABLED,
      startupTimeoutMs: 600_000,
      readyFalseTimeoutMs: 300_000,
      readyUnknownTimeoutMs: 300_000,
      diskPressureTimeoutMs: 600_000,
      readonlyFilesystemTimeoutMs: 120_000,
      kubeletUnhealthyTimeoutMs: 60_000,
      runtimeUnhealthyTimeoutMs: 60_000,
      maxUnhealthy: '',
      rebootAllowed: true,
      replaceAllowed: true,
      minHealthyMs: 120_000,
      maxUnavailable: '',
    });
  });

  test('what is set counts; a mode of the future only observes; a zero duration is not set', () => {
    const health = HealthPolicy.create({
      mode: 9 as HealthMode, // a newer server wrote it
      readyFalseTimeout: { seconds: 7n, nanos: 500_000_000 },
      minHealthyTime: { seconds: 0n, nanos: 0 },
      rebootAllowed: false,
    });
    const rules = rulesOf(NodePoolSpec.create({ health }));
    expect(rules).toMatchObject({ mode: HealthMode.OBSERVE, readyFalseTimeoutMs: 7_500, minHealthyMs: 120_000 });
    expect(rules.rebootAllowed).toBe(false);
  });
});

describe('limits', () => {
  test.each([
    ['', 1, 1],
    ['', 4, 1],
    ['', 5, 1],
    ['', 9, 1],
    ['', 10, 2],
    ['', 14, 2],
    ['', 100, 20],
    ['0', 100, 0],
    ['0%', 100, 0],
    ['10%', 5, 0],
    ['10%', 19, 1],
    ['3', 2, 3],
    ['100%', 7, 7],
    ['nonsense', 100, 0],
    ['-1', 100, 0],
    ['1e3', 100, 0],
    ['20.5%', 100, 0],
  ])('maxUnhealthy %j of %d nodes is %d', (text, total, limit) => {
    expect(unhealthyLimit(text, total)).toBe(limit);
  });

  test.each([
    ['', 50, 1],
    ['25%', 8, 2],
    ['25%', 3, 1],
    ['0', 8, 1],
    ['4', 8, 4],
    ['?', 8, 1],
  ])('maxUnavailable %j of %d nodes lets us disrupt %d', (text, total, budget) => {
    expect(disruptionBudget(text, total)).toBe(budget);
  });

  test('a limit is whole and never negative, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(100_000), (text, total) => {
        const limit = unhealthyLimit(text, total);
        expect(Number.isInteger(limit)).toBe(true);
        expect(limit).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
