import { NodePoolRole, NodePoolState, NodeState, SessionState, UpdateStrategy } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import type { PoolMember, PoolView } from '../domain/views.js';
import { aCandidate, aClusterRecord, aMember, aPoolRecord, aPoolView, aSeat } from '../testing/records.js';
import { planPool } from './pool.js';

const terms = { atMs: 5000, by: 'api-key:me', timeoutMs: undefined, force: false };
const marked = (id: string, replace: PoolMember['replace'] = 'OperatorReplaced', over: Partial<PoolMember> = {}) =>
  aMember(id, { replace, replaceTerms: terms, ...over });
const joining = (id: string) => aMember(id, { state: NodeState.PROVISIONING, ready: false });
const outcome = (view: PoolView) => {
  const { claims, releases, rollouts, status } = planPool(view);
  return {
    claims: claims.map((c) => c.machineId),
    releases: releases.map((r) => `${r.member.nodeId} ${r.removal.reason}`),
    rollouts: rollouts.map((m) => m.nodeId),
    state: `${NodePoolState[status.state] ?? ''} ${status.reason}`,
    message: status.message,
  };
};

describe('a node that is to be replaced', () => {
  const pool = aPoolRecord({ size: 2 });
  const spare = aCandidate('mch_9');

  test('stays until a spare has been claimed and runs, then leaves', () => {
    const members = [marked('nod_1'), aMember('nod_2')];
    expect(outcome(aPoolView({ pool, members, candidates: [spare] }))).toMatchObject({
      claims: ['mch_9'],
      releases: [],
      state: 'SCALING_UP Claiming',
    });
    expect(outcome(aPoolView({ pool, members: [...members, joining('nod_9')] }))).toMatchObject({
      claims: [],
      releases: [],
      state: 'SCALING_UP Replacing',
      message: 'nod_1 leaves when another machine runs in its place.',
    });
    expect(outcome(aPoolView({ pool, members: [...members, aMember('nod_9')] }))).toMatchObject({
      claims: [],
      releases: ['nod_1 Replaced'],
    });
  });

  test('without a spare stays, and the pool says what it waits for', () => {
    const silent = aCandidate('mch_8', { session: SessionState.SILENT });
    expect(
      outcome(aPoolView({ pool, members: [marked('nod_1'), aMember('nod_2')], candidates: [silent] })),
    ).toMatchObject({
      releases: [],
      state: 'RUNNING WaitingForSpare',
      message: 'nod_1 waits to be replaced: no spare fits. Enroll a machine that does.',
    });
  });

  test('that is broken goes as soon as a spare is claimed, and its machine is kept as it is', () => {
    const broken = marked('nod_1', 'Unhealthy', { ready: false, session: SessionState.DISCONNECTED });
    expect(outcome(aPoolView({ pool, members: [broken, aMember('nod_2')] })).releases).toEqual([]);
    const plan = planPool(aPoolView({ pool, members: [broken, aMember('nod_2'), joining('nod_9')] }));
    expect(plan.releases.map((r) => r.removal)).toEqual([
      { reason: 'Unhealthy', by: 'rule:pool', drain: false, preserve: true },
    ]);
    const reachable = { ...broken, session: SessionState.CONNECTED };
    const drained = planPool(aPoolView({ pool, members: [reachable, aMember('nod_2'), joining('nod_9')] }));
    expect(drained.releases[0]?.removal.drain).toBe(true);
  });

  test('in a pool that shrinks meanwhile goes without a replacement', () => {
    const members = [marked('nod_1'), aMember('nod_2')];
    expect(outcome(aPoolView({ pool: aPoolRecord({ size: 1 }), members, candidates: [spare] }))).toMatchObject({
      claims: [],
      releases: ['nod_1 Replaced'],
    });
  });

  test('carries the terms of whoever asked', () => {
    const forced = marked('nod_1', 'OperatorReplaced', { replaceTerms: { ...terms, timeoutMs: 9, force: true } });
    const plan = planPool(aPoolView({ pool, members: [forced, aMember('nod_2'), aMember('nod_3')] }));
    expect(plan.releases[0]?.removal).toEqual({
      reason: 'Replaced',
      by: 'api-key:me',
      drain: true,
      timeoutMs: 9,
      force: true,
    });
  });

  test('in an open pool waits for a machine that enrolls', () => {
    const open = aPoolRecord();
    const members = [marked('nod_1'), aMember('nod_2')];
    expect(outcome(aPoolView({ pool: open, members, candidates: [spare] }))).toMatchObject({
      claims: [],
      state: 'RUNNING WaitingForSpare',
    });
    const come = [...members, aMember('nod_3', { claimedAtMs: 6000 })];
    expect(outcome(aPoolView({ pool: open, members: come })).releases).toEqual(['nod_1 Replaced']);
  });
});

