import type { EvictionOutcome } from '../contract.js';
import type { KubeDisruptionBudget, KubePod } from '../objects.js';

/** Why one pod does not leave its node. */
export interface DrainBlocker {
  readonly kind: 'budget' | 'overlapping-budgets' | 'throttled' | 'refused' | 'finalizer' | 'grace-period' | 'overdue';
  /** `namespace/name` */
  readonly pod: string;
  /** Names of the budgets that hold it, as far as they are known. */
  readonly budgets: readonly string[];
  /** One sentence: pod, budget, numbers. */
  readonly message: string;
  /** What a person can do. */
  readonly remedy: string;
  /** When it ends by itself, wall milliseconds, when that is known. */
  readonly endsAtMs: number | undefined;
}

export interface BlockerFacts {
  /** What the last eviction was answered; undefined when none was asked for in this round. */
  readonly outcome?: EvictionOutcome;
  /** Budgets of the pod's namespace, when they were read: they name the numbers. */
  readonly budgets?: readonly KubeDisruptionBudget[];
  readonly nowMs: number;
}

/** Undefined while the pod leaves in good order: nothing has to be said about it. */
export function describeBlocker(_pod: KubePod, _facts: BlockerFacts): DrainBlocker | undefined {
  return undefined;
}
