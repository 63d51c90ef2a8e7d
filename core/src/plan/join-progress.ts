import { Bootstrap, MachineRole, NonceState, StepReport, StepState, type ObservedState } from '@flotilla/proto';
import { rungNonce } from '../domain/health-records.js';
import type { NodeView } from '../domain/views.js';
import type { NodeFacts } from './node-facts.js';
import { agentPhases, joinPhases, numbered, stamped } from './phases.js';
import { renewsWithToken } from './target.js';

/**
 * The last report, if it is from work on the target that this node has now. The agent acknowledges a target when it is on
 * its disk and reports each phase from then on.
 */
export function progressOf(view: NodeView): ObservedState | undefined {
  const { machine, target, node } = view;
  const observed = machine.observed;
  if (observed === undefined || target?.target.nodeId !== node.id) return undefined;
  return observed.acknowledgedGeneration === BigInt(target.generation) ? observed : undefined;
}

/** The agent has looked at the whole of the present target and no step is left. */
export function isConverged(view: NodeView): boolean {
  const report = progressOf(view);
  return report?.converged === true && report.observedGeneration === report.acknowledgedGeneration;
}

/** The host says that it is a member of this cluster, in whatever state. */
export function hasJoined(view: NodeView): boolean {
  const membership = view.machine.observed?.membership;
  if (membership === undefined || membership.clusterId !== view.cluster.id) return false;
  return membership.role === MachineRole.WORKER || membership.role === MachineRole.CONTROL_PLANE;
}

/** All phases of joining: what the agent reports, what we know, and what the API server shows. */
export function joinProgress(view: NodeView, facts: NodeFacts): StepReport[] {
  const { node, machine } = view;
  const names = joinPhases(initialises(view));
  const stored = new Map(node.status.phases.map((p) => [p.phase, p]));
  const reports = new Map(stored);
  // Times come from what is stored, or each look would see another moment.
  const put = (phase: string, state: StepState, progress = ''): void => {
    reports.set(phase, stamped({ phase, state, progress }, stored.get(phase), facts.now.wallMs));
  };
  if (!stored.has('enroll')) reports.set('enroll', doneAt('enroll', machine.createdAtMs));
  if (!stored.has('assign')) reports.set('assign', doneAt('assign', node.createdAtMs));

  const onHost = names.slice(2, 8);
  for (const step of progressOf(view)?.steps ?? []) {
    if (onHost.includes(step.phase)) reports.set(step.phase, step);
  }
  const ready = node.status.readyAtMs !== undefined || facts.kubernetes?.ready === true;
  const proven = ready || (hasJoined(view) && isConverged(view));
  for (const phase of onHost) {
    if (proven && reports.get(phase)?.state !== StepState.DONE) put(phase, StepState.DONE);
  }
  const hostDone = onHost.every((phase) => reports.get(phase)?.state === StepState.DONE);
  const registered = node.status.registeredAtMs !== undefined || facts.kubernetes !== undefined;
  const networkReady = ready || facts.kubernetes?.networkReady === true;
  const said = facts.networkProblem || (facts.kubernetes?.readyMessage.slice(0, 200) ?? '');
  // In order: the kubelet registers while the join still runs, but nobody reads phase 9 before phase 8.
  let open = hostDone;
  for (const [phase, holds, progress] of [
    ['register', registered, ''],
    ['network-ready', networkReady, said],
    ['ready', ready, said],
  ] as const) {
    put(phase, !open ? StepState.WAITING : holds ? StepState.DONE : StepState.RUNNING, open && !holds ? progress : '');
    open &&= holds;
  }
  return numbered(names, reports);
}

/** The node runs (or ran) kubeadm init: as it was told, or as it will be. */
function initialises({ node, target, cluster }: NodeView): boolean {
  if (target?.target.nodeId === node.id) return target.target.cluster?.bootstrap === Bootstrap.INIT;
  return cluster.status.initNodeId === node.id;
}

function doneAt(phase: string, atMs: number): StepReport {
  const at = new Date(atMs);
  return StepReport.create({ phase, state: StepState.DONE, startTime: at, endTime: at, attempt: 1 });
}

/**
 * Whether the machine needs a kubeadm bootstrap token now: it joins (does not initialise), for the first time or again, or
 * its certificate is renewed by a repair. Not earlier: a token is good for minutes.
 */
export function needsBootstrapToken(view: NodeView): boolean {
  const { target, node } = view;
  if (node.removal !== undefined || target?.target.nodeId !== node.id) return false;
  if (target.target.cluster?.bootstrap !== Bootstrap.JOIN) return false;
  return joinsNext(view) || renewsNow(view);
}

/** The order of a renewal goes out with its token, and the token is kept until the host says how it ended. */
function renewsNow(view: NodeView): boolean {
  const { repair, machine } = view;
  if (repair === undefined || !renewsWithToken(view)) return false;
  const report = machine.observed?.nonces.find(({ nonce }) => nonce === rungNonce(repair));
  return report === undefined || report.state === NonceState.STARTED;
}

/** It holds its newest target, is no member yet, and joining is what comes next. */
function joinsNext(view: NodeView): boolean {
  const report = progressOf(view);
  if (report === undefined || hasJoined(view)) return false;
  const stateOf = (phase: string): StepState | undefined => report.steps.find((s) => s.phase === phase)?.state;
  const join = stateOf('join');
  if (join === undefined || join === StepState.DONE || join === StepState.PARKED) return false;
  return agentPhases.every((phase) => stateOf(phase) === StepState.DONE);
}