test('a machine in quarantine leaves its pool, and another is claimed', () => {
  const members = [aMember('nod_1', { quarantined: true }), aMember('nod_2')];
  expect(
    outcome(aPoolView({ pool: aPoolRecord({ size: 2 }), members, candidates: [aCandidate('mch_9')] })),
  ).toMatchObject({
    claims: ['mch_9'],
    releases: ['nod_1 MachineQuarantined'],
  });
});

test('claims go to those enrolled for the pool, then to those enrolled longest ago', () => {
  const candidates = [
    aCandidate('mch_a', { enrolledAtMs: 9 }),
    aCandidate('mch_b', { enrolledAtMs: 5 }),
    aCandidate('mch_c', { enrolledAtMs: 5 }),
    aCandidate('mch_d', { enrolledAtMs: 99, wantedPoolId: 'pol_a' }),
  ];
  expect(outcome(aPoolView({ pool: aPoolRecord({ size: 4 }), candidates })).claims).toEqual([
    'mch_d',
    'mch_b',
    'mch_c',
    'mch_a',
  ]);
});

describe('a new revision of the template', () => {
  const revised = (strategy: UpdateStrategy, maxUnavailable = '1', maxSurge = '0') =>
    aPoolRecord(
      { size: 3, update: { strategy, maxUnavailable, maxSurge } },
      { templateRevision: 2, rolloutRevision: 2 },
    );
  const old = (id: string) => aMember(id, { templateRevision: 1, observedTemplateRevision: 1 });
  const told = (id: string, over: Partial<PoolMember> = {}) =>
    aMember(id, { templateRevision: 2, observedTemplateRevision: 1, ...over });
  const fresh = (id: string) => aMember(id, { templateRevision: 2, observedTemplateRevision: 2 });
  const inPlace = revised(UpdateStrategy.IN_PLACE);

  test('of labels only reaches every node at once', () => {
    const pool = aPoolRecord({ size: 2 }, { templateRevision: 2, rolloutRevision: 1 });
    const view = aPoolView({ pool, members: [aMember('nod_1'), aMember('nod_2')] });
    expect(outcome(view)).toMatchObject({ rollouts: ['nod_1', 'nod_2'], releases: [], state: 'RUNNING Running' });
  });

  test('in place goes on only when the one before is seen Ready with it', () => {
    expect(outcome(aPoolView({ pool: inPlace, members: [old('nod_1'), old('nod_2'), old('nod_3')] }))).toMatchObject({
      rollouts: ['nod_1'],
      state: 'UPDATING RollingOut',
      message: '0 of 3 nodes have the settings of revision 2; at most 1 at a time.',
    });
    const notSeen = aPoolView({ pool: inPlace, members: [told('nod_1'), old('nod_2'), old('nod_3')] });
    expect(outcome(notSeen).rollouts).toEqual([]);
    const broken = told('nod_1', { observedTemplateRevision: 2, ready: false });
    expect(outcome(aPoolView({ pool: inPlace, members: [broken, old('nod_2'), old('nod_3')] })).rollouts).toEqual([]);
    const done = aPoolView({ pool: inPlace, members: [fresh('nod_1'), old('nod_2'), old('nod_3')] });
    expect(outcome(done)).toMatchObject({ rollouts: ['nod_2'] });
    expect(planPool(done).status.nodesUpdated).toBe(1);
    const all = aPoolView({ pool: inPlace, members: ['nod_1', 'nod_2', 'nod_3'].map(fresh) });
    expect(outcome(all)).toMatchObject({ rollouts: [], state: 'RUNNING Running' });
  });

  test('takes a share of the pool at once when that is allowed', () => {
    const pool = revised(UpdateStrategy.IN_PLACE, '67%');
    expect(outcome(aPoolView({ pool, members: ['nod_1', 'nod_2', 'nod_3'].map(old) })).rollouts).toHaveLength(2);
  });

  test('is taken at once by a node that is still joining', () => {
    const young = { ...old('nod_1'), state: NodeState.PROVISIONING, ready: false };
    const members = [young, told('nod_2'), old('nod_3')];
    expect(outcome(aPoolView({ pool: inPlace, members })).rollouts).toEqual(['nod_1']);
  });

  test('that cannot be made in place never becomes a replacement by itself: a person is asked', () => {
    const members = [told('nod_1', { updateParked: true }), old('nod_2'), old('nod_3')];
    expect(outcome(aPoolView({ pool: inPlace, members, candidates: [aCandidate('mch_9')] }))).toMatchObject({
      claims: [],
      releases: [],
      rollouts: [],
      state: 'FAILED UpdateParked',
    });
    expect(outcome(aPoolView({ pool: inPlace, members })).message).toContain('flotilla retry node nod_1');
  });

  test('else replaces the node on which it could not be made, when that was asked for', () => {
    const pool = revised(UpdateStrategy.IN_PLACE_ELSE_REPLACE);
    const members = [told('nod_1', { updateParked: true }), old('nod_2'), old('nod_3')];
    expect(outcome(aPoolView({ pool, members }))).toMatchObject({
      releases: ['nod_1 TemplateChanged'],
      rollouts: [],
      state: 'UPDATING RollingOut',
    });
  });

  test('by replacement takes one out and lets a spare in, one after the other', () => {
    const pool = revised(UpdateStrategy.REPLACE);
    expect(outcome(aPoolView({ pool, members: ['nod_1', 'nod_2', 'nod_3'].map(old) }))).toMatchObject({
      claims: [],
      releases: ['nod_1 TemplateChanged'],
      rollouts: [],
    });
    const leaving = [{ ...old('nod_1'), removing: true }, old('nod_2'), old('nod_3')];
    expect(outcome(aPoolView({ pool, members: leaving, candidates: [aCandidate('mch_9')] }))).toMatchObject({
      claims: ['mch_9'],
      releases: [],
    });
  });

  test('with a surge lets the spare in first and never falls below its size', () => {
    const pool = revised(UpdateStrategy.REPLACE, '0', '1');
    const members = ['nod_1', 'nod_2', 'nod_3'].map(old);
    expect(outcome(aPoolView({ pool, members, candidates: [aCandidate('mch_8'), aCandidate('mch_9')] }))).toMatchObject(
      {
        claims: ['mch_8'],
        releases: [],
      },
    );
    const more = [...members, { ...fresh('nod_8'), state: NodeState.PROVISIONING, ready: false }];
    expect(outcome(aPoolView({ pool, members: more })).releases).toEqual([]);
    expect(outcome(aPoolView({ pool, members: [...members, fresh('nod_8')] })).releases).toEqual([
      'nod_1 TemplateChanged',
    ]);
    expect(outcome(aPoolView({ pool, members })).message).toContain('waits for a spare to take over: no spare fits.');
  });
});

