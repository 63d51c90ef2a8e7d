import type { KubernetesWitness, LiveMachine, NodeHealthRecord } from '@flotilla/core';
import { HealthVerdict, type Probe } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import {
  aHealth,
  aLive,
  aProbe,
  at,
  aWitness,
  FALSE,
  gone,
  minuteMs,
  sick,
  someRules,
  startMs,
  TRUE,
} from '../testing/samples.js';
import { planNodeHealth, type Held, type NodeHealthInput, type NodeHealthPlan } from './node-health.js';

const { HEALTHY, KUBELET_SICK, HOST_GONE, MANAGEMENT_LOST } = HealthVerdict;

/** One node over time: each look is given what the look before has left. */
class Patient {
  before: NodeHealthRecord | undefined = aHealth();
  held: Held | undefined;
  live: Partial<LiveMachine> & { silentMs?: number } = {};
  witness: Partial<KubernetesWitness> = {};
  probes: Probe[] = [];
  extra: Partial<NodeHealthInput> = {};
  readonly events: string[] = [];

  look(passedMs: number): NodeHealthPlan {
    const now = at(passedMs);
    const plan = planNodeHealth({
      live: aLive(now, { probes: this.probes, ...this.live }),
      witness: aWitness(now, this.witness),
      ...{ wasReady: true, startsAtMs: 0, waits: false, rules: someRules(), now },
      ...{ before: this.before, held: this.held, hold: '', leftAlone: false },
      ...this.extra,
    });
    this.before = plan.health;
    this.held = plan.held;
    this.events.push(...plan.notes.map(({ reason }) => reason));
    return plan;
  }
}

const kubeletDead = (): Probe[] => [aProbe('KubeletHealthy', FALSE)];

