import { StepReport, StepState } from '@flotilla/proto';

/** What the agent does before `init` or `join`. */
export const agentPhases = [
  'preflight',
  'prepare-host',
  'install-runtime',
  'install-kubernetes',
  'load-images',
] as const;
/** What the API server shows. */
const kubernetesPhases = ['register', 'network-ready', 'ready'] as const;

/** The numbered phases of joining, in order. */
export function joinPhases(initialises: boolean): readonly string[] {
  return ['enroll', 'assign', ...agentPhases, initialises ? 'init' : 'join', ...kubernetesPhases];
}

/** The numbered phases of leaving, in order. */
export const leavePhases = ['drain', 'leave', 'unregister'] as const;

export interface PhaseFact {
  readonly phase: string;
  readonly state: StepState;
  readonly progress?: string;
}

/** Reports for all phases in order: those of the agent as they are, numbers put in. */
export function numbered(names: readonly string[], reports: ReadonlyMap<string, StepReport>): StepReport[] {
  return names.map((phase, i) => ({
    ...(reports.get(phase) ?? StepReport.create({ state: StepState.WAITING })),
    phase,
    index: i + 1,
    total: names.length,
  }));
}

/** A report that we make ourselves; times move only when the state does. */
export function stamped(fact: PhaseFact, before: StepReport | undefined, wallMs: number): StepReport {
  const began = before?.startTime;
  const ended = before?.state === StepState.DONE ? before.endTime : undefined;
  const now = new Date(wallMs);
  return StepReport.create({
    phase: fact.phase,
    state: fact.state,
    startTime: fact.state === StepState.WAITING ? undefined : (began ?? now),
    endTime: fact.state === StepState.DONE ? (ended ?? now) : undefined,
    attempt: fact.state === StepState.WAITING ? 0 : 1,
    progress: fact.progress ?? '',
  });
}

/** The phase that is under way: the first that is not done. */
export function currentPhase(phases: readonly StepReport[]): StepReport | undefined {
  return phases.find((p) => p.state !== StepState.DONE);
}

/** The problems of a phase as one sentence with what to do. */
export function problemText(report: StepReport): string {
  if (report.problems.length === 0) return `phase ${report.phase} failed`;
  return report.problems
    .map((p) => `${p.code}: ${p.message}${p.remedy === '' ? '' : ` Do this: ${p.remedy}`}`)
    .join(' ');
}