describe('a control plane', () => {
  const pool = aPoolRecord({ role: NodePoolRole.CONTROL_PLANE, size: 3 });
  const cluster = aClusterRecord();
  const named = { ...cluster, spec: { ...cluster.spec, endpoint: 'api.example.org' } };
  const role = NodePoolRole.CONTROL_PLANE;
  const three = ['nod_1', 'nod_2', 'nod_3'];
  const seats = (down: readonly string[]) => three.map((id) => aSeat(id, { running: !down.includes(id) }));

  test('lets a member go only when quorum stays, and says the numbers', () => {
    const members = three.map((id) => aMember(id, { role, retireRequested: id === 'nod_1' }));
    const view = aPoolView({ pool, cluster: named, members, controlPlane: seats(['nod_2']) });
    expect(outcome(view)).toMatchObject({ releases: [], state: 'SCALING_UP MachinesMissing' });
    const quarantined = { ...view, pool: aPoolRecord({ role, size: 3 }), members, controlPlane: seats([]) };
    expect(outcome(quarantined).releases).toEqual(['nod_1 MachineRetired']);
  });

  test('lets one member go at a time', () => {
    const members = three.map((id) => aMember(id, { role, retireRequested: id !== 'nod_3' }));
    const view = aPoolView({ pool, cluster: named, members, controlPlane: seats([]) });
    expect(outcome(view).releases).toEqual(['nod_1 MachineRetired']);
  });

  test('whose endpoint is the machine itself does not replace it', () => {
    const alone = aPoolRecord({ role, size: 1 });
    const members = [marked('nod_init', 'OperatorReplaced', { role })];
    const controlPlane = [aSeat('nod_init')];
    expect(outcome(aPoolView({ pool: alone, members, controlPlane, candidates: [aCandidate('mch_9')] }))).toMatchObject(
      {
        claims: [],
        releases: [],
        state: 'RUNNING EndpointIsMachine',
      },
    );
    expect(outcome(aPoolView({ pool: alone, members, controlPlane })).message).toContain('cannot be replaced');
    const withName = aPoolView({
      pool: alone,
      cluster: named,
      members,
      controlPlane,
      candidates: [aCandidate('mch_9')],
    });
    expect(outcome(withName).claims).toEqual(['mch_9']);
  });
});
