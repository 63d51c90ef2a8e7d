import { NodeState, StepState, type Condition, type StepReport } from '@flotilla/proto';
import type { NodeStatusRecord } from '../domain/records.js';
import { nodeTransitions, stepTowards } from '../domain/states.js';
import type { NodeView } from '../domain/views.js';
import { withConditions } from './conditions.js';
import { camelCase, type Note, type Verdict } from './decision.js';
import { deriveSession, judge, warningOf } from './health.js';
import { hasJoined, isConverged, joinProgress, needsBootstrapToken, progressOf } from './join-progress.js';
import { planLeave } from './leave.js';
import type { NodeAct, NodeFacts } from './node-facts.js';
import { drainEveryMs, drainNotes, drainRestMs, type DrainStep } from './drain.js';
import { planScheduling } from './scheduling.js';
import { nodeLabels, planNodePatch } from './node-labels.js';
import { phaseNotes, stateNotes } from './node-notes.js';
import { currentPhase, joinPhases, problemText } from './phases.js';

export interface NodePlan {
  readonly status: NodeStatusRecord;
  /** The node is over; its machine is free. */
  readonly ended: boolean;
  readonly acts: readonly NodeAct[];
  /** Wishes of an operator that were taken back elsewhere. */
  readonly yields?: readonly ('cordon' | 'drain')[];
  readonly notes: readonly Note[];
  /** Look again after this, when nothing else makes us. */
  readonly recheckMs: number | undefined;
}

/** Everything about one node at one moment: its status, its phases, and what to do for it at the API server. */
export function planNode(view: NodeView, facts: NodeFacts): NodePlan {
  if (view.node.removal !== undefined) return planLeave(view, facts, commonStatus(view, facts));
  const before = view.node.status;
  const common = commonStatus(view, facts);
  const phases = joinProgress(view, facts);
  const scheduling = planScheduling(view, facts);
  const wanted = joinVerdict(view, facts, common, phases, scheduling.drain);
  const state = stepTowards(nodeTransitions, before.state, wanted.state, NodeState.FAILED) ?? before.state;
  const shown = state === wanted.state ? wanted : stageOf(state);
  const drain = view.node.drain === undefined ? undefined : (scheduling.drain?.record ?? before.drain);
  const status: NodeStatusRecord = { ...common, ...shown, state, phases, drain };
  return {
    status,
    ended: false,
    acts: [...joinActs(view, facts), ...scheduling.acts],
    yields: scheduling.yields,
    notes: [
      ...phaseNotes(before.phases, phases),
      ...stateNotes(before, status),
      ...scheduling.notes,
      ...drainNotes(before, status),
    ],
    // On the way to the wanted state the next commit wakes us; a stage is never skipped.
    recheckMs: state === wanted.state ? drainRecheckMs(scheduling.drain) : 0,
  };
}

function drainRecheckMs(drain: DrainStep | undefined): number | undefined {
  if (drain === undefined) return undefined;
  return drain.done || drain.record.parked ? drainRestMs : drainEveryMs;
}

/** What is said of a stage that is only passed on the way to the one that is wanted. */
function stageOf(state: NodeState): Verdict<NodeState> {
  const name = camelCase((NodeState[state] ?? '').toLowerCase().replaceAll('_', '-'));
  return verdict(state, name, state === NodeState.PROVISIONED ? 'The node has joined.' : 'The node is being made.');
}

