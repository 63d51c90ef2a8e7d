import type { Clock } from '@flotilla/kit';
import { StepReport, StepState, type Problem } from '@flotilla/proto';
import { joinPhases, phaseIndex, phasesTotal, type Phase } from '../steps/phases.js';

export type PhaseState = 'waiting' | 'running' | 'done' | 'failed' | 'parked';

export interface PhaseView {
  readonly phase: Phase;
  /** As shown: init or join instead of bootstrap. */
  readonly label: string;
  readonly step: string;
  readonly state: PhaseState;
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  readonly attempt: number;
  readonly problems: readonly Problem[];
  readonly progress: string;
  readonly retryMs: number | undefined;
}

/** What the phases look like now; the one place the terminal, the report and the status file read from. */
export class Board {
  readonly #phases = new Map<Phase, PhaseView>();
  readonly #listeners = new Set<(transition: boolean) => void>();
  #bootstrapLabel = 'join';

  constructor(private readonly clock: Clock) {}

  /** `transition` is false when only progress text moved. */
  onChange(listener: (transition: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set bootstrapLabel(label: 'init' | 'join') {
    this.#bootstrapLabel = label;
  }

  view(phase: Phase): PhaseView | undefined {
    return this.#phases.get(phase);
  }

  start(phase: Phase, step: string): void {
    const before = this.#phases.get(phase);
    // A later step of a running phase keeps the phase's start.
    const goesOn = before?.state === 'running';
    this.#put(phase, {
      step,
      state: 'running',
      startMs: goesOn ? before.startMs : this.#now(),
      endMs: undefined,
      attempt:
        before === undefined
          ? 1
          : before.state === 'failed' || before.state === 'parked'
            ? before.attempt + 1
            : before.attempt,
      problems: [],
      progress: '',
      retryMs: undefined,
    });
  }

  progress(phase: Phase, text: string): void {
    const before = this.#phases.get(phase);
    if (before === undefined || before.progress === text) return;
    this.#phases.set(phase, { ...before, progress: text });
    for (const listener of this.#listeners) listener(false);
  }

  done(phase: Phase): void {
    const before = this.#phases.get(phase);
    if (before?.state === 'done') return;
    this.#put(phase, {
      state: 'done',
      startMs: before?.startMs ?? this.#now(),
      endMs: this.#now(),
      problems: [],
      retryMs: undefined,
    });
  }

  fail(phase: Phase, step: string, problems: readonly Problem[], retryInMs: number | undefined): void {
    this.#put(phase, {
      step,
      state: retryInMs === undefined ? 'parked' : 'failed',
      endMs: this.#now(),
      problems: [...problems],
      progress: '',
      retryMs: retryInMs === undefined ? undefined : this.#now() + retryInMs,
    });
  }

  /** What an act of a nonce could not do: shown, but nothing tries it again by itself. */
  failAct(act: string, problem: Problem): void {
    this.#put('maintenance', { step: act, state: 'failed', endMs: this.#now(), problems: [problem], progress: '' });
  }

  wait(phase: Phase, step: string, problem: Problem): void {
    const before = this.#phases.get(phase);
    if (before?.state === 'waiting' && before.problems[0]?.code === problem.code) return;
    this.#put(phase, {
      step,
      state: 'waiting',
      startMs: before?.startMs ?? this.#now(),
      endMs: undefined,
      problems: [problem],
    });
  }

  /** Text shown beside a phase that is done, for example the machine's name. */
  note(phase: Phase, text: string): void {
    const before = this.#phases.get(phase);
    if (before?.progress !== text) this.#put(phase, { progress: text });
  }

  /** Forgets phases whose outcome no longer holds. */
  clear(...phases: readonly Phase[]): void {
    const had = phases.filter((phase) => this.#phases.delete(phase));
    if (had.length > 0) for (const listener of this.#listeners) listener(true);
  }

  /** Something beside the phases changed that listeners report, for example a nonce. */
  announce(): void {
    for (const listener of this.#listeners) listener(true);
  }

  get phases(): readonly PhaseView[] {
    const order: readonly Phase[] = [...joinPhases, 'maintenance', 'leave'];
    return order.flatMap((phase) => this.#phases.get(phase) ?? []);
  }

  /** As the control plane hears it; what it derives from Kubernetes itself is left out. */
  reports(): StepReport[] {
    return this.phases
      .filter(({ phase }) => !['register', 'network-ready', 'ready'].includes(phase))
      .map((view) =>
        StepReport.create({
          phase: view.label,
          step: view.step,
          state: states[view.state],
          index: phaseIndex(view.phase),
          total: phasesTotal,
          startTime: toDate(view.startMs),
          endTime: toDate(view.endMs),
          attempt: view.attempt,
          problems: [...view.problems],
          progress: view.progress,
          retryTime: toDate(view.retryMs),
        }),
      );
  }

  #put(phase: Phase, part: Partial<PhaseView>): void {
    const before = this.#phases.get(phase);
    const label = phase === 'bootstrap' ? this.#bootstrapLabel : phase;
    this.#phases.set(phase, { ...(before ?? blank), ...part, phase, label });
    for (const listener of this.#listeners) listener(true);
  }

  #now(): number {
    return this.clock.now().wallMs;
  }
}

const blank: Omit<PhaseView, 'phase' | 'label'> = {
  step: '',
  state: 'waiting',
  startMs: undefined,
  endMs: undefined,
  attempt: 1,
  problems: [],
  progress: '',
  retryMs: undefined,
};

const states: Readonly<Record<PhaseState, StepState>> = {
  waiting: StepState.WAITING,
  running: StepState.RUNNING,
  done: StepState.DONE,
  failed: StepState.FAILED,
  parked: StepState.PARKED,
};

function toDate(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}
