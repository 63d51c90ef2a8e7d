import { jitteredDelayMs, type Clock, type Logger, type Random } from '@flotilla/kit';
import type { Phase } from '../steps/phases.js';
import type { Step, StepContext } from '../steps/step.js';
import { StepProblems, StepWaiting, toStepProblems } from '../steps/step.js';
import type { Board } from './board.js';
import type { Journal } from './journal.js';

const backoff = { delayMsMin: 1_000, delayMsMax: 60_000 };

export type PassResult =
  /** Every step is done. */
  | { readonly kind: 'converged' }
  /** Stop was asked for, or the target changed: derive again. */
  | { readonly kind: 'stopped' }
  /** A step failed, waits, or is parked; look again after the delay, or only when something changes. */
  | { readonly kind: 'held'; readonly lookAgainAfterMs: number | undefined };

export interface RunnerPorts {
  readonly journal: Journal;
  readonly board: Board;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Where one step stands between passes. */
interface Standing {
  failures: number;
  parked: boolean;
}

/**
 * Runs steps in order: check, apply when needed, check again; a journal line before and after each apply. It keeps no
 * plan: each pass starts from what the checks say.
 */
export class Runner {
  readonly #standings = new Map<string, Standing>();

  constructor(private readonly ports: RunnerPorts) {}

  /** A person or a new target asks to try again what was parked. */
  unpark(): void {
    this.#standings.clear();
  }

  get parked(): readonly string[] {
    return [...this.#standings].filter(([, standing]) => standing.parked).map(([name]) => name);
  }

  /** `changed` is asked between steps; a running apply is never cut short by it. */
  async pass(steps: readonly Step[], context: StepContext, changed: () => boolean): Promise<PassResult> {
    for (const [index, step] of steps.entries()) {
      if (context.signal.aborted || changed()) return { kind: 'stopped' };
      const held = await this.#runStep(step, context);
      if (held !== undefined) return held;
      const next = steps[index + 1];
      if (next?.phase !== step.phase) this.#phaseDone(step.phase, steps.slice(0, index + 1));
    }
    return { kind: 'converged' };
  }

  /** Maintenance is no phase of joining: it is done when what was shown of it was one of these steps. */
  #phaseDone(phase: Phase, passed: readonly Step[]): void {
    const { board } = this.ports;
    const shown = board.view('maintenance')?.step;
    if (phase !== 'maintenance' || passed.some(({ name }) => name === shown)) board.done(phase);
  }

  async #runStep(step: Step, context: StepContext): Promise<PassResult | undefined> {
    const { journal, board } = this.ports;
    const key = step.doneKey?.(context);
    if (key !== undefined && journal.doneUnder(step.name, key)) return undefined;
    if (this.#standings.get(step.name)?.parked === true) return { kind: 'held', lookAgainAfterMs: undefined };
    const own = { ...context, progress: (text: string) => board.progress(step.phase, text) };
    try {
      if ((await step.check(own)) === 'done') {
        this.#standings.delete(step.name);
        return undefined;
      }
      board.start(step.phase, step.name);
      await journal.append({ kind: 'step', step: step.name, state: 'started' });
      await this.#apply(step, own);
      await journal.append({ kind: 'step', step: step.name, state: 'done', ...(key === undefined ? {} : { key }) });
      this.#standings.delete(step.name);
      return undefined;
    } catch (error) {
      if (context.signal.aborted) return { kind: 'stopped' };
      return this.#hold(step, error);
    }
  }

  async #apply(step: Step, context: StepContext): Promise<void> {
    const deadline = new AbortController();
    const ended = new AbortController();
    const signal = AbortSignal.any([context.signal, deadline.signal]);
    // Sleeping is given up when the apply ends; the deadline then never fires.
    const timer = this.ports.clock.sleep(step.deadlineMs, ended.signal).then(
      () => deadline.abort(new Error('deadline')),
      () => undefined,
    );
    try {
      await step.apply({ ...context, signal });
    } catch (error) {
      if (!deadline.signal.aborted) throw error;
      throw new StepProblems(
        [
          {
            code: 'STEP_DEADLINE',
            message: `${step.name} did not finish within ${Math.round(step.deadlineMs / 1000)} s and was ended`,
            remedy: 'It is tried again. Look at: journalctl -u flotilla-agent -n 100',
          },
        ],
        'later',
      );
    } finally {
      ended.abort();
      await timer;
    }
    if (step.doneKey === undefined && (await step.check(context)) !== 'done') {
      throw new StepProblems(
        [
          {
            code: 'STEP_WITHOUT_EFFECT',
            message: `${step.name} ran, but the host does not show its effect`,
            remedy: 'It is tried again.',
          },
        ],
        'later',
      );
    }
  }

  async #hold(step: Step, error: unknown): Promise<PassResult> {
    const { board, journal, log, random } = this.ports;
    if (error instanceof StepWaiting) {
      board.wait(step.phase, step.name, error.problem);
      return { kind: 'held', lookAgainAfterMs: error.lookAgainAfterMs };
    }
    const failed = toStepProblems(error);
    const standing = this.#standings.get(step.name) ?? { failures: 0, parked: false };
    standing.failures += 1;
    standing.parked = failed.retry === 'never' || standing.failures >= (step.attemptsMax ?? Number.POSITIVE_INFINITY);
    this.#standings.set(step.name, standing);
    const delayMs = standing.parked
      ? undefined
      : (failed.retryAfterMs ??
        (failed.retry === 'now' ? backoff.delayMsMin : jitteredDelayMs(standing.failures - 1, backoff, random)));
    board.fail(step.phase, step.name, failed.problems, delayMs);
    log.warn(
      { step: step.name, codes: failed.problems.map(({ code }) => code), parked: standing.parked, delayMs, err: error },
      failed.message,
    );
    // The journal may be what failed (a full disk): the host and the board still say the truth.
    await journal
      .append({
        kind: 'step',
        step: step.name,
        state: 'failed',
        note: failed.problems.map(({ code }) => code).join(','),
      })
      .catch((cause: unknown) => log.error({ err: cause }, 'the journal could not be written'));
    return { kind: 'held', lookAgainAfterMs: delayMs };
  }
}
