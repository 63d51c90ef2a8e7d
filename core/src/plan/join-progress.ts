import { Bootstrap, MachineRole, StepReport, StepState, type ObservedState } from '@flotilla/proto';
import type { NodeView } from '../domain/views.js';
import type { NodeFacts } from './node-facts.js';
import { agentPhases, joinPhases, numbered, stamped } from './phases.js';

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
  const names = joinPhases(view.cluster.status.initNodeId === node.id);
  const reports = new Map(node.status.phases.map((p) => [p.phase, p]));
  const wallMs = facts.now.wallMs;
  const put = (phase: string, state: StepState, progress = ''): void => {
    reports.set(phase, stamped({ phase, state, progress }, reports.get(phase), wallMs));
  };

  if (!reports.has('enroll')) reports.set('enroll', doneAt('enroll', machine.createdAtMs));
  if (!reports.has('assign')) reports.set('assign', doneAt('assign', node.createdAtMs));
  for (const step of progressOf(view)?.steps ?? []) {
    if (names.indexOf(step.phase) >= 2 && names.indexOf(step.phase) <= 7) reports.set(step.phase, step);
  }
  if (hasJoined(view) && isConverged(view)) {
    for (const phase of names.slice(2, 8)) {
      if (reports.get(phase)?.state !== StepState.DONE) put(phase, StepState.DONE);
    }
  }
  const agentDone = names.slice(2, 8).every((phase) => reports.get(phase)?.state === StepState.DONE);
  const { status } = node;
  const registered = status.registeredAtMs !== undefined || facts.kubernetes !== undefined;
  const ready = status.readyAtMs !== undefined || facts.kubernetes?.ready === true;
  const networkReady = ready || facts.kubernetes?.networkReady === true;
  const derive = (phase: string, done: boolean, begun: boolean, progress: string): void =>
    put(phase, done ? StepState.DONE : begun ? StepState.RUNNING : StepState.WAITING, done ? '' : progress);
  derive('register', registered, agentDone, '');
  derive('network-ready', networkReady, registered && agentDone, facts.kubernetes?.readyMessage.slice(0, 200) ?? '');
  derive('ready', ready, networkReady && agentDone, facts.kubernetes?.readyMessage.slice(0, 200) ?? '');
  return numbered(names, reports);
}

function doneAt(phase: string, atMs: number): StepReport {
  const at = new Date(atMs);
  return StepReport.create({ phase, state: StepState.DONE, startTime: at, endTime: at, attempt: 1 });
}

/**
 * Whether the machine needs a kubeadm bootstrap token now: it joins (does not initialise), holds its newest target, and
 * joining is what comes next. Not earlier: a token is good for minutes.
 */
export function needsBootstrapToken(view: NodeView): boolean {
  const { target, node } = view;
  if (node.removal !== undefined || target?.target.cluster?.bootstrap !== Bootstrap.JOIN) return false;
  const report = progressOf(view);
  if (report === undefined || hasJoined(view)) return false;
  const stateOf = (phase: string): StepState | undefined => report.steps.find((s) => s.phase === phase)?.state;
  const join = stateOf('join');
  if (join === undefined || join === StepState.DONE || join === StepState.PARKED) return false;
  return agentPhases.every((phase) => stateOf(phase) === StepState.DONE);
}
