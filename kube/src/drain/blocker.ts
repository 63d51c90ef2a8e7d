import { formatDuration } from '@flotilla/kit';
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

/** A pod that ends within this long needs no word. */
const longGraceMs = 60_000;
/** What the kubelet may take beyond the grace to say that a pod has ended. */
const overdueAfterMs = 30_000;

/** Undefined while the pod leaves in good order: nothing has to be said about it. */
export function describeBlocker(pod: KubePod, facts: BlockerFacts): DrainBlocker | undefined {
  if (pod.meta.deletingSinceMs !== undefined) return describeLeaving(pod, pod.meta.deletingSinceMs, facts.nowMs);
  const { outcome } = facts;
  if (outcome?.kind === 'blocked') return describeBlocked(pod, outcome, facts);
  if (outcome?.kind === 'misconfigured') return describeMisconfigured(pod, outcome.message, facts);
  return undefined;
}

/**
 * The pod was told to go. Kubernetes writes as the time of deletion the moment at which the grace is over, not the one
 * at which it began.
 */
function describeLeaving(pod: KubePod, graceEndsAtMs: number, nowMs: number): DrainBlocker | undefined {
  const { finalizers } = pod.meta;
  const graceSeconds = pod.meta.deletionGraceSeconds ?? pod.terminationGracePeriodSeconds ?? 30;
  const leftMs = graceEndsAtMs - nowMs;
  if (leftMs > longGraceMs) {
    const message = `${nameOf(pod)} was told to end and may take ${formatDuration(leftMs)} more: its grace period is ${formatDuration(graceSeconds * 1000)}.`;
    const remedy = `Wait, or end it sooner: kubectl delete pod ${kubectlName(pod)} --grace-period=30`;
    return blocker('grace-period', pod, message, remedy, { endsAtMs: graceEndsAtMs });
  }
  if (leftMs > -overdueAfterMs) return undefined;
  const since = formatDuration(-leftMs);
  if (finalizers.length > 0) {
    const message = `${nameOf(pod)} is held by the finalizer ${finalizers.join(', ')} since ${since}: whoever put it there has not removed it.`;
    return blocker(
      'finalizer',
      pod,
      message,
      'Find out why its controller does not finish, and repair that; removing the finalizer by hand may leave something behind.',
    );
  }
  const message = `${nameOf(pod)} should have ended ${since} ago, but the kubelet has not confirmed it.`;
  return blocker(
    'overdue',
    pod,
    message,
    `Look at the kubelet and the container runtime of ${pod.nodeName || 'its node'}.`,
  );
}

function describeBlocked(
  pod: KubePod,
  outcome: EvictionOutcome & { kind: 'blocked' },
  facts: BlockerFacts,
): DrainBlocker {
  // An API server that does not name it refuses because of the only one that fits.
  const fitting = fittingBudgets(pod, facts.budgets ?? []);
  const unnamed =
    /disruption budget/i.test(outcome.message) && fitting.length === 1 ? fitting[0]?.meta.name : undefined;
  const budgetName = outcome.budget ?? unnamed;
  const endsAtMs = outcome.retryAfterMs === undefined ? undefined : facts.nowMs + outcome.retryAfterMs;
  if (budgetName === undefined) {
    const isBudget = /disruption budget/i.test(outcome.message);
    const message = `${nameOf(pod)} could not be evicted: ${sentence(outcome.message)}`;
    return isBudget
      ? blocker('budget', pod, message, budgetRemedy, { budgets: fitting.map(({ meta }) => meta.name) })
      : blocker('throttled', pod, message, 'Wait: the API server asks to be asked less often.', { endsAtMs });
  }
  const budget = (facts.budgets ?? []).find(
    ({ meta }) => meta.name === budgetName && meta.namespace === pod.meta.namespace,
  );
  const message = `${nameOf(pod)} is protected by the disruption budget ${budgetName}${numbersOf(budget)}.`;
  return blocker('budget', pod, message, budgetRemedy, { budgets: [budgetName] });
}

const budgetRemedy =
  'Start more pods of that application or repair the sick ones; else relax the budget, or let an administrator force the drain.';

function numbersOf(budget: KubeDisruptionBudget | undefined): string {
  if (budget === undefined) return '';
  const { healthyNow, healthyWanted, expectedPods } = budget;
  const never = healthyWanted >= expectedPods && expectedPods > 0 ? ', which allows none to leave ever' : '';
  return `: ${healthyNow} of ${expectedPods} pods are healthy and ${healthyWanted} must be${never}`;
}

function describeMisconfigured(pod: KubePod, message: string, facts: BlockerFacts): DrainBlocker {
  const names = fittingBudgets(pod, facts.budgets ?? []).map(({ meta }) => meta.name);
  if (/more than one/i.test(message) || names.length > 1) {
    const which = names.length > 1 ? ` (${names.join(', ')})` : '';
    const text = `${nameOf(pod)} is matched by more than one disruption budget${which}, which Kubernetes cannot evict.`;
    return blocker('overlapping-budgets', pod, text, 'Change the selectors so that one budget matches the pod.', {
      budgets: names,
    });
  }
  const text = `${nameOf(pod)} could not be evicted: ${sentence(message)}`;
  return blocker('refused', pod, text, 'Look at the disruption budgets of its namespace.', { budgets: names });
}

/** Budgets whose whole selector is labels, and the pod has them. Others cannot be judged from here. */
function fittingBudgets(pod: KubePod, budgets: readonly KubeDisruptionBudget[]): readonly KubeDisruptionBudget[] {
  return budgets.filter(({ meta, matchLabels }) => {
    if (meta.namespace !== pod.meta.namespace || matchLabels === undefined) return false;
    return Object.entries(matchLabels).every(([key, value]) => pod.meta.labels[key] === value);
  });
}

function blocker(
  kind: DrainBlocker['kind'],
  pod: KubePod,
  message: string,
  remedy: string,
  more: Partial<Pick<DrainBlocker, 'budgets' | 'endsAtMs'>> = {},
): DrainBlocker {
  return { kind, pod: nameOf(pod), message, remedy, budgets: [], endsAtMs: undefined, ...more };
}

function nameOf({ meta }: KubePod): string {
  return `${meta.namespace}/${meta.name}`;
}

function kubectlName({ meta }: KubePod): string {
  return `-n ${meta.namespace} ${meta.name}`;
}

/** A foreign message, one line, cut short, with a full stop. */
function sentence(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim().slice(0, 300);
  return line === '' ? 'no reason was given.' : /[.!?]$/.test(line) ? line : `${line}.`;
}
