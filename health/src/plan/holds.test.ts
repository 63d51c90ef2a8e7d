import type { HoldRecord } from '@flotilla/core';
import { aClusterRecord, aPoolRecord } from '@flotilla/core/testing';
import { HealthMode, HealthPolicy } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { aMember } from '../testing/samples.js';
import { concerns, differenceOf, holdSentence, isTold, leftAloneReason, sinceOf } from './holds.js';

const hold = (over: Partial<HoldRecord> = {}): HoldRecord => ({
  ...{ scope: 'pool', subject: 'web', reason: 'TooManyUnhealthy', message: 'Too many.', sinceMs: 5 },
  ...{ unhealthy: 2, total: 3, limit: 1 },
  ...over,
});
const scope = (...holds: HoldRecord[]) => ({ healthy: 1, unhealthy: 2, total: 3, holds });
const here = aMember('a', { provider: 'aws', region: 'eu', zone: 'x' });

describe('whom a hold concerns', () => {
  test.each([
    [hold(), true],
    [hold({ scope: 'cluster', subject: 'prod' }), true],
    [hold({ scope: 'fleet', subject: 'fleet' }), true],
    [hold({ scope: 'location', subject: 'aws/eu/x' }), true],
    [hold({ scope: 'location', subject: 'aws/eu/y' }), false],
    [hold({ scope: 'machine', subject: 'a' }), true],
    [hold({ scope: 'machine', subject: 'b' }), false],
    [hold({ reason: 'ReplacementPending' }), false],
  ])('%j: %s', (one, expected) => {
    expect(concerns(one, here)).toBe(expected);
  });
});

test('a hold keeps its beginning while it lasts', () => {
  const [old, fresh] = sinceOf(
    [hold({ unhealthy: 9 }), hold({ subject: 'batch' })].map(withoutSince),
    scope(hold()),
    100,
  );
  expect([old?.sinceMs, old?.unhealthy, fresh?.sinceMs]).toEqual([5, 9, 100]);
});
const withoutSince = ({ sinceMs: _, ...rest }: HoldRecord) => rest;

test('what opened and what closed, by what it is about and not by its numbers', () => {
  const [a, b] = [hold(), hold({ scope: 'cluster', subject: 'prod' })];
  expect(differenceOf([a], [hold({ unhealthy: 7 }), b])).toEqual({ opened: [b], closed: [] });
  expect(differenceOf([a, b], [b])).toEqual({ opened: [], closed: [a] });
});

test('breakers are told; pauses and holds of one machine are not', () => {
  expect(isTold(hold())).toBe(true);
  expect(isTold(hold({ reason: 'Paused' }))).toBe(false);
  expect(isTold(hold({ scope: 'machine' }))).toBe(false);
  expect(isTold(hold({ reason: 'ReplacementPending' }))).toBe(false);
});

describe('the sentence on the page of a node', () => {
  const pool = aPoolRecord({}, { health: scope(hold()) });
  const cluster = aClusterRecord();

  test('is empty when nothing holds', () => {
    expect(holdSentence(here, aPoolRecord(), cluster, 10)).toBe('');
  });

  test('names what is nearest: left alone, paused, held', () => {
    const pause = { untilMs: 20, reason: 'new disk', by: 'api-key:ada' };
    expect(holdSentence(here, pool, cluster, 10)).toBe('Too many.');
    expect(holdSentence({ ...here, pause }, pool, cluster, 10)).toBe('Paused by api-key:ada: new disk.');
    expect(holdSentence({ ...here, pause }, pool, cluster, 20)).toBe('Too many.');
    const off = { ...here, pause, remediationDisabled: true };
    expect(holdSentence(off, pool, cluster, 10)).toBe('Repair is switched off for this machine.');
  });

  test('who is left alone', () => {
    const off = aPoolRecord();
    const disabled = { spec: { ...off.spec, health: HealthPolicy.create({ mode: HealthMode.DISABLED }) } };
    expect(leftAloneReason(here, disabled)).toBe('Repair is switched off for the pool.');
    expect(leftAloneReason({ ...here, quarantined: true }, off)).toBe('The machine is quarantined: it is left alone.');
    expect(leftAloneReason(here, off)).toBe('');
  });
});
