import { SimClock } from '@flotilla/kit';
import { ConditionStatus, SessionState, type Probe } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { StallMeter } from '@flotilla/health';
import { SessionTable } from './table.js';

const probe = (type: string, status = ConditionStatus.TRUE): Probe => ({ type, status, reason: '', message: '' });

function setUp() {
  const clock = new SimClock();
  const stalls = new StallMeter(1000, 0);
  /** Time passes while our own process runs. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1000) {
      await clock.advance(Math.min(1000, left));
      stalls.tick(clock.now().monotonicMs);
    }
  };
  return { clock, pass, table: new SessionTable(clock, 5000, stalls) };
}

describe('the table of sessions', () => {
  it('moves from connected to silent to disconnected as time passes, and back with a heartbeat', async () => {
    const { pass, table } = setUp();
    const entry = table.open('mch_a', '10.0.0.1');
    await pass(15_000);
    expect([table.refresh(entry), entry.state]).toEqual([false, SessionState.CONNECTED]);
    await pass(1000);
    expect([table.refresh(entry), entry.state]).toEqual([true, SessionState.SILENT]);
    table.heard(entry);
    expect([table.refresh(entry), entry.state]).toEqual([true, SessionState.CONNECTED]);
    table.close(entry);
    expect([table.refresh(entry), entry.state]).toEqual([true, SessionState.SILENT]);
    await pass(121_000);
    expect([table.refresh(entry), entry.state]).toEqual([true, SessionState.DISCONNECTED]);
  });

  it('counts each machine once, however often it reconnects', () => {
    const { table } = setUp();
    const old = table.open('mch_a', 'x');
    const fresh = table.open('mch_a', 'y');
    expect(table.connected).toBe(1);
    expect(table.close(old)).toBe(false);
    expect(table.close(fresh)).toBe(true);
    expect(table.connected).toBe(0);
  });

  it('takes changes of probes in, and the whole of the first heartbeat', () => {
    const { table } = setUp();
    const entry = table.open('mch_a', 'x');
    expect(table.probes(entry, [probe('A'), probe('B')], true)).toBe(true);
    expect(table.probes(entry, [probe('A')], false)).toBe(false);
    expect(table.probes(entry, [probe('A', ConditionStatus.FALSE)], false)).toBe(true);
    expect(table.live('mch_a').probes.map(({ type, status }) => `${type} ${status}`)).toEqual(['A 2', 'B 1']);
    expect(table.probes(entry, [probe('A', ConditionStatus.FALSE)], true)).toBe(true);
    expect(table.live('mch_a').probes).toHaveLength(1);
  });

  it('has no opinion on machines it never heard until it could have', async () => {
    const { pass, table } = setUp();
    expect(table.live('mch_z')).toMatchObject({ connected: false, lastHeardMs: undefined, watchedSinceMs: 0 });
    await pass(60_000);
    expect(table.liveness('mch_z', SessionState.CONNECTED, 5).session).toBe(SessionState.CONNECTED);
    await pass(70_000);
    expect(table.liveness('mch_z', SessionState.CONNECTED, 5)).toEqual({
      session: SessionState.DISCONNECTED,
      lastSeenAtMs: 5,
    });
  });

  it('does not blame a machine for the time in which we stood still ourselves', async () => {
    const { clock, table } = setUp();
    const entry = table.open('mch_a', 'x');
    // No tick meanwhile: the process was suspended.
    await clock.advance(60_000);
    expect(table.live('mch_a')).toMatchObject({ deadlineMs: 15_000, ownStallMs: 59_000 });
    expect([table.refresh(entry), entry.state]).toEqual([false, SessionState.CONNECTED]);
  });

  it('waits longer on a link that has shown jitter', async () => {
    const { pass, table } = setUp();
    const entry = table.open('mch_a', 'x');
    for (const gapMs of [2000, 9000, 1000, 12_000, 3000, 8000]) {
      await pass(gapMs);
      table.beat(entry);
    }
    expect(table.live('mch_a').deadlineMs).toBeGreaterThan(15_000);
    expect(table.live('mch_a').deadlineMs).toBeLessThanOrEqual(40_000);
    // A new stream may come another way.
    table.open('mch_a', 'y');
    expect(table.live('mch_a').deadlineMs).toBe(15_000);
  });

  it('knows how many of the fleet were heard, and how many were lost lately', async () => {
    const { pass, table } = setUp();
    const [a, b] = [table.open('mch_a', 'x'), table.open('mch_b', 'x')];
    expect(table.fleet()).toEqual({ heard: 2, lost: 0 });
    await pass(20_000);
    table.heard(a);
    expect(table.fleet()).toEqual({ heard: 1, lost: 1 });
    table.close(b);
    table.forget(b);
    expect(table.fleet()).toEqual({ heard: 1, lost: 1 });
    await pass(600_000);
    table.heard(a);
    expect(table.fleet()).toEqual({ heard: 1, lost: 0 });
  });
});
