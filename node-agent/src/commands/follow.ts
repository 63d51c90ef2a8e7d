import type { AgentStatus, PhaseStatus } from '../observe/status-file.js';

export type FollowVerdict =
  | { readonly kind: 'going-on' }
  | { readonly kind: 'joined' }
  | { readonly kind: 'spare' }
  | { readonly kind: 'failed'; readonly phase: PhaseStatus };

/** Troubles of enrolment that pass by themselves; all others want a person. */
const passing = ['SERVER_UNREACHABLE', 'SERVER_BUSY', 'PROXY_FAILED'];

/** Whether following is over. Decided from the status alone. */
export function verdictOf(status: AgentStatus): FollowVerdict {
  const stuck = status.phases.find(isStuck);
  if (stuck !== undefined) return { kind: 'failed', phase: stuck };
  const state = (name: string): string | undefined => status.phases.find(({ phase }) => phase === name)?.state;
  if (state('ready') === 'done') return { kind: 'joined' };
  const unclaimed = status.phases.find(({ phase }) => phase === 'assign')?.problems[0]?.code === 'SPARE';
  if (unclaimed && status.wantedPool === '') return { kind: 'spare' };
  return { kind: 'going-on' };
}

function isStuck(phase: PhaseStatus): boolean {
  if (phase.state === 'parked') return true;
  if (phase.state !== 'failed') return false;
  if (phase.phase === 'preflight') return true;
  return phase.phase === 'enroll' && phase.problems.some(({ code }) => !passing.includes(code));
}

/** Phases that have come to an end since `before`, in order: what a pipe gets, a line each. */
export function newlyEnded(before: readonly PhaseStatus[], now: readonly PhaseStatus[]): readonly PhaseStatus[] {
  const ended = (phase: PhaseStatus): boolean => ['done', 'failed', 'parked'].includes(phase.state);
  return now.filter((phase) => {
    const earlier = before.find((candidate) => candidate.phase === phase.phase);
    return ended(phase) && (earlier?.state !== phase.state || earlier.endMs !== phase.endMs);
  });
}

/** What a person who follows has been told of failures: each once, however often it is tried again. */
export class FailuresTold {
  readonly #told = new Set<string>();
  #unexplained: PhaseStatus[] = [];
  #last: PhaseStatus | undefined;

  /** Whether a phase that ended is worth a line: all but a failure that was told before. */
  isNews(phase: PhaseStatus): boolean {
    if (phase.state === 'done') {
      if (this.#last?.phase === phase.phase) this.#last = undefined;
      return true;
    }
    this.#last = phase;
    // Numbers change from one try to the next (ports, times, counts); the trouble is the same.
    const key = JSON.stringify([
      phase.phase,
      phase.state,
      phase.problems.map(({ code, message }) => [code, message.replaceAll(/\d+/g, '#')]),
    ]);
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    this.#unexplained.push(phase);
    return true;
  }

  /** Failures since the last call whose reason has not been printed. */
  takeUnexplained(): readonly PhaseStatus[] {
    const taken = this.#unexplained;
    this.#unexplained = [];
    return taken;
  }

  /** The newest failure of a phase that has not got through since. */
  get last(): PhaseStatus | undefined {
    return this.#last;
  }
}
