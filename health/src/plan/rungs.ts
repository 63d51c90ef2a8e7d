import type { RungResultRecord } from '@flotilla/core';
import { formatDuration } from '@flotilla/kit';
import { HealthVerdict, RepairRung } from '@flotilla/proto';
import { causeRule, disruptiveRungs, outOfClusterRungs } from './causes.js';
import type { HealthRules } from './policy.js';

const { REBOOT, REPLACE, ASK } = RepairRung;

/** Replacements in a row that did not make the pool healthy, after which we stop. */
export const replaceTriesMax = 3;
/** After the first; doubled after each further one. */
const replaceBackoffMs = 10 * 60_000;
/** How long a machine that nobody hears may still write to its volumes. */
export const volumeSafeMs = 180_000;

/** What the choice of a rung looks at. Times are monotonic unless they say wall. */
export interface RungSight {
  readonly verdict: HealthVerdict;
  readonly reason: string;
  readonly rules: HealthRules;
  readonly kubeletReady: boolean;
  readonly controlPlane: ControlPlaneSight | undefined;
  /** Other nodes of the pool that are out of service because of us. */
  readonly othersDisrupted: number;
  readonly budget: number;
  /** Spares that fit the pool; undefined = the pool is open, nobody takes a place in it. */
  readonly spares: number | undefined;
  /** Replacements of this pool that have not made it healthy yet. */
  readonly replacements: { readonly tries: number; readonly lastAtWallMs: number };
  readonly volumesAttached: boolean;
  /** Since when both witnesses are silent. */
  readonly goneSinceMs: number | undefined;
  readonly nowMs: number;
  readonly nowWallMs: number;
}

/** The control plane that the node is one of. */
export interface ControlPlaneSight {
  readonly members: number;
  /** Other members that are healthy and that nobody works on. */
  readonly othersHealthy: number;
  /** Another member is being repaired or leaves. */
  readonly othersBusy: boolean;
}

export type RungCheck =
  | { readonly kind: 'free' }
  | { readonly kind: 'refused'; readonly outcome: 'NotAllowed' | 'NotAvailable'; readonly message: string }
  | { readonly kind: 'wait'; readonly message: string };

const free: RungCheck = { kind: 'free' };
const notAllowed = (message: string): RungCheck => ({ kind: 'refused', outcome: 'NotAllowed', message });
const notAvailable = (message: string): RungCheck => ({ kind: 'refused', outcome: 'NotAvailable', message });
const wait = (message: string): RungCheck => ({ kind: 'wait', message });

/** Whether a rung may be taken now. Each line is one rule. */
export function checkRung(rung: RepairRung, sight: RungSight): RungCheck {
  const { rules, kubeletReady, reason, othersDisrupted, budget } = sight;
  if (!disruptiveRungs.has(rung)) return free;
  if (rung === REBOOT && !rules.rebootAllowed) return notAllowed('The pool does not allow reboots.');
  if (rung === REPLACE && !rules.replaceAllowed) return notAllowed('The pool does not allow replacement.');
  if (kubeletReady && causeRule(reason).evenWhenReady !== true) {
    return notAvailable('The kubelet is Ready: nothing disruptive is done to a node that serves.');
  }
  const quorum = checkQuorum(rung, sight.controlPlane);
  if (quorum.kind !== 'free') return quorum;
  const spare = rung === REPLACE ? checkReplacement(sight) : free;
  if (spare.kind !== 'free') return spare;
  if (othersDisrupted >= budget) {
    return wait(
      `${othersDisrupted} of ${budget} nodes of the pool that may be out of service at once because of us are already.`,
    );
  }
  return free;
}

/** A control plane loses one member at a time, and never its quorum, by what we do. */
function checkQuorum(rung: RepairRung, controlPlane: ControlPlaneSight | undefined): RungCheck {
  if (controlPlane === undefined) return free;
  const { members, othersHealthy, othersBusy } = controlPlane;
  const quorum = Math.floor(members / 2) + 1;
  if (members === 1) {
    const what = rung === REBOOT ? 'rebooted' : 'reset or replaced';
    return notAvailable(`It is the only control-plane member: it is not ${what} without a person.`);
  }
  if (othersBusy) return wait('Another control-plane member is worked on: one at a time.');
  if (othersHealthy < quorum) {
    const others =
      othersHealthy === 1 ? '1 other control-plane member is' : `${othersHealthy} other control-plane members are`;
    return notAvailable(`Only ${others} healthy, and ${quorum} of ${members} must be: quorum would be at risk.`);
  }
  return free;
}