/** What does not depend on where in its life the node is. */
function commonStatus(view: NodeView, facts: NodeFacts): NodeStatusRecord {
  const { node, machine } = view;
  const before = node.status;
  const { kubernetes, clusterKnown, now } = facts;
  const session = deriveSession(machine.session, facts.live, now);
  const witness = { known: clusterKnown && before.readyAtMs !== undefined, ready: kubernetes?.ready ?? false };
  const warning = warningOf(session, witness);
  return {
    ...before,
    internalAddress: kubernetes?.internalAddress || before.internalAddress || machine.facts.nodeAddress,
    kubeletVersion: kubernetes?.kubeletVersion ?? before.kubeletVersion,
    kubernetesReady: clusterKnown ? (kubernetes?.ready ?? false) : before.kubernetesReady,
    schedulable: clusterKnown ? kubernetes !== undefined && !kubernetes.unschedulable : before.schedulable,
    registeredAtMs: before.registeredAtMs ?? (kubernetes === undefined ? undefined : now.wallMs),
    readyAtMs: before.readyAtMs ?? (kubernetes?.ready === true ? now.wallMs : undefined),
    warning,
    observedTemplateRevision: observedRevision(view),
    conditions: conditionsOf(before.conditions, facts, judge(session, witness)),
  };
}

/** What the host of this node was last seen to have; a report of work on an older target still is what is there. */
function observedRevision(view: NodeView): number {
  const seen = hasJoined(view) ? Number(view.machine.observed?.templateRevision ?? 0n) : 0;
  return seen === 0 ? view.node.status.observedTemplateRevision : seen;
}

function conditionsOf(previous: readonly Condition[], facts: NodeFacts, health: string): Condition[] {
  const { kubernetes, clusterKnown } = facts;
  const kubelet = {
    type: 'KubernetesReady',
    holds: clusterKnown ? (kubernetes?.ready ?? false) : undefined,
    reason: clusterKnown ? (kubernetes?.readyReason ?? 'NotRegistered') : 'ApiServerUnknown',
    message: clusterKnown
      ? (kubernetes?.readyMessage ?? 'There is no Node object yet.')
      : 'The API server is not known to answer.',
  };
  const healthy = {
    type: 'Healthy',
    holds: health === 'unknown' ? undefined : health === 'healthy',
    reason: camelCase(health),
    message: healthTexts[health] ?? '',
  };
  const effects = {
    type: 'EffectsApplied',
    holds: facts.effectProblem === '',
    reason: facts.effectProblem === '' ? 'Applied' : 'Failed',
    message: facts.effectProblem,
  };
  return withConditions(previous, [kubelet, healthy, effects], facts.now.wallMs);
}

const healthTexts: Readonly<Record<string, string>> = {
  healthy: 'The agent is heard and the kubelet is Ready.',
  'kubelet-sick': 'The agent is heard, but the kubelet is not Ready.',
  'management-lost': 'The agent is not heard, but the kubelet is Ready: workloads run, nothing is done to the node.',
  'host-gone': 'Neither the agent nor the kubelet is heard.',
  unknown: 'Nothing can be said yet.',
};

function joinVerdict(
  view: NodeView,
  facts: NodeFacts,
  status: NodeStatusRecord,
  phases: readonly StepReport[],
  drain: DrainStep | undefined,
): Verdict<NodeState> {
  if (status.readyAtMs !== undefined) return runningVerdict(view, facts, status, drain);
  const parked = phases.find((p) => p.state === StepState.PARKED);
  if (parked !== undefined) {
    return verdict(
      NodeState.FAILED,
      'PhaseParked',
      `${problemText(parked)} Then run: flotilla retry node ${view.node.name}`,
    );
  }
  const current = currentPhase(phases);
  const number = current === undefined ? '' : `Phase ${current.index} of ${current.total}, ${current.phase}`;
  if (status.registeredAtMs !== undefined || (hasJoined(view) && isConverged(view))) {
    const refused = hasJoined(view) ? settingsParked(view, status) : undefined;
    if (refused !== undefined) return verdict(NodeState.PROVISIONED, 'UpdateParked', refused);
    const waits = current?.progress === undefined || current.progress === '' ? '' : `: ${current.progress}`;
    return verdict(NodeState.PROVISIONED, camelCase(current?.phase ?? 'ready'), `${number}, is awaited${waits}.`);
  }
  const failed = phases.find((p) => p.state === StepState.FAILED);
  if (failed !== undefined) {
    return verdict(NodeState.PROVISIONING, 'PhaseFailed', `${problemText(failed)} It will be tried again.`);
  }
  if (hasBegun(view)) {
    return verdict(NodeState.PROVISIONING, camelCase(current?.phase ?? 'join'), `${number}, runs.`);
  }
  // A machine that works already does not fall back because its target moved while it works.
  const floor = view.node.status.state === NodeState.PROVISIONING ? NodeState.PROVISIONING : NodeState.PENDING;
  if (facts.hold !== undefined) return verdict(floor, facts.hold.reason, facts.hold.message);
  if (!facts.live.connected) {
    return verdict(
      floor,
      'AgentNotConnected',
      `The agent of ${view.machine.name} is not connected; the work begins when it is.`,
    );
  }
  return verdict(floor, 'WaitingForAgent', 'The machine was given its target and has not reported on it yet.');
}

