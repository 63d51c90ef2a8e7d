import { SessionState } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { deriveSession, judge, sessionChangesAtMs, warningOf, type Liveness } from './health.js';

const { CONNECTED, SILENT, DISCONNECTED } = SessionState;
const live = (over: Partial<Liveness> = {}): Liveness => ({
  connected: true,
  lastHeardMs: 1_000_000,
  watchedSinceMs: 0,
  deadlineMs: 15_000,
  ownStallMs: 0,
  ...over,
});
const at = (monotonicMs: number) => ({ monotonicMs, wallMs: 0 });

describe('session', () => {
  test.each([
    [15_000, CONNECTED],
    [15_001, SILENT],
    [500_000, SILENT],
  ])('a stream that is %d ms quiet', (quietMs, session) => {
    expect(deriveSession(CONNECTED, live(), at(1_000_000 + quietMs))).toBe(session);
  });

  test.each([
    [1, SILENT],
    [120_000, SILENT],
    [120_001, DISCONNECTED],
  ])('a machine without stream for %d ms', (quietMs, session) => {
    expect(deriveSession(CONNECTED, live({ connected: false }), at(1_000_000 + quietMs))).toBe(session);
  });

  test('after our own start a machine keeps what it had until the grace is over', () => {
    const unheard = live({ connected: false, lastHeardMs: undefined, watchedSinceMs: 50_000 });
    expect(deriveSession(CONNECTED, unheard, at(60_000))).toBe(CONNECTED);
    expect(deriveSession(DISCONNECTED, unheard, at(60_000))).toBe(DISCONNECTED);
    expect(deriveSession(CONNECTED, unheard, at(170_001))).toBe(DISCONNECTED);
  });

  test('the next change is known', () => {
    expect(sessionChangesAtMs(live(), at(1_000_000))).toBe(1_015_001);
    expect(sessionChangesAtMs(live(), at(1_020_000))).toBe(1_120_001);
    expect(sessionChangesAtMs(live(), at(2_000_000))).toBeUndefined();
  });
});

describe('two witnesses', () => {
  test.each([
    [CONNECTED, true, 'healthy', ''],
    [CONNECTED, false, 'kubelet-sick', 'KubeletSick'],
    [SILENT, true, 'management-lost', 'ManagementLost'],
    [DISCONNECTED, false, 'host-gone', 'HostGone'],
  ] as const)('session %s, ready %s: %s', (session, ready, health, warning) => {
    expect(judge(session, { known: true, ready })).toBe(health);
    expect(warningOf(session, { known: true, ready })).toBe(warning);
  });

  test('an API server that cannot be asked proves nothing', () => {
    expect(judge(DISCONNECTED, { known: false, ready: false })).toBe('unknown');
  });
});
