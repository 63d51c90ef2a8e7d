import { seededRandom, silentLogger, FlotillaError, SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { FakeHost } from '../host/fake-host.js';
import { StepProblems, type Check, type Step, type StepContext } from '../steps/step.js';
import { Board } from './board.js';
import { Journal } from './journal.js';
import { Runner } from './runner.js';
import { containing } from '../fake-match.js';

async function setUp() {
  const clock = new SimClock();
  const journal = await Journal.open(new FakeHost(), '/journal', clock);
  const board = new Board(clock);
  const runner = new Runner({ journal, board, clock, random: seededRandom(1), log: silentLogger });
  const stop = new AbortController();
  // Steps of these tests look at nothing but the signal.
  const context = { signal: stop.signal } as StepContext;
  const pass = (steps: readonly Step[], changed = () => false) => runner.pass(steps, context, changed);
  return { clock, board, runner, pass, stop };
}

function step(more: Partial<Step> & { readonly states?: Check[] } = {}): Step {
  const states = more.states ?? ['needed', 'done'];
  return {
    name: 'a-step',
    phase: 'prepare-host',
    deadlineMs: 1_000,
    check: () => Promise.resolve(states.length > 1 ? (states.shift() ?? 'done') : (states[0] ?? 'done')),
    apply: () => Promise.resolve(),
    ...more,
  };
}

describe('running steps', () => {
  it('success is what the check says afterwards, not that apply returned', async () => {
    const { pass, board } = await setUp();
    expect(await pass([step({ states: ['needed'] })])).toMatchObject({ kind: 'held' });
    expect(board.view('prepare-host')).toMatchObject({ state: 'failed', problems: [{ code: 'STEP_WITHOUT_EFFECT' }] });
    expect(await pass([step()])).toEqual({ kind: 'converged' });
    expect(board.view('prepare-host')).toMatchObject({ state: 'done', problems: [] });
  });

  it('a step that is done is not applied', async () => {
    const { pass } = await setUp();
    const apply = () => Promise.reject(new Error('must not run'));
    expect(await pass([step({ states: ['done'], apply })])).toEqual({ kind: 'converged' });
  });

  it('fault 4: one that hangs is ended at its deadline, and the others do not run', async () => {
    const { pass, board, clock } = await setUp();
    let ended = false;
    const hang = step({
      apply: ({ signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            ended = true;
            reject(new Error('killed'));
          }),
        ),
    });
    const result = pass([hang, step({ name: 'next', apply: () => Promise.reject(new Error('must not run')) })]);
    await clock.waitForSleepers(1);
    await clock.advance(1_000);
    expect(await result).toMatchObject({ kind: 'held' });
    expect(ended).toBe(true);
    expect(board.view('prepare-host')?.problems[0]).toMatchObject({
      code: 'STEP_DEADLINE',
      message: containing('1 s'),
    });
    expect(clock.sleeping).toBe(0);
  });

  it('tells all problems at once, each with its cure', async () => {
    const { pass, board } = await setUp();
    const problems = ['A', 'B'].map((code) => ({ code, message: `${code} is wrong`, remedy: `cure ${code}` }));
    const result = await pass([step({ apply: () => Promise.reject(new StepProblems(problems, 'later', 60_000)) })]);
    expect(result).toEqual({ kind: 'held', lookAgainAfterMs: 60_000 });
    expect(board.view('prepare-host')).toMatchObject({ state: 'failed', problems });
  });

  it('waits longer after each failure, never above a minute', async () => {
    const { pass } = await setUp();
    const delays: number[] = [];
    for (let attempt = 0; attempt < 30; attempt++) {
      const result = await pass([
        step({ apply: () => Promise.reject(new FlotillaError('X', 'x', { retry: 'later' })) }),
      ]);
      delays.push(result.kind === 'held' ? (result.lookAgainAfterMs ?? -1) : -1);
    }
    expect(delays[0]).toBeLessThanOrEqual(1_000);
    expect(Math.max(...delays)).toBeGreaterThan(10_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(60_000);
    expect(Math.min(...delays)).toBeGreaterThan(0);
  });

  it('parks what trying again cannot help, until somebody asks', async () => {
    const { pass, board, runner } = await setUp();
    let runs = 0;
    const broken = step({
      apply: () => {
        runs += 1;
        return Promise.reject(new FlotillaError('X', 'x', { retry: 'never' }));
      },
    });
    expect(await pass([broken])).toEqual({ kind: 'held', lookAgainAfterMs: undefined });
    expect(board.view('prepare-host')).toMatchObject({ state: 'parked', retryMs: undefined });
    await pass([broken]);
    expect(runs).toBe(1);
    runner.unpark();
    await pass([step({ apply: (context) => broken.apply(context) })]);
    expect(runs).toBe(2);
  });

  it('parks after its number of tries; success in between starts the count anew', async () => {
    const { pass, runner } = await setUp();
    const failing = (): Step => step({ attemptsMax: 2, apply: () => Promise.reject(new Error('no')) });
    await pass([failing()]);
    await pass([step()]);
    await pass([failing()]);
    expect(runner.parked).toEqual([]);
    await pass([failing()]);
    expect(runner.parked).toEqual(['a-step']);
  });

  it('a changed target is looked at between steps, never within one', async () => {
    const { pass } = await setUp();
    let changed = false;
    const first = step({ apply: () => Promise.resolve(void (changed = true)) });
    const second = step({ name: 'second', apply: () => Promise.reject(new Error('must not run')) });
    expect(await pass([first, second], () => changed)).toEqual({ kind: 'stopped' });
  });
});
