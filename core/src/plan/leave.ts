import { ControlPlaneKind, MachineRole, NodeState, SessionState, StepState, type StepReport } from '@flotilla/proto';
import type { NodeDrainRecord, NodeStatusRecord } from '../domain/records.js';
import { nodeTransitions, stepTowards } from '../domain/states.js';
import type { NodeView } from '../domain/views.js';
import type { Note } from './decision.js';
import { drainEveryMs, drainNotes, drainRestMs, planDrain } from './drain.js';
import { deriveSession } from './health.js';
import type { NodeAct, NodeFacts } from './node-facts.js';
import { phaseNotes, stateNotes } from './node-notes.js';
import { leavePhases, numbered, stamped } from './phases.js';
import { quorumProblem } from './quorum.js';

export interface LeavePlan {
  readonly status: NodeStatusRecord;
  readonly ended: boolean;
  readonly acts: readonly NodeAct[];
  readonly notes: readonly Note[];
  readonly recheckMs: number | undefined;
}

type Stage =
  | { readonly done: true; readonly why: string }
  | {
      readonly done: false;
      readonly reason: string;
      readonly message: string;
      readonly acts: readonly NodeAct[];
      readonly drain?: NodeDrainRecord;
    };

const done = (why: string): Stage => ({ done: true, why });
const wait = (reason: string, message: string, ...acts: NodeAct[]): Stage => ({ done: false, reason, message, acts });

/** A node on its way out: its pods leave, its host is cleaned and proves it, its Node object goes; then it is over. */
export function planLeave(view: NodeView, facts: NodeFacts, common: NodeStatusRecord): LeavePlan {
  const before = view.node.status;
  const wallMs = facts.now.wallMs;
  const drain = drainStage(view, facts);
  const leave = drain.done ? leaveStage(view, facts) : undefined;
  const unregister = leave?.done === true ? unregisterStage(view, facts) : undefined;
  const ended = unregister?.done === true && before.state === NodeState.DELETING;
  const state = stepTowards(
    nodeTransitions,
    before.state,
    ended ? NodeState.DELETED : NodeState.DELETING,
    NodeState.FAILED,
  );
  const keeps = view.node.removal?.preserve === true;
  const open = [drain, leave, unregister].find((s) => s !== undefined && !s.done);
  const status: NodeStatusRecord = {
    ...common,
    state: state ?? before.state,
    reason: open?.done === false ? open.reason : ended ? 'Left' : 'Leaving',
    message:
      open?.done === false
        ? open.message
        : ended
          ? `The node has left: ${leave?.done === true ? leave.why : ''}.`
          : 'The node leaves.',
    phases: leaveProgress(before.phases, [drain, leave, unregister], wallMs),
    drain: drain.done ? undefined : drain.drain,
    drainedAtMs: before.drainedAtMs ?? (drain.done ? wallMs : undefined),
    cleanedAtMs: before.cleanedAtMs ?? (leave?.done === true && !keeps ? wallMs : undefined),
    warning: ended ? '' : common.warning,
  };
  const drop: NodeAct[] = facts.tokenHeld ? [{ kind: 'drop-token' }] : [];
  return {
    status,
    ended,
    acts: ended ? drop : [...drop, ...(open?.done === false ? open.acts : [])],
    notes: [...phaseNotes(before.phases, status.phases), ...stateNotes(before, status), ...drainNotes(before, status)],
    recheckMs: ended ? undefined : open?.done === false ? restMs(status) : 0,
  };
}

const restMs = ({ drain }: NodeStatusRecord): number => (drain?.parked === true ? drainRestMs : drainEveryMs);

/** A cluster of ours goes with its nodes; one that was imported lives on, and each node leaves it in good order. */
const vanishes = ({ cluster }: NodeView): boolean =>
  cluster.deleteRequestedAtMs !== undefined && cluster.spec.controlPlaneKind !== ControlPlaneKind.EXTERNAL;

