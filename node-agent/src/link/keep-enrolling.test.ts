import { FlotillaError, seededRandom, silentLogger, SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { FakeHost } from '../host/fake-host.js';
import { certificateRequest } from '../host/x509.js';
import { Board } from '../work/board.js';
import { FakeAuthority } from './fake-authority.js';
import { EpochFile } from './epoch-file.js';
import { IdentityStore } from './identity.js';
import { keepEnrolling } from './keep-enrolling.js';

const machine = { machineId: 'mch_1', machineName: 'edge-7', project: 'p', cluster: '', pool: '' };

async function setUp(outcomes: readonly (Error | 'done')[], lifeMs = 86_400_000) {
  const host = new FakeHost();
  host.dir('/state');
  const clock = new SimClock();
  const board = new Board(clock);
  const identity = new IdentityStore(host, '/state');
  const authority = await FakeAuthority.create(() => clock.now().wallMs);
  const left = [...outcomes];
  let tries = 0;
  const save = async () => {
    const csr = certificateRequest(await identity.firstTlsKey());
    await identity.saveEnrollment(machine, await authority.machine(csr, 'mch_1', lifeMs), authority.caPem);
  };
  const enroll = async () => {
    tries += 1;
    const outcome = left.shift() ?? 'done';
    if (outcome !== 'done') throw outcome;
    await save();
    host.entries.delete('/token');
    return machine;
  };
  const stop = new AbortController();
  let poke = (): void => undefined;
  const onRetry = (retry: () => void): void => void (poke = retry);
  const run = () =>
    keepEnrolling(
      {
        host,
        clock,
        random: seededRandom(1),
        log: silentLogger,
        board,
        identity,
        tokenFile: '/token',
        enroll,
        onRetry,
      },
      stop.signal,
    );
  return { host, clock, board, run, save, stop, poke: () => poke(), tries: () => tries };
}

/** Lets simulated time pass until the promise is settled. */
async function settle<T>(clock: SimClock, promise: Promise<T>): Promise<T> {
  let open = true;
  const closed = promise.finally(() => (open = false));
  while (open) await clock.advance(60_000);
  return closed;
}

describe('enrolling until it works', () => {
  it('tells each failure with its cure, backs off, and shows the machine at the end', async () => {
    const { clock, board, run, tries } = await setUp([
      new FlotillaError('SERVER_BUSY', 'later', { remedy: 'cure' }),
      new Error('x'),
    ]);
    const states: string[] = [];
    board.onChange(() =>
      states.push(`${board.view('enroll')?.state}:${board.view('enroll')?.problems[0]?.code ?? ''}`),
    );
    expect(await settle(clock, run())).toEqual(machine);
    expect(tries()).toBe(3);
    expect(states).toEqual(expect.arrayContaining(['failed:SERVER_BUSY', 'failed:INTERNAL', 'done:']));
    expect(board.view('enroll')?.progress).toBe('machine mch_1 "edge-7"');
  });

  it('a token that is refused is not shown again until it is another one, or a person says so', async () => {
    const refused = new FlotillaError('TOKEN_REFUSED', 'revoked', { remedy: 'cure' });
    const { host, clock, board, run, tries, poke } = await setUp([refused, refused]);
    host.put('/token', 'old');
    const running = run();
    await clock.advance(3_600_000);
    expect(tries()).toBe(1);
    expect(board.view('enroll')).toMatchObject({
      state: 'parked',
      problems: [{ code: 'TOKEN_REFUSED', remedy: 'cure' }],
    });
    poke();
    await clock.advance(3_600_000);
    expect(tries()).toBe(2);
    host.put('/token', 'new');
    await clock.advance(10_000);
    expect(await running).toEqual(machine);
    expect(tries()).toBe(3);
  });

  it('stops when asked while it waits for a token', async () => {
    const { clock, run, stop } = await setUp([new FlotillaError('TOKEN_REFUSED', 'revoked')]);
    const running = run();
    await clock.advance(60_000);
    stop.abort(new Error('stop'));
    expect(await running).toBeUndefined();
  });

  it('an identity that is there is used, also with a token beside it', async () => {
    const { host, run, save, tries } = await setUp([]);
    await save();
    host.put('/token', 'x');
    expect(await run()).toEqual(machine);
    expect(tries()).toBe(0);
  });

  it('one that has run out is replaced when there is a fresh token', async () => {
    const { host, clock, run, save, tries } = await setUp([], 1_000);
    await save();
    await clock.advance(3_600_000);
    host.put('/token', 'x');
    await settle(clock, run());
    expect(tries()).toBe(1);
  });

  it('stops when asked', async () => {
    const { clock, run, stop } = await setUp(Array.from({ length: 9 }, () => new Error('x')));
    const running = run();
    await clock.advance(1_000);
    stop.abort(new Error('stop'));
    expect(await running).toBeUndefined();
  });
});

describe('the highest epoch', () => {
  it('is on disk when it was raised, never falls, and outranks older ones even while the disk cannot be written', async () => {
    const host = new FakeHost();
    host.dir('/state');
    const epochs = await EpochFile.open(host, '/state/epoch');
    await epochs.raise(7n);
    await epochs.raise(5n);
    expect((await EpochFile.open(host, '/state/epoch')).highest).toBe(7n);
    host.onWrite = () => {
      throw new Error('ENOSPC');
    };
    await expect(epochs.raise(9n)).rejects.toThrow('ENOSPC');
    expect(epochs.highest).toBe(9n);
    expect(host.content('/state/epoch')).toBe('7\n');
    host.onWrite = () => undefined;
    await epochs.raise(8n);
    expect(host.content('/state/epoch')).toBe('9\n');
    host.put('/state/epoch', 'x');
    await expect(EpochFile.open(host, '/state/epoch')).rejects.toMatchObject({ code: 'EPOCH_DAMAGED' });
  });
});
