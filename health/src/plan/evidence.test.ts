import type { KubernetesWitness, LiveMachine } from '@flotilla/core';
import { HealthVerdict, type Probe } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { aLive, aProbe, at, aWitness, FALSE, minuteMs, someRules, startMs, TRUE } from '../testing/samples.js';
import { actionable, judge, type Evidence, type NodeSight } from './evidence.js';

const { HEALTHY, KUBELET_SICK, MANAGEMENT_LOST, HOST_GONE, STARTING, UNKNOWN } = HealthVerdict;
const now = at(0);

interface Say {
  readonly live?: Partial<LiveMachine> & { readonly silentMs?: number };
  readonly witness?: Partial<KubernetesWitness>;
  readonly probes?: readonly Probe[];
  readonly sight?: Partial<NodeSight>;
}

function judged({ live, witness, probes = [], sight }: Say = {}): Evidence {
  return judge({
    live: aLive(now, { probes, ...live }),
    witness: aWitness(now, witness),
    wasReady: true,
    startsAtMs: 0,
    waits: false,
    rules: someRules(),
    now,
    ...sight,
  });
}

const silent = { silentMs: 20_000 };
const notReady = { ready: 'False', readyReason: 'KubeletNotReady', readyMessage: 'container runtime is down' };
const unheard = { ready: 'Unknown', readyReason: 'NodeStatusUnknown' };

test('two verdicts are a reason to act, and no other', () => {
  expect([...actionable].sort()).toEqual([KUBELET_SICK, HOST_GONE].sort());
});

describe('two witnesses', () => {
  test.each<[string, Say, HealthVerdict, string]>([
    ['both fresh', {}, HEALTHY, ''],
    ['agent fresh, kubelet not Ready', { witness: notReady }, KUBELET_SICK, 'ReadyFalse'],
    ['agent fresh, kubelet not heard', { witness: unheard }, KUBELET_SICK, 'ReadyUnknown'],
    ['agent fresh, Lease stale', { witness: { leaseSeenMs: startMs - 50_001 } }, KUBELET_SICK, 'LeaseStale'],
    ['agent fresh, Node object gone', { witness: { registered: false } }, KUBELET_SICK, 'NodeObjectMissing'],
    ['agent silent, kubelet fresh', { live: silent }, MANAGEMENT_LOST, 'AgentSilent'],
    ['agent silent, kubelet not heard', { live: silent, witness: unheard }, HOST_GONE, 'HostGone'],
    ['agent fresh, API server unknown', { witness: { known: false } }, UNKNOWN, 'ApiServerUnknown'],
    ['agent silent, API server unknown', { live: silent, witness: { known: false } }, UNKNOWN, 'ApiServerUnknown'],
    ['agent silent, Node object gone', { live: silent, witness: { registered: false } }, UNKNOWN, 'NodeObjectMissing'],
    ['a Lease never seen says nothing', { witness: { leaseSeenMs: undefined } }, HEALTHY, ''],
  ])('%s', (_, say, verdict, reason) => {
    expect(judged(say)).toMatchObject({ verdict, reason });
  });

  test('fault 17, fault 31: kubelet up, agent not heard by us: management is lost, and that is no cause to act', () => {
    const seen = judged({ live: silent });
    expect(seen).toMatchObject({ verdict: MANAGEMENT_LOST, causes: [] });
    expect(seen.message).toBe(
      'No heartbeat for 20.0 s; the kubelet is Ready. Its work is running: nothing is done to the node.',
    );
  });

  test('fault 32: reached by us, cut off from the API server: the cause is the network', () => {
    const seen = judged({ witness: unheard, probes: [aProbe('ApiServerReachable', FALSE)] });
    expect(seen).toMatchObject({ verdict: KUBELET_SICK, reason: 'ApiServerUnreachable' });
  });

  test('fault 38: our own stall is added to every deadline', () => {
    const stalled = { silentMs: 70_000, ownStallMs: 60_000 };
    const lease = { leaseSeenMs: startMs - 100_000 };
    expect(judged({ live: stalled, witness: lease }).verdict).toBe(HEALTHY);
    expect(judged({ live: { ...stalled, ownStallMs: 0 }, witness: lease }).verdict).toBe(HOST_GONE);
  });

  test('fault 29: a lossy link has its own deadline', () => {
    expect(judged({ live: { silentMs: 20_000, deadlineMs: 28_000 } }).verdict).toBe(HEALTHY);
  });

  test('fault 26: silence is judged at its deadline, to the millisecond, also after the stream was closed', () => {
    expect(judged({ live: { silentMs: 15_000 } })).toMatchObject({ verdict: HEALTHY, changesAtMs: startMs + 1 });
    expect(judged({ live: { silentMs: 15_001 } }).verdict).toBe(MANAGEMENT_LOST);
    expect(judged({ live: { silentMs: 14_000, connected: false } }).verdict).toBe(HEALTHY);
  });

  test('a Lease can be late only since we can see it', () => {
    const before = { leaseSeenMs: startMs - 600_000, knownSinceMs: startMs - 30_000 };
    expect(judged({ witness: before })).toMatchObject({ verdict: HEALTHY, changesAtMs: startMs + 15_001 });
    expect(judged({ witness: { ...before, knownSinceMs: startMs - 50_001 } }).verdict).toBe(KUBELET_SICK);
  });

  test('not heard since our start: nothing is said within the grace, and silence counts from the start', () => {
    const unheardYet = { lastHeardMs: undefined, watchedSinceMs: startMs - 119_000 };
    expect(judged({ live: unheardYet, witness: unheard })).toMatchObject({
      verdict: undefined,
      changesAtMs: startMs + 1_000,
    });
    expect(judged({ live: { ...unheardYet, watchedSinceMs: startMs - 120_000 }, witness: unheard }).verdict).toBe(
      HOST_GONE,
    );
  });

  test('a warning alone makes a verdict, with its own cause; probes of a silent agent prove nothing', () => {
    expect(judged({ probes: [aProbe('CertificatesExpiring', TRUE)] })).toMatchObject({
      reason: 'CertificatesExpiring',
    });
    expect(judged({ probes: [aProbe('KubeletHealthy', FALSE)], live: silent }).verdict).toBe(MANAGEMENT_LOST);
  });
});

describe('a node that has never been Ready', () => {
  const joining = (passedMs: number, over: Partial<NodeSight> = {}): Partial<NodeSight> => ({
    wasReady: false,
    startsAtMs: now.wallMs - passedMs,
    ...over,
  });
  const absent = { registered: false };

  test('is starting for as long as it may', () => {
    const seen = judged({ sight: joining(9 * minuteMs), witness: absent });
    expect(seen).toMatchObject({ verdict: STARTING, changesAtMs: startMs + minuteMs });
  });

  test.each<[string, Say, HealthVerdict]>([
    ['its agent heard', { witness: absent }, KUBELET_SICK],
    ['its agent silent', { witness: absent, live: silent }, HOST_GONE],
    ['the API server unknown', { witness: { known: false } }, UNKNOWN],
    ['Ready after all', {}, HEALTHY],
    ['waiting for its turn', { witness: absent, sight: { waits: true } }, STARTING],
  ])('after that time, with %s', (_, say, verdict) => {
    expect(judged({ ...say, sight: { ...joining(10 * minuteMs), ...say.sight } }).verdict).toBe(verdict);
  });
});