function checkReplacement(sight: RungSight): RungCheck {
  const { spares, replacements, volumesAttached, goneSinceMs, verdict, nowMs, nowWallMs } = sight;
  if (spares === undefined) return notAvailable('The pool is open: it has no size that a spare could fill.');
  if (replacements.tries >= replaceTriesMax) {
    return notAvailable(
      `${replacements.tries} replacements in a row did not make the pool healthy: no more are tried.`,
    );
  }
  if (spares === 0) return notAvailable('No spare fits the pool. Enroll one: flotilla token create');
  const notBeforeMs = replacements.lastAtWallMs + replaceBackoffMs * 2 ** Math.max(0, replacements.tries - 1);
  if (replacements.tries > 0 && nowWallMs < notBeforeMs) {
    return wait(
      `The last replacement of the pool has not become healthy yet; the next is tried ${formatDuration(notBeforeMs - replacements.lastAtWallMs)} after it.`,
    );
  }
  const unsafe =
    volumesAttached && verdict === HealthVerdict.HOST_GONE && nowMs < (goneSinceMs ?? nowMs) + volumeSafeMs;
  return unsafe ? wait(`Volumes are attached: ${formatDuration(volumeSafeMs)} of silence must pass first.`) : free;
}

/** Outcomes after which a rung is not taken again in the same run. */
const untried: ReadonlySet<string> = new Set(['NotAllowed', 'NotAvailable']);
const acted: ReadonlySet<string> = new Set(['Succeeded', 'NotObserved', 'Interrupted', 'Failed']);

/** Whether something was done in a run, as far as its history knows. */
export const hasActed = (history: readonly RungResultRecord[]): boolean =>
  history.some(({ outcome }) => acted.has(outcome));

export interface Skipped {
  readonly rung: RepairRung;
  readonly outcome: string;
  readonly message: string;
}

/** As history: what was passed over took no time. */
export function skippedOf(skipped: readonly Skipped[], nowMs: number): RungResultRecord[] {
  return skipped.map((one) => ({ ...one, startedAtMs: nowMs, endedAtMs: nowMs }));
}

export type NextRung =
  | { readonly kind: 'rung'; readonly rung: RepairRung; readonly skipped: readonly Skipped[] }
  | { readonly kind: 'wait'; readonly rung: RepairRung; readonly message: string }
  | { readonly kind: 'ask'; readonly skipped: readonly Skipped[] };

/** The first rung of the cause's ladder that was not tried in this run and may be taken; those passed over, with why. */
export function nextRung(sight: RungSight, history: readonly RungResultRecord[], present?: RepairRung): NextRung {
  const tried = new Set(history.filter(({ outcome }) => !untried.has(outcome)).map(({ rung }) => rung));
  const reachable = (rung: RepairRung): boolean =>
    sight.verdict !== HealthVerdict.HOST_GONE || outOfClusterRungs.has(rung);
  const skipped: Skipped[] = [];
  for (const rung of causeRule(sight.reason).rungs) {
    if (tried.has(rung) || rung === present || !reachable(rung)) continue;
    const check = checkRung(rung, sight);
    if (check.kind === 'wait') return { kind: 'wait', rung, message: check.message };
    if (check.kind === 'refused') skipped.push({ rung, outcome: check.outcome, message: check.message });
    else return { kind: 'rung', rung, skipped: [...skipped, ...fencing(rung, sight)] };
  }
  return { kind: 'ask', skipped };
}

/** Proof that a machine is off does not exist yet, so a volume is never torn from it; said where it matters. */
function fencing(rung: RepairRung, { volumesAttached, verdict }: RungSight): Skipped[] {
  if (rung !== REPLACE || !volumesAttached || verdict !== HealthVerdict.HOST_GONE) return [];
  const message =
    'The out-of-service taint is not available: nothing proves that the machine is off. Kubernetes detaches its volumes after its own time.';
  return [{ rung: ASK, outcome: 'NotAvailable', message }];
}
