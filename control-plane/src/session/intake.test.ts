import type { Change } from '@flotilla/core';
import { FlotillaError, silentLogger, SimClock } from '@flotilla/kit';
import { EventSeverity, ObservedState, SessionState } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { Intake } from './intake.js';

const observe = (machineId: string, bootId: string): Extract<Change, { kind: 'machine.observe' }> => ({
  kind: 'machine.observe',
  machineId,
  observed: ObservedState.create({ bootId }),
});

/** A store that fails as told: once per entry of `failures`, in order. */
function setUp(failures: (FlotillaError | undefined)[] = []) {
  const clock = new SimClock();
  const commits: Change[][] = [];
  const store = {
    commit: async (changes: readonly Change[]) => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      commits.push([...changes]);
      return { revision: 0, versions: {}, replayed: undefined };
    },
  };
  return { clock, commits, intake: new Intake({ store, clock, log: silentLogger }) };
}

describe('the intake', () => {
  it('keeps the newest of each kind and machine, and commits in batches', async () => {
    const { intake, commits } = setUp();
    for (let i = 0; i < 1000; i++) intake.put(observe('mch_a', `boot-${i}`));
    for (let i = 0; i < 300; i++) intake.put(observe(`mch_${i}`, 'x'));
    expect(intake.waiting).toBe(301);
    expect(await intake.flush()).toBe(true);
    expect(commits.map((changes) => changes.length)).toEqual([256, 45]);
    expect(commits[0]?.[0]).toMatchObject({ machineId: 'mch_a', observed: { bootId: 'boot-999' } });
  });

  it('fault-43: holds what a full disk cannot take, newest last, and goes on when there is room', async () => {
    const full = new FlotillaError('STORE_FULL', 'the disk is full', { kind: 'exhausted', retry: 'later' });
    const { intake, commits } = setUp([full]);
    intake.put(observe('mch_a', 'old'));
    intake.event({
      resourceKind: 'machine',
      resourceId: 'mch_a',
      severity: EventSeverity.NORMAL,
      category: 'Session',
      reason: 'R',
      message: '',
    });
    expect(await intake.flush()).toBe(false);
    intake.put(observe('mch_a', 'new'));
    expect(await intake.flush()).toBe(true);
    expect(commits).toHaveLength(1);
    expect(commits[0]?.map(({ kind }) => kind)).toEqual(['machine.observe', 'event.append']);
    expect(commits[0]?.[0]).toMatchObject({ observed: { bootId: 'new' } });
  });

  it('loses one bad change, not its neighbours', async () => {
    const gone = new FlotillaError('NOT_FOUND', 'no such machine', { kind: 'not-found' });
    const { intake, commits } = setUp([gone, gone]);
    intake.put(observe('mch_gone', 'x'));
    intake.put(observe('mch_b', 'y'));
    expect(await intake.flush()).toBe(true);
    expect(commits.flat()).toEqual([expect.objectContaining({ machineId: 'mch_b' })]);
  });

  it('commits what is left when it is stopped', async () => {
    const { intake, commits, clock } = setUp();
    const stop = new AbortController();
    const running = intake.run(stop.signal);
    intake.put({
      kind: 'machine.presence',
      machineId: 'mch_a',
      session: SessionState.CONNECTED,
      lastSeenAtMs: 1,
      remoteAddress: '',
    });
    await clock.waitForSleepers(1);
    await clock.advance(10);
    expect(commits).toHaveLength(1);
    intake.put(observe('mch_a', 'last'));
    stop.abort(new Error('over'));
    await running;
    expect(commits).toHaveLength(2);
  });
});