/** Until quorum stays without it, and no pod is left that an eviction could move. */
function drainStage(view: NodeView, facts: NodeFacts): Stage {
  const { node } = view;
  const { removal } = node;
  if (node.status.drainedAtMs !== undefined) return done('drained');
  if (vanishes(view)) return done('no drain was asked for');
  const risk = quorumProblem(view.controlPlane, node.id);
  if (risk !== undefined) return wait('QuorumAtRisk', `It stays for now: ${risk}.`);
  if (removal?.drain !== true) return done('no drain was asked for');
  const neverRegistered = node.status.registeredAtMs === undefined && facts.kubernetes === undefined;
  if (neverRegistered) return done('it never registered');
  if (!facts.clusterKnown) {
    return wait('WaitingForApiServer', 'The API server must answer before pods can be moved away.');
  }
  const { kubernetes } = facts;
  if (kubernetes === undefined) return done('its Node object is gone');
  if (!kubernetes.unschedulable) {
    const act: NodeAct = { kind: 'cordon', uid: kubernetes.uid, mark: 'flotilla' };
    return wait('Cordoning', 'New pods are being kept away from the node.', act);
  }
  const forceCommand = `flotilla remove node ${node.name} --force`;
  const order = { atMs: removal.atMs, timeoutMs: removal.timeoutMs, force: removal.force === true, forceCommand };
  const step = planDrain(view, facts, kubernetes, order);
  if (step.done) return done('drained');
  return { done: false, reason: step.reason, message: step.message, acts: [step.act], drain: step.record };
}

/** A broken machine is kept as it is: what runs of Kubernetes is stopped where it can be told, and nothing is removed. */
function isolateStage({ machine, target }: NodeView, facts: NodeFacts): Stage {
  const told = target?.target.maintenance?.isolated === true;
  const { observed } = machine;
  if (told && observed?.isolated === true) return done('its machine is isolated and kept as it is');
  const session = deriveSession(machine.session, facts.live, facts.now);
  if (session !== SessionState.CONNECTED) {
    return done('its machine is not heard; it is isolated when it comes back, and kept as it is');
  }
  return wait('Isolating', 'The kubelet and what it runs are being stopped; nothing on the host is removed.');
}

/** Until the agent proves the host clean, or an operator has given up the machine. */
function leaveStage(view: NodeView, facts: NodeFacts): Stage {
  const { node, machine, target } = view;
  if (node.removal?.preserve === true) return isolateStage(view, facts);
  if (node.status.cleanedAtMs !== undefined) return done('the host is clean');
  const told = target !== undefined && target.target.role === MachineRole.NONE;
  const { observed } = machine;
  const answers = told && observed !== undefined && observed.observedGeneration === BigInt(target.generation);
  const member = observed?.membership?.role ?? MachineRole.NONE;
  const isMember = member === MachineRole.WORKER || member === MachineRole.CONTROL_PLANE;
  if (answers && observed.converged && observed.clean && !isMember) return done('the host is clean');
  const session = deriveSession(machine.session, facts.live, facts.now);
  if (machine.retireRequestedAtMs !== undefined && session === SessionState.DISCONNECTED) {
    return done('the machine is given up without proof that its host is clean');
  }
  if (!facts.live.connected) {
    return wait(
      'AgentNotConnected',
      `${machine.name} must be connected to leave. Power it on; or, if it is gone for good, run: flotilla delete machine ${machine.name}`,
    );
  }
  const parked = answers ? observed.steps.find((s) => s.state === StepState.PARKED) : undefined;
  if (parked !== undefined)
    return wait('LeaveParked', `Leaving stopped: ${parked.problems.map((p) => `${p.message} ${p.remedy}`).join(' ')}`);
  return wait('Leaving', 'The agent removes what was installed for the cluster.');
}

/** Until the API server has no Node object of it any more. */
function unregisterStage(view: NodeView, facts: NodeFacts): Stage {
  const { cluster, node } = view;
  if (vanishes(view)) return done('the cluster goes');
  if (facts.clusterKnown) {
    if (facts.kubernetes === undefined) return done('its Node object is gone');
    return wait('Unregistering', 'The Node object is being deleted.', {
      kind: 'delete-node',
      uid: facts.kubernetes.uid,
    });
  }
  if (node.status.registeredAtMs === undefined && cluster.status.provisionedAtMs === undefined)
    return done('it never registered');
  return wait('WaitingForApiServer', 'The API server must answer before the Node object can be deleted.');
}

function leaveProgress(
  before: readonly StepReport[],
  stages: readonly (Stage | undefined)[],
  wallMs: number,
): StepReport[] {
  const reports = new Map<string, StepReport>();
  for (const [i, phase] of leavePhases.entries()) {
    const stage = stages[i];
    const parked = stage?.done === false && stage.drain?.parked === true;
    const open = parked ? StepState.PARKED : StepState.RUNNING;
    const state = stage === undefined ? StepState.WAITING : stage.done ? StepState.DONE : open;
    const progress = stage?.done === false ? stage.message : '';
    const old = before.find((p) => p.phase === phase);
    reports.set(phase, stamped({ phase, state, progress }, old, wallMs));
  }
  return numbered(leavePhases, reports);
}
