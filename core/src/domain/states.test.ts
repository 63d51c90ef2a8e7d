import { ClusterState, MachineState, NodePoolState, NodeState } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import {
  clusterTransitions,
  machineTransitions,
  mayMove,
  nodeTransitions,
  poolTransitions,
  stepTowards,
} from './states.js';

describe('transition tables', () => {
  test('the life of a node as the product page tells it', () => {
    const life = [
      NodeState.PENDING,
      NodeState.PROVISIONING,
      NodeState.PROVISIONED,
      NodeState.RUNNING,
      NodeState.RUNNING_SCHEDULING_DISABLED,
      NodeState.DELETING,
      NodeState.DELETED,
    ];
    for (const [i, from] of life.entries()) {
      const to = life[i + 1];
      if (to !== undefined)
        expect(mayMove(nodeTransitions, from, to), `${NodeState[from]} to ${NodeState[to]}`).toBe(true);
    }
  });

  test('what ended stays ended', () => {
    expect(nodeTransitions.get(NodeState.DELETED)).toEqual([]);
    expect(machineTransitions.get(MachineState.RETIRED)).toEqual([]);
    expect(clusterTransitions.get(ClusterState.DELETING)).toEqual([]);
    expect(poolTransitions.get(NodePoolState.DELETING)).toEqual([]);
  });

  test('a node that runs does not begin again', () => {
    expect(mayMove(nodeTransitions, NodeState.RUNNING, NodeState.PENDING)).toBe(false);
    expect(mayMove(nodeTransitions, NodeState.DELETING, NodeState.RUNNING)).toBe(false);
  });

  test('every known state has a row', () => {
    const known = (states: object): number[] =>
      Object.values(states).filter((v): v is number => typeof v === 'number' && v > 0);
    expect(known(NodeState).every((s) => nodeTransitions.has(s))).toBe(true);
    expect(known(MachineState).every((s) => machineTransitions.has(s))).toBe(true);
    expect(known(ClusterState).every((s) => clusterTransitions.has(s))).toBe(true);
    expect(known(NodePoolState).every((s) => poolTransitions.has(s))).toBe(true);
  });
});

const step = (from: NodeState, to: NodeState): NodeState | undefined =>
  stepTowards(nodeTransitions, from, to, NodeState.FAILED);

describe('stepTowards', () => {
  test('goes stage by stage', () => {
    expect(step(NodeState.PENDING, NodeState.RUNNING)).toBe(NodeState.PROVISIONING);
    expect(step(NodeState.PROVISIONING, NodeState.RUNNING)).toBe(NodeState.PROVISIONED);
    expect(step(NodeState.PROVISIONED, NodeState.RUNNING)).toBe(NodeState.RUNNING);
    expect(step(NodeState.RUNNING, NodeState.DELETED)).toBe(NodeState.DELETING);
  });

  test('stays when it is there, and says when there is no way', () => {
    expect(step(NodeState.RUNNING, NodeState.RUNNING)).toBe(NodeState.RUNNING);
    expect(step(NodeState.DELETED, NodeState.RUNNING)).toBeUndefined();
  });
});
