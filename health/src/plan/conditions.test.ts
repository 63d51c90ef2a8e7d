import type { MachineHealthRecord } from '@flotilla/core';
import { ConditionStatus, type Probe } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { aLive, aProbe, at, FALSE, startMs, TRUE } from '../testing/samples.js';
import { planConditions, type ConditionsPlan } from './conditions.js';

/** One machine over time. */
class Host {
  before: MachineHealthRecord | undefined;
  probes: Probe[] = [];
  isNode = false;
  readonly events: string[] = [];

  look(passedMs: number, silentMs = 0): ConditionsPlan {
    const now = at(passedMs);
    const live = aLive(now, { probes: this.probes, silentMs });
    const plan = planConditions({ before: this.before, live, isNode: this.isNode, minHealthyMs: 120_000, now });
    this.before = plan.health;
    this.events.push(...plan.notes.map(({ reason }) => reason));
    return plan;
  }

  is(type: string): string {
    const condition = this.before?.conditions.find((c) => c.type === type);
    return `${ConditionStatus[condition?.status ?? 0]} ${condition?.reason ?? ''}`;
  }
}

test('a bad finding counts at once, and clears when its probe has succeeded for two minutes', () => {
  const host = new Host();
  host.probes = [aProbe('DiskPressure', TRUE)];
  host.look(0);
  expect(host.is('DiskPressure')).toBe('TRUE Seen');
  host.probes = [aProbe('DiskPressure', FALSE)];
  expect(host.look(10_000).recheckAtMs).toBeLessThanOrEqual(startMs + 130_000);
  expect(host.is('DiskPressure')).toBe('TRUE Recovering');
  host.look(129_999);
  expect(host.is('DiskPressure')).toBe('TRUE Recovering');
  host.look(130_000);
  expect(host.is('DiskPressure')).toBe('FALSE Seen');
  expect(host.events).toEqual(['DiskPressure', 'DiskPressureCleared']);
});

test('a finding that comes back while it recovers begins anew', () => {
  const host = new Host();
  for (const [passedMs, status] of [
    [0, TRUE],
    [60_000, FALSE],
    [100_000, TRUE],
    [110_000, FALSE],
    [200_000, FALSE],
  ] as const) {
    host.probes = [aProbe('ClockSkew', status)];
    host.look(passedMs);
    expect(host.is('ClockSkew')).toContain('TRUE');
  }
  expect(host.events).toEqual(['ClockSkew']);
});

test('silence heals nothing: what a machine said last stands', () => {
  const host = new Host();
  host.probes = [aProbe('ReadonlyFilesystem', TRUE)];
  host.look(0);
  host.probes = [];
  host.look(3_600_000, 3_600_000);
  expect(host.is('ReadonlyFilesystem')).toBe('TRUE Seen');
  expect(host.is('AgentConnected')).toBe('FALSE Silent');
});

test('what recovers on a machine that falls silent is not looked at in vain: nothing clears until it is heard', () => {
  const host = new Host();
  host.probes = [aProbe('DiskPressure', TRUE)];
  host.look(0);
  host.probes = [aProbe('DiskPressure', FALSE)];
  host.look(10_000);
  const silent = host.look(600_000, 590_000);
  expect(host.is('DiskPressure')).toBe('TRUE Recovering');
  expect(silent.recheckAtMs).toBeUndefined();
});

test('fault 15: an agent in a crash loop is a condition of its machine and nothing else', () => {
  const host = new Host();
  host.isNode = true;
  host.probes = [aProbe('AgentCrashLoop', TRUE, { message: 'started 6 times in 10 min' })];
  expect(host.look(0).notes).toEqual([
    expect.objectContaining({ reason: 'AgentCrashLoop', message: 'started 6 times in 10 min' }),
  ]);
});

test('on a node, what leads to a verdict has its event there', () => {
  const host = new Host();
  host.isNode = true;
  host.probes = [aProbe('KubeletHealthy', FALSE)];
  host.look(0);
  expect(host.is('KubeletHealthy')).toBe('FALSE Seen');
  expect(host.events).toEqual([]);
});

test('looking again changes nothing, though the numbers in a message do', () => {
  const host = new Host();
  host.probes = [aProbe('DiskPressure', TRUE, { message: '91 % full' })];
  const first = host.look(0).health;
  host.probes = [aProbe('DiskPressure', TRUE, { message: '92 % full' })];
  expect(host.look(5_000).health).toEqual(first);
});

test('after our start nothing is said of a machine that was not heard yet', () => {
  const host = new Host();
  host.probes = [aProbe('DiskPressure', TRUE)];
  const known = host.look(0).health;
  const now = at(1_000);
  const live = aLive(now, { lastHeardMs: undefined, watchedSinceMs: startMs });
  const plan = planConditions({ before: known, live, isNode: false, minHealthyMs: 120_000, now });
  expect(plan).toEqual({ health: known, notes: [], recheckAtMs: startMs + 120_000 });
});

test('a host that names a thousand conditions is heard for 64 of them', () => {
  const host = new Host();
  host.probes = Array.from({ length: 1000 }, (_, i) => aProbe(`Made${i}Up`, TRUE));
  expect(host.look(0).health.conditions.length).toBeLessThanOrEqual(65);
});
