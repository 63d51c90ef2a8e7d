import { describe, expect, test } from 'vitest';
import { aLive, at, aWitness, startMs } from '../testing/samples.js';
import { graceEndsAtMs, hearAgent, hearKubelet } from './witness.js';

const now = at(0);

describe('the agent', () => {
  test('is fresh until its deadline and says when that is', () => {
    expect(hearAgent(aLive(now, { silentMs: 5_000 }), now)).toMatchObject({
      state: 'fresh',
      changesAtMs: startMs + 10_001,
    });
    expect(hearAgent(aLive(now, { silentMs: 15_400 }), now)).toMatchObject({
      state: 'silent',
      message: 'no heartbeat for 15.4 s',
    });
  });

  test("our own stall is nobody's silence", () => {
    expect(hearAgent(aLive(now, { silentMs: 74_000, ownStallMs: 60_000 }), now).state).toBe('fresh');
    expect(hearAgent(aLive(now, { silentMs: 75_001, ownStallMs: 60_000 }), now).state).toBe('silent');
  });

  test('that was not heard before we began to watch is silent from that time', () => {
    const live = aLive(now, { lastHeardMs: startMs - 500_000, watchedSinceMs: startMs - 10_000 });
    expect(hearAgent(live, now)).toMatchObject({ state: 'fresh', silentSinceMs: startMs - 10_000 });
  });

  test.each([
    [5_000, 120_000],
    [60_000, 180_000],
  ])('at an interval of %d ms our grace is %d ms', (heartbeatIntervalMs, graceMs) => {
    expect(graceEndsAtMs({ watchedSinceMs: 7, heartbeatIntervalMs })).toBe(7 + graceMs);
  });
});

describe('the kubelet', () => {
  test.each([
    ['no condition yet', { ready: '' }, 'ReadyUnknown'],
    ['False', { ready: 'False' }, 'ReadyFalse'],
    ['Unknown', { ready: 'Unknown' }, 'ReadyUnknown'],
    ['a status that is new to us', { ready: 'Maybe' }, 'ReadyUnknown'],
  ])('%s', (_, over, reason) => {
    expect(hearKubelet(aWitness(now, over), 0, now)).toMatchObject({ state: 'sick', reason });
  });

  test('without a watch that is live nothing is believed of what was seen before', () => {
    const before = aWitness(now, { known: false, ready: 'False', registered: false });
    expect(hearKubelet(before, 0, now)).toMatchObject({ state: 'unknown', reason: 'ApiServerUnknown' });
    expect(hearKubelet(aWitness(now, { known: false }), 0, now).state).toBe('unknown');
  });

  test('a Lease that was renewed before our watch began is late 50 s after that beginning', () => {
    const witness = aWitness(now, { leaseSeenMs: startMs - 600_000, knownSinceMs: startMs - 50_000 });
    expect(hearKubelet(witness, 0, now).state).toBe('fresh');
    expect(hearKubelet({ ...witness, knownSinceMs: startMs - 50_001 }, 0, now).state).toBe('sick');
  });

  test('says why in its own words', () => {
    const witness = aWitness(now, {
      ready: 'False',
      readyReason: 'KubeletNotReady',
      readyMessage: 'PLEG is not healthy',
    });
    expect(hearKubelet(witness, 0, now).message).toBe(
      'the kubelet is not Ready (KubeletNotReady: PLEG is not healthy)',
    );
  });

  test('is late 50 s after its Lease, and our stall is added', () => {
    const witness = aWitness(now, { leaseSeenMs: startMs - 60_000 });
    expect(hearKubelet(witness, 0, now)).toMatchObject({ state: 'sick', reason: 'LeaseStale' });
    expect(hearKubelet(witness, 10_000, now)).toMatchObject({ state: 'fresh', changesAtMs: startMs + 1 });
  });
});
