import { SimClock } from '@flotilla/kit';
import { StepState } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { Board } from './board.js';

describe('the board', () => {
  it('keeps the start of a phase over its steps and counts attempts', async () => {
    const clock = new SimClock();
    const board = new Board(clock);
    board.start('install-runtime', 'a');
    await clock.advance(1_000);
    board.start('install-runtime', 'b');
    expect(board.view('install-runtime')).toMatchObject({ step: 'b', attempt: 1, startMs: clock.now().wallMs - 1_000 });
    board.fail('install-runtime', 'b', [{ code: 'X', message: 'x', remedy: '' }], 5_000);
    expect(board.view('install-runtime')).toMatchObject({ state: 'failed', retryMs: clock.now().wallMs + 5_000 });
    board.start('install-runtime', 'b');
    expect(board.view('install-runtime')).toMatchObject({ state: 'running', attempt: 2, problems: [] });
  });

  it('reports numbered phases in their order, and leaves out what Kubernetes shows', () => {
    const board = new Board(new SimClock());
    board.bootstrapLabel = 'init';
    board.done('ready');
    board.start('bootstrap', 'kubeadm-init');
    board.done('enroll');
    expect(board.reports().map(({ phase, index, total, state }) => [phase, index, total, state])).toEqual([
      ['enroll', 1, 11, StepState.DONE],
      ['init', 8, 11, StepState.RUNNING],
    ]);
  });

  it('tells transitions from progress, and stays silent when nothing moved', () => {
    const board = new Board(new SimClock());
    const heard: boolean[] = [];
    board.onChange((transition) => heard.push(transition));
    board.start('load-images', 'load-images');
    board.progress('load-images', '1 of 2 MB');
    board.progress('load-images', '1 of 2 MB');
    board.done('load-images');
    board.done('load-images');
    expect(heard).toEqual([true, false, true]);
  });
});