/** The agent works on a phase of ours, or has done one. */
function hasBegun(view: NodeView): boolean {
  const steps = progressOf(view)?.steps ?? [];
  return steps.some((s) => joinPhases(true).indexOf(s.phase) >= 2 && s.state !== StepState.WAITING);
}

function runningVerdict(
  view: NodeView,
  facts: NodeFacts,
  status: NodeStatusRecord,
  drain: DrainStep | undefined,
): Verdict<NodeState> {
  const { kubernetes, clusterKnown } = facts;
  const state = status.schedulable ? NodeState.RUNNING : NodeState.RUNNING_SCHEDULING_DISABLED;
  if (!clusterKnown)
    return verdict(state, 'ApiServerUnknown', 'The API server is not known to answer; this is the last that was seen.');
  if (kubernetes === undefined)
    return verdict(state, 'NodeObjectMissing', 'The Node object was deleted behind our back.');
  const parked = settingsParked(view, status);
  if (parked !== undefined) return verdict(state, 'UpdateParked', parked);
  if (!kubernetes.ready) return verdict(state, 'NotReady', `The kubelet is not Ready: ${kubernetes.readyMessage}`);
  if (status.schedulable) return verdict(state, 'Ready', 'The node is Ready.');
  if (drain !== undefined) return verdict(state, drain.reason, drain.message);
  const { cordon } = view.node;
  const who = cordon === undefined ? 'new pods are kept away from it' : `${cordon.by} keeps new pods away from it`;
  return verdict(state, 'Cordoned', `The node is Ready; ${who}.`);
}

/** The host could not take the settings of its target, and says why. */
function settingsParked(view: NodeView, status: NodeStatusRecord): string | undefined {
  if (status.observedTemplateRevision >= view.node.templateRevision) return undefined;
  const parked = progressOf(view)?.steps.find((s) => s.state === StepState.PARKED);
  if (parked === undefined) return undefined;
  return `The settings of revision ${view.node.templateRevision} could not be made. ${problemText(parked)} Then run: flotilla retry node ${view.node.name}`;
}

const verdict = (state: NodeState, reason: string, message: string): Verdict<NodeState> => ({ state, reason, message });

function joinActs(view: NodeView, facts: NodeFacts): NodeAct[] {
  const acts: NodeAct[] = [];
  const needsToken = needsBootstrapToken(view);
  if (facts.clusterKnown && needsToken && !facts.tokenUsable) acts.push({ kind: 'mint-token' });
  // One that joins again is shown as Ready for a while by its old Node object.
  const isIn = hasJoined(view) || facts.kubernetes?.ready === true;
  if (facts.tokenHeld && !needsToken && isIn) acts.push({ kind: 'drop-token' });
  if (facts.kubernetes !== undefined) {
    const { machine, pool } = view;
    const patch = planNodePatch(facts.kubernetes, nodeLabels(pool, machine), pool.spec.template?.taints ?? []);
    if (patch !== undefined)
      acts.push({ kind: 'sync-node', resourceVersion: facts.kubernetes.resourceVersion, ...patch });
  }
  return acts;
}
