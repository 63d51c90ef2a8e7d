import { SimClock } from '@flotilla/kit';
import { ConditionStatus, SessionState, type Probe } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { SessionTable } from './table.js';

const probe = (type: string, status = ConditionStatus.TRUE): Probe => ({ type, status, reason: '', message: '' });

function setUp() {
  const clock = new SimClock();
  return { clock, table: new SessionTable(clock, 5000) };
}

describe('the table of sessions', () => {
  it('moves from connected to silent to disconnected as time passes, and back with a heartbeat', async () => {
    const { clock, table } = setUp();
    const entry = table.open('mch_a', '10.0.0.1');
    await clock.advance(15_000);
    expect([table.refresh(entry), entry.state]).toEqual([false, SessionState.CONNECTED]);
    await clock.advance(1000);
    expect([table.refresh(entry), entry.state]).toEqual([true, SessionState.SILENT]);
    table.heard(entry);
    expect([table.refresh(entry), entry.state]).toEqual([true, SessionState.CONNECTED]);
    table.close(entry);
    expect([table.refresh(entry), entry.state]).toEqual([true, SessionState.SILENT]);
    await clock.advance(121_000);
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
    const { clock, table } = setUp();
    expect(table.live('mch_z')).toMatchObject({ connected: false, lastHeardMs: undefined, watchedSinceMs: 0 });
    await clock.advance(60_000);
    expect(table.liveness('mch_z', SessionState.CONNECTED, 5).session).toBe(SessionState.CONNECTED);
    await clock.advance(70_000);
    expect(table.liveness('mch_z', SessionState.CONNECTED, 5)).toEqual({
      session: SessionState.DISCONNECTED,
      lastSeenAtMs: 5,
    });
  });
});
