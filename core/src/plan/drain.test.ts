import { NodeState } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import type { NodeDrainRecord } from '../domain/records.js';
import { aKubernetesNode, aNodeRecord, aNodeView, aPoolRecord, someNodeFacts } from '../testing/records.js';
import { someNodeStatus } from '../testing/samples.js';
import { drainNotes, planDrain, type DrainOrder } from './drain.js';

const order: DrainOrder = { atMs: 1000, timeoutMs: 60_000, force: false, forceCommand: 'flotilla drain web-1 --force' };
const begun: NodeDrainRecord = {
  podsLeft: 2,
  blocked: [],
  startedAtMs: 1000,
  deadlineAtMs: 61_000,
  parked: false,
  forced: false,
  retry: 0,
  counted: true,
};
const look = (
  wallMs: number,
  over: {
    before?: NodeDrainRecord;
    seen?: { podsLeft: number; blocked?: string[] };
    order?: Partial<DrainOrder>;
    retryCount?: number;
  },
) => {
  const { before, seen, retryCount = 0 } = over;
  const node = aNodeRecord({ retryCount, status: someNodeStatus(NodeState.RUNNING, { drain: before }) });
  const drain = seen === undefined ? undefined : { startedAtMs: 1000, blocked: [], ...seen };
  const facts = someNodeFacts({ now: { wallMs, monotonicMs: wallMs }, drain });
  const view = aNodeView({ node, pool: aPoolRecord({ drainTimeoutMs: 7_200_000 }) });
  const { record, done, reason, message, act } = planDrain(view, facts, aKubernetesNode(), { ...order, ...over.order });
  return { record, done, reason, message, mode: act.kind === 'drain' ? act.mode : '' };
};

describe('a drain', () => {
  test('asks, counts, names what blocks, and is done when nothing is left', () => {
    expect(look(1000, {})).toMatchObject({ done: false, reason: 'Draining', mode: 'ask', record: { counted: false } });
    const blocked = ['default/web-1 is protected by the disruption budget web.'];
    expect(look(5000, { before: begun, seen: { podsLeft: 1, blocked } })).toMatchObject({
      done: false,
      message: '1 pod must leave the node. Blocked: default/web-1 is protected by the disruption budget web.',
      record: { podsLeft: 1, blocked, startedAtMs: 1000, deadlineAtMs: 61_000 },
    });
    expect(look(5000, { before: begun, seen: { podsLeft: 0 } })).toMatchObject({ done: true, reason: 'Drained' });
  });

  test('is parked at its deadline, forces nothing, and says what a person can do', () => {
    const parked = look(61_000, { before: begun, seen: { podsLeft: 2, blocked: ['x.'] } });
    expect(parked).toMatchObject({ reason: 'DrainParked', mode: 'watch', record: { parked: true, forced: false } });
    expect(parked.message).toBe(
      'After 60s 2 pods must still leave; nothing is forced. Blocked: x. Cure what blocks and run: flotilla retry node web-1; or let an Admin run: flotilla drain web-1 --force',
    );
    expect(look(62_000, { before: { ...begun, parked: true }, seen: { podsLeft: 0 } }).done).toBe(true);
  });

  test('begins anew when it is retried, or ordered anew', () => {
    const parked = { ...begun, parked: true };
    expect(look(90_000, { before: parked, retryCount: 1 }).record).toMatchObject({
      startedAtMs: 90_000,
      parked: false,
    });
    expect(look(90_000, { before: parked, order: { atMs: 80_000 } }).record).toMatchObject({ startedAtMs: 90_000 });
  });

  test('does not take a round of an earlier drain for its own', () => {
    expect(look(90_000, { before: begun, seen: { podsLeft: 0 }, retryCount: 1 })).toMatchObject({
      done: false,
      record: { counted: false },
    });
  });

  test('is forced only after its time, and only when that was asked for', () => {
    expect(look(60_000, { before: begun, seen: { podsLeft: 1 }, order: { force: true } }).mode).toBe('ask');
    const forced = look(61_000, { before: begun, seen: { podsLeft: 1 }, order: { force: true } });
    expect(forced).toMatchObject({ mode: 'force', reason: 'ForcingDrain', record: { forced: true, parked: false } });
  });

  test('has the time of the pool when none was given', () => {
    expect(look(1000, { order: { timeoutMs: undefined } }).record.deadlineAtMs).toBe(7_201_000);
  });

  test('is an event when it is parked, once', () => {
    const status = (drain: NodeDrainRecord) => someNodeStatus(NodeState.DELETING, { drain, reason: 'DrainParked' });
    const [before, after] = [status(begun), status({ ...begun, parked: true })];
    expect(drainNotes(before, after).map((n) => n.reason)).toEqual(['DrainParked']);
    expect(drainNotes(after, after)).toEqual([]);
  });
});
