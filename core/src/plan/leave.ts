import { MachineRole, NodeState, SessionState, StepState, type StepReport } from '@flotilla/proto';
import type { NodeStatusRecord } from '../domain/records.js';
import { nodeTransitions, stepTowards } from '../domain/states.js';
import type { NodeView } from '../domain/views.js';
import { counted, type Note } from './decision.js';
import { deriveSession } from './health.js';
import type { NodeAct, NodeFacts } from './node-facts.js';
import { phaseNotes, stateNotes } from './node-notes.js';
import { leavePhases, numbered, stamped } from './phases.js';

/** How often a drain is looked at again. */
export const drainEveryMs = 5_000;

export interface LeavePlan {
  readonly status: NodeStatusRecord;
  readonly ended: boolean;
  readonly acts: readonly NodeAct[];
  readonly notes: readonly Note[];
  readonly recheckMs: number | undefined;
}

type Stage =
  | { readonly done: true; readonly why: string }
  | { readonly done: false; readonly reason: string; readonly message: string; readonly acts: readonly NodeAct[] };

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
    drainedAtMs: before.drainedAtMs ?? (drain.done ? wallMs : undefined),
    cleanedAtMs: before.cleanedAtMs ?? (leave?.done === true ? wallMs : undefined),
    warning: ended ? '' : common.warning,
  };
  const drop: NodeAct[] = facts.tokenHeld ? [{ kind: 'drop-token' }] : [];
  return {
    status,
    ended,
    acts: ended ? drop : [...drop, ...(open?.done === false ? open.acts : [])],
    notes: [...phaseNotes(before.phases, status.phases), ...stateNotes(before, status)],
    recheckMs: ended ? undefined : open?.done === false ? drainEveryMs : 0,
  };
}

/** Until no pod is left that an eviction could move. */
function drainStage({ node, cluster }: NodeView, facts: NodeFacts): Stage {
  if (node.status.drainedAtMs !== undefined) return done('drained');
  if (node.removal?.drain !== true || cluster.deleteRequestedAtMs !== undefined) return done('no drain was asked for');
  const neverRegistered = node.status.registeredAtMs === undefined && facts.kubernetes === undefined;
  if (neverRegistered) return done('it never registered');
  if (!facts.clusterKnown) {
    return wait('WaitingForApiServer', 'The API server must answer before pods can be moved away.');
  }
  if (facts.kubernetes === undefined) return done('its Node object is gone');
  if (!facts.kubernetes.unschedulable)
    return wait('Cordoning', 'New pods are being kept away from the node.', { kind: 'cordon' });
  const act: NodeAct = { kind: 'drain', unreachable: !facts.kubernetes.ready };
  if (facts.drain === undefined) return wait('Draining', 'Pods are asked to leave the node.', act);
  if (facts.drain.podsLeft === 0) return done('drained');
  const blocked = facts.drain.blocked.length === 0 ? '' : ` Blocked: ${facts.drain.blocked.join('; ')}.`;
  return wait('Draining', `${counted(facts.drain.podsLeft, 'pod')} must leave the node.${blocked}`, act);
}

/** Until the agent proves the host clean, or an operator has given up the machine. */
function leaveStage({ node, machine, target }: NodeView, facts: NodeFacts): Stage {
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
function unregisterStage({ cluster, node }: NodeView, facts: NodeFacts): Stage {
  if (cluster.deleteRequestedAtMs !== undefined) return done('the cluster goes');
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
    const state = stage === undefined ? StepState.WAITING : stage.done ? StepState.DONE : StepState.RUNNING;
    const progress = stage?.done === false ? stage.message : '';
    reports.set(
      phase,
      stamped(
        { phase, state, progress },
        before.find((p) => p.phase === phase),
        wallMs,
      ),
    );
  }
  return numbered(leavePhases, reports);
}
