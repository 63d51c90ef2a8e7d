import { ClusterState, MachineState, NodePoolState, NodeState } from '@flotilla/proto';

/** From each state, the states it may go to directly. Staying is always allowed. */
export type TransitionTable<S extends number> = ReadonlyMap<S, readonly S[]>;

export const clusterTransitions: TransitionTable<ClusterState> = new Map([
  [ClusterState.PENDING, [ClusterState.PROVISIONING, ClusterState.FAILED, ClusterState.DELETING]],
  [
    ClusterState.PROVISIONING,
    [ClusterState.PROVISIONED, ClusterState.PENDING, ClusterState.FAILED, ClusterState.DELETING],
  ],
  [ClusterState.PROVISIONED, [ClusterState.FAILED, ClusterState.DELETING]],
  [
    ClusterState.FAILED,
    [ClusterState.PENDING, ClusterState.PROVISIONING, ClusterState.PROVISIONED, ClusterState.DELETING],
  ],
  [ClusterState.DELETING, []],
]);

const livePoolStates = [
  NodePoolState.RUNNING,
  NodePoolState.RUNNING_SCHEDULING_DISABLED,
  NodePoolState.UPDATING,
  NodePoolState.SCALING_UP,
  NodePoolState.SCALING_DOWN,
  NodePoolState.FAILED,
];

export const poolTransitions: TransitionTable<NodePoolState> = new Map([
  ...livePoolStates.map((from): [NodePoolState, NodePoolState[]] => [
    from,
    [...livePoolStates.filter((to) => to !== from), NodePoolState.DELETING],
  ]),
  [NodePoolState.DELETING, []],
]);

const runningStates = [NodeState.RUNNING, NodeState.RUNNING_SCHEDULING_DISABLED];

export const nodeTransitions: TransitionTable<NodeState> = new Map([
  [NodeState.PENDING, [NodeState.PROVISIONING, NodeState.FAILED, NodeState.DELETING]],
  [NodeState.PROVISIONING, [NodeState.PROVISIONED, NodeState.PENDING, NodeState.FAILED, NodeState.DELETING]],
  [NodeState.PROVISIONED, [...runningStates, NodeState.PROVISIONING, NodeState.FAILED, NodeState.DELETING]],
  [NodeState.RUNNING, [NodeState.RUNNING_SCHEDULING_DISABLED, NodeState.FAILED, NodeState.DELETING]],
  [NodeState.RUNNING_SCHEDULING_DISABLED, [NodeState.RUNNING, NodeState.FAILED, NodeState.DELETING]],
  [
    NodeState.FAILED,
    [NodeState.PENDING, NodeState.PROVISIONING, NodeState.PROVISIONED, ...runningStates, NodeState.DELETING],
  ],
  [NodeState.DELETING, [NodeState.DELETED]],
  [NodeState.DELETED, []],
]);

export const machineTransitions: TransitionTable<MachineState> = new Map([
  [
    MachineState.AVAILABLE,
    [MachineState.RESERVED, MachineState.CLEANING, MachineState.QUARANTINED, MachineState.RETIRED],
  ],
  [
    MachineState.RESERVED,
    [
      MachineState.IN_USE,
      MachineState.AVAILABLE,
      MachineState.CLEANING,
      MachineState.QUARANTINED,
      MachineState.RETIRED,
    ],
  ],
  [
    MachineState.IN_USE,
    [MachineState.CLEANING, MachineState.AVAILABLE, MachineState.QUARANTINED, MachineState.RETIRED],
  ],
  [MachineState.CLEANING, [MachineState.AVAILABLE, MachineState.QUARANTINED, MachineState.RETIRED]],
  [
    MachineState.QUARANTINED,
    [MachineState.AVAILABLE, MachineState.RESERVED, MachineState.IN_USE, MachineState.CLEANING, MachineState.RETIRED],
  ],
  [MachineState.RETIRED, []],
]);

/** Whether the table lets `from` become `to` in one step. */
export function mayMove<S extends number>(table: TransitionTable<S>, from: S, to: S): boolean {
  return from === to || (table.get(from) ?? []).includes(to);
}

/**
 * The next state on the shortest way from `from` to `to`, so that history shows every stage even when we were away while
 * it happened; never through `avoid` (a state that is no stage of the way, such as FAILED). undefined when there is no way.
 */
export function stepTowards<S extends number>(table: TransitionTable<S>, from: S, to: S, avoid: S): S | undefined {
  if (from === to) return to;
  const firstHop = new Map<S, S>();
  let frontier = [...(table.get(from) ?? [])];
  for (const next of frontier) firstHop.set(next, next);
  while (frontier.length > 0) {
    const found = firstHop.get(to);
    if (found !== undefined) return found;
    const following: S[] = [];
    for (const state of frontier) {
      if (state === avoid) continue;
      for (const next of table.get(state) ?? []) {
        if (next === from || firstHop.has(next)) continue;
        firstHop.set(next, firstHop.get(state) ?? state);
        following.push(next);
      }
    }
    frontier = following;
  }
  return undefined;
}
