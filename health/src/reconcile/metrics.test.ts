import { readFileSync } from 'node:fs';
import { HealthVerdict } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { healthMetricNames } from './metrics.js';

const alerts = readFileSync(new URL('../../alerts.yaml', import.meta.url), 'utf8');

test('the alert rules ask for metrics that there are, and each metric has a rule', () => {
  const asked = new Set(alerts.match(/flotilla_[a-z_]+/g));
  expect([...asked].sort()).toEqual([...healthMetricNames].sort());
});

test('verdicts that the rules name are ours, and every rule says what to do', () => {
  const named = [...alerts.matchAll(/verdict=~?"([A-Z_|]+)"/g)].flatMap(([, list]) => (list ?? '').split('|'));
  expect(named.length).toBeGreaterThan(0);
  for (const verdict of named) expect(Object.keys(HealthVerdict)).toContain(verdict);
  expect(alerts.match(/- alert:/g)?.length).toBe(alerts.match(/description:/g)?.length);
});
