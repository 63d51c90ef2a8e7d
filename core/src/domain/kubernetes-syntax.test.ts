import { Taint } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import {
  labelKeyProblem,
  labelValueProblem,
  labelViolations,
  reservedNodeLabel,
  taintViolations,
} from './kubernetes-syntax.js';

describe('labels', () => {
  test.each(['app', 'example.com/app', 'A_b-c.d', 'node-role.kubernetes.io/worker'])('key %j is fine', (key) => {
    expect(labelKeyProblem(key)).toBeUndefined();
  });

  test.each(['', '-a', 'a-', 'Example.com/app', 'a/b/c', '/app', 'x'.repeat(64)])('key %j is not', (key) => {
    expect(labelKeyProblem(key)).toBeDefined();
  });

  test('values', () => {
    expect(labelValueProblem('')).toBeUndefined();
    expect(labelValueProblem('v1.2_x')).toBeUndefined();
    expect(labelValueProblem('a b')).toBeDefined();
    expect(labelValueProblem('x'.repeat(64))).toBeDefined();
  });

  test('all problems are reported, each with its path', () => {
    const violations = labelViolations(
      'spec.template.labels',
      { '-a': 'ok', 'flotilla.dev/x': 'a b' },
      reservedNodeLabel,
    );
    expect(violations.map((v) => v.field)).toEqual([
      'spec.template.labels["-a"]',
      'spec.template.labels["flotilla.dev/x"]',
      'spec.template.labels["flotilla.dev/x"]',
    ]);
  });
});

describe('taints', () => {
  test('good ones pass', () => {
    expect(taintViolations('t', [Taint.create({ key: 'gpu', value: 'a100', effect: 'NoSchedule' })])).toEqual([]);
  });

  test('an unknown effect, a bad key and a repetition are named', () => {
    const taints = [
      Taint.create({ key: 'gpu', effect: 'NoSchedule' }),
      Taint.create({ key: 'gpu', effect: 'NoSchedule' }),
      Taint.create({ key: '', effect: 'Never' }),
    ];
    expect(taintViolations('t', taints).map((v) => v.field)).toEqual(['t[1]', 't[2].key', 't[2].effect']);
  });
});