describe('the verdict with its memory', () => {
  test('fault 16: a dead kubelet is due after its timeout, counted from when it was seen', () => {
    const node = new Patient();
    node.probes = kubeletDead();
    const plan = node.look(0);
    expect(plan.health).toMatchObject({ verdict: KUBELET_SICK, reason: 'KubeletUnhealthy', healthySinceMs: undefined });
    expect(plan.dueAtMs).toBe(startMs + minuteMs);
    expect(plan.health.actAtMs).toBe(at(minuteMs).wallMs);
    expect(node.look(59_000).dueAtMs).toBe(startMs + minuteMs);
    expect(node.events).toEqual(['KubeletUnhealthy']);
  });

  test('each cause has its own timeout, and the earliest counts', () => {
    const node = new Patient();
    node.witness = { ready: 'False' };
    expect(node.look(0).dueAtMs).toBe(startMs + 5 * minuteMs);
    node.probes = kubeletDead();
    expect(node.look(2 * minuteMs).dueAtMs).toBe(startMs + 3 * minuteMs);
  });

  test('a recovery counts after two minutes without a finding, and only then', () => {
    const node = new Patient();
    node.probes = kubeletDead();
    node.look(0);
    node.probes = [];
    const recovering = node.look(30_000);
    expect(recovering.health).toMatchObject({
      verdict: KUBELET_SICK,
      healthySinceMs: at(30_000).wallMs,
      actAtMs: undefined,
    });
    expect(recovering.dueAtMs).toBeUndefined();
    expect(recovering.recheckAtMs).toBeLessThanOrEqual(startMs + 150_000);
    expect(node.look(149_999).health.verdict).toBe(KUBELET_SICK);
    expect(node.look(150_000).health.verdict).toBe(HEALTHY);
    expect(node.events).toEqual(['KubeletUnhealthy', 'Healthy']);
  });

  test('fault 18: flapping is one sickness, told once; falls are counted; the wait is not begun anew', () => {
    const node = new Patient();
    for (let i = 0; i < 15; i++) {
      node.probes = i % 2 === 0 ? kubeletDead() : [];
      const plan = node.look(i * 20_000);
      expect(plan.health.verdict).toBe(KUBELET_SICK);
      if (i % 2 === 0) expect(plan.dueAtMs).toBe(startMs + minuteMs);
      else expect(plan.dueAtMs).toBeUndefined();
    }
    expect(node.events).toEqual(['KubeletUnhealthy']);
    expect(node.before?.fallsAtMs).toHaveLength(8);
  });

  test('falls of more than an hour ago are forgotten, and there are never more than 20', () => {
    const node = new Patient();
    for (let i = 0; i < 60; i++) {
      node.probes = i % 2 === 0 ? kubeletDead() : [];
      node.look(i * 20_000);
    }
    expect(node.before?.fallsAtMs).toHaveLength(20);
    node.probes = [];
    node.look(3 * 3_600_000);
    node.look(3 * 3_600_000 + 2 * minuteMs);
    node.probes = kubeletDead();
    node.look(4 * 3_600_000);
    expect(node.before?.fallsAtMs).toHaveLength(1);
  });

  test('fault 22: frozen for 90 s and thawed: silent, gone, healthy again, and never due', () => {
    const node = new Patient();
    node.live = { silentMs: 16_000 };
    expect(node.look(16_000).health.verdict).toBe(MANAGEMENT_LOST);
    node.live = { silentMs: 60_000 };
    node.witness = { leaseSeenMs: startMs };
    const frozen = node.look(60_000);
    expect(frozen.health.verdict).toBe(HOST_GONE);
    expect(frozen.dueAtMs).toBe(startMs + 60_000 + 5 * minuteMs);
    node.live = {};
    node.witness = {};
    expect(node.look(90_000).dueAtMs).toBeUndefined();
    expect(node.look(90_000 + 2 * minuteMs).health.verdict).toBe(HEALTHY);
    expect(node.events).toEqual(['AgentSilent', 'HostGone', 'Healthy']);
  });

  test('after our restart during an outage every wait begins anew, and what was said stands', () => {
    const node = new Patient();
    node.before = gone({ actAtMs: at(-minuteMs).wallMs, sinceMs: at(-10 * minuteMs).wallMs });
    const away = { lastHeardMs: undefined, watchedSinceMs: startMs };
    node.live = away;
    node.witness = { ready: 'Unknown', leaseSeenMs: undefined };
    const first = node.look(1_000);
    expect(first.health.verdict).toBe(HOST_GONE);
    expect(first.dueAtMs).toBeUndefined();
    const judged = node.look(120_000);
    expect(judged.health).toMatchObject({ verdict: HOST_GONE, sinceMs: at(-10 * minuteMs).wallMs });
    expect(judged.dueAtMs).toBe(startMs + 120_000 + 5 * minuteMs);
    expect(node.events).toEqual([]);
  });

  test('nothing is due within the grace after we began to watch, however short the timeout', () => {
    const node = new Patient();
    node.probes = kubeletDead();
    node.live = { watchedSinceMs: startMs - 10_000 };
    expect(node.look(0).dueAtMs).toBe(startMs + 110_000);
  });

  test('a step of our wall clock makes nothing due', () => {
    const node = new Patient();
    node.probes = kubeletDead();
    node.look(0);
    node.extra = { now: { monotonicMs: startMs + 10_000, wallMs: at(0).wallMs + 86_400_000 } };
    expect(node.look(10_000).dueAtMs).toBe(startMs + minuteMs);
  });

  test('a machine that is left alone is judged and never due', () => {
    const node = new Patient();
    node.probes = kubeletDead();
    node.extra = { leftAlone: true, hold: 'Repair is switched off for this machine.' };
    const plan = node.look(0);
    expect(plan).toMatchObject({ dueAtMs: undefined, health: { actAtMs: undefined, hold: node.extra.hold } });
  });

  test('an API server that does not answer is no event of the node, and no fall', () => {
    const node = new Patient();
    node.witness = { known: false };
    expect(node.look(0).health).toMatchObject({ verdict: HealthVerdict.UNKNOWN, fallsAtMs: [] });
    node.witness = {};
    expect(node.look(10_000).health.verdict).toBe(HEALTHY);
    expect(node.events).toEqual([]);
  });

  test('looking again changes nothing', () => {
    const node = new Patient();
    node.probes = kubeletDead();
    const first = node.look(0);
    expect(node.look(1).health).toEqual(first.health);
    expect(node.look(700).health).toEqual(first.health);
  });

  test('a warning that has lasted for days lends its age to no other cause', () => {
    const node = new Patient();
    node.probes = [aProbe('CertificatesExpiring', TRUE)];
    node.look(0);
    node.probes = [...node.probes, ...kubeletDead()];
    const dayMs = 86_400_000;
    // The warning itself is due long since; the dead kubelet alone would not be.
    node.before = sick('CertificatesExpiring');
    expect(node.look(dayMs).held?.causes.get('KubeletUnhealthy')).toBe(startMs + dayMs);
  });
});
