import type { EngineContext } from '@flotilla/core';
import { aClusterRecord, aNodeRecord, aPoolRecord } from '@flotilla/core/testing';
import { NodePoolRole, NodeState } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { aLive, at, aWitness } from '../testing/samples.js';
import { factsOfNode, sightOf } from './sight.js';

const now = at(0);
const context = {
  ports: { sessions: { live: () => aLive(now), fleet: () => ({ heard: 1, lost: 0 }) } },
  witness: () => aWitness(now),
} as unknown as EngineContext; // the two doors that a sight uses

const sightWith = (provisionedAtMs: number | undefined, role = NodePoolRole.WORKER) => {
  const cluster = aClusterRecord();
  const node = aNodeRecord({ createdAtMs: 5_000, role });
  return sightOf(
    context,
    factsOfNode(node),
    aPoolRecord(),
    { ...cluster, status: { ...cluster.status, provisionedAtMs } },
    now,
  );
};

test('the start of a worker counts from when the control plane was there to join', () => {
  expect(sightWith(9_000).startsAtMs).toBe(9_000);
  expect(sightWith(1_000).startsAtMs).toBe(5_000);
  expect(sightWith(undefined).startsAtMs).toBeGreaterThan(now.wallMs);
});

test('the control plane itself waits for nobody', () => {
  expect(sightWith(undefined, NodePoolRole.CONTROL_PLANE).startsAtMs).toBe(5_000);
});

test('a node that has been given nothing to do yet waits', () => {
  expect(sightWith(1).waits).toBe(true);
  const facts = { ...factsOfNode(aNodeRecord()), state: NodeState.PROVISIONING };
  expect(sightOf(context, facts, aPoolRecord(), aClusterRecord(), now).waits).toBe(false);
});
