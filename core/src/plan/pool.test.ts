import { MachineState, NodePoolRole, NodePoolState, NodeState, SessionState } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import type { PoolView } from '../domain/views.js';
import { aCandidate, aClusterRecord, aMember, aPoolRecord, aPoolView } from '../testing/records.js';
import { planPool } from './pool.js';
import { mismatchReasons } from './pool-match.js';
import { releaseOrder } from './pool-release.js';

const claimed = (view: PoolView): string[] => planPool(view).claims.map((c) => c.machineId);

describe('an open pool', () => {
  test('takes who enrolled for it, connected or not, and nobody else', () => {
    const candidates = [
      aCandidate('mch_1', { wantedPoolId: 'pol_a', session: SessionState.DISCONNECTED }),
      aCandidate('mch_2'),
      aCandidate('mch_3', { wantedPoolId: 'pol_a', quarantined: true }),
      aCandidate('mch_4', { wantedPoolId: 'pol_a', state: MachineState.CLEANING }),
    ];
    expect(claimed(aPoolView({ candidates }))).toEqual(['mch_1']);
  });
});

describe('a sized pool', () => {
  const pool = aPoolRecord({ size: 2 });

  test('takes those that enrolled for it first, then spares that match, and no more than it lacks', () => {
    const candidates = [aCandidate('mch_1'), aCandidate('mch_2'), aCandidate('mch_3', { wantedPoolId: 'pol_a' })];
    expect(claimed(aPoolView({ pool, candidates }))).toEqual(['mch_3', 'mch_1']);
    expect(claimed(aPoolView({ pool, candidates, members: [aMember('nod_1')] }))).toEqual(['mch_3']);
    expect(
      claimed(aPoolView({ pool, candidates, members: [aMember('nod_1', { removing: true }), aMember('nod_2')] })),
    ).toEqual(['mch_3']);
  });

  test('says how many are missing and why each candidate did not match', () => {
    const candidates = [
      aCandidate('mch_1', { session: SessionState.SILENT }),
      aCandidate('mch_2', { removedByOperator: true }),
    ];
    const { status, claims } = planPool(aPoolView({ pool, candidates }));
    expect(claims).toEqual([]);
    expect(status).toMatchObject({
      state: NodePoolState.SCALING_UP,
      missing: 2,
      message: '2 of 2 machines are missing: 2 spares looked at, none fits.',
      mismatches: [
        { machineId: 'mch_1', reasons: ['its agent is not connected'] },
        { machineId: 'mch_2', reasons: ['an operator took it out of this pool; change the pool to take it back'] },
      ],
    });
  });

  test('leaves unbound spares to a control plane that lacks machines', () => {
    const candidates = [aCandidate('mch_1'), aCandidate('mch_2', { wantedPoolId: 'pol_a' })];
    expect(claimed(aPoolView({ pool, candidates, controlPlaneMissing: 1 }))).toEqual(['mch_2']);
  });

  test('releases its surplus in the published order', () => {
    const members = [aMember('nod_1'), aMember('nod_2', { warning: 'HostGone' }), aMember('nod_3')];
    const { releases } = planPool(aPoolView({ pool, members }));
    expect(releases.map((r) => [r.member.nodeId, r.removal.reason, r.removal.drain])).toEqual([
      ['nod_2', 'ScaledDown', true],
    ]);
  });

  test('of a control plane never shrinks by itself', () => {
    const controlPlane = aPoolRecord({ role: NodePoolRole.CONTROL_PLANE, size: 1 });
    const { releases } = planPool(aPoolView({ pool: controlPlane, members: [aMember('nod_1'), aMember('nod_2')] }));
    expect(releases).toEqual([]);
  });

  test('gives up a machine that is to be retired and takes another', () => {
    const members = [aMember('nod_1', { retireRequested: true }), aMember('nod_2')];
    const plan = planPool(aPoolView({ pool, members, candidates: [aCandidate('mch_9')] }));
    expect(plan.releases.map((r) => [r.member.nodeId, r.removal.reason])).toEqual([['nod_1', 'MachineRetired']]);
    expect(plan.claims.map((c) => c.machineId)).toEqual(['mch_9']);
  });
});

describe('a pool that goes', () => {
  const members = [aMember('nod_1'), aMember('nod_2', { removing: true })];

  test('lets its nodes leave, with a drain; without one when the cluster goes', () => {
    const deleted = aPoolRecord({ size: 2 }, { deleteRequestedAtMs: 1 });
    expect(planPool(aPoolView({ pool: deleted, members })).releases).toMatchObject([
      { removal: { reason: 'PoolDeleted', drain: true } },
    ]);
    const cluster = aClusterRecord({ deleteRequestedAtMs: 1 });
    const plan = planPool(
      aPoolView({ cluster, members, candidates: [aCandidate('mch_1', { wantedPoolId: 'pol_a' })] }),
    );
    expect(plan.releases).toMatchObject([{ removal: { reason: 'ClusterDeleted', drain: false } }]);
    expect(plan.claims).toEqual([]);
  });

  test('is gone once it is empty, and was seen deleting', () => {
    const deleting = aPoolRecord({}, { deleteRequestedAtMs: 1 });
    expect(planPool(aPoolView({ pool: deleting }))).toMatchObject({
      gone: false,
      status: { state: NodePoolState.DELETING },
    });
    const seen = { ...deleting, status: { ...deleting.status, state: NodePoolState.DELETING } };
    expect(planPool(aPoolView({ pool: seen })).gone).toBe(true);
  });
});

test('a pool whose nodes are all cordoned says so', () => {
  const members = [aMember('nod_1', { state: NodeState.RUNNING_SCHEDULING_DISABLED })];
  expect(planPool(aPoolView({ members })).status.state).toBe(NodePoolState.RUNNING_SCHEDULING_DISABLED);
});

test('the published order: unhealthy, cordoned, oldest revision, youngest', () => {
  const members = [
    aMember('nod_old', { claimedAtMs: 1, templateRevision: 2 }),
    aMember('nod_young', { claimedAtMs: 9, templateRevision: 2 }),
    aMember('nod_stale', { templateRevision: 1 }),
    aMember('nod_cordoned', { state: NodeState.RUNNING_SCHEDULING_DISABLED }),
    aMember('nod_sick', { ready: false }),
    aMember('nod_joining', { state: NodeState.PROVISIONING, ready: false, claimedAtMs: 9000 }),
  ];
  expect(releaseOrder(members).map((m) => m.nodeId)).toEqual([
    'nod_joining',
    'nod_sick',
    'nod_cordoned',
    'nod_stale',
    'nod_young',
    'nod_old',
  ]);
});

test('every rule of a selector is named when it does not match', () => {
  const pool = aPoolRecord({
    size: 1,
    selector: {
      matchLabels: { rack: 'r1' },
      os: 'ubuntu',
      arch: 'arm64',
      minCpus: 8,
      minMemoryBytes: 16n * 1024n ** 3n,
      minDiskBytes: 1n,
      location: { provider: '', region: 'eu', zone: '' },
    },
  });
  expect(mismatchReasons(aCandidate('mch_1'), pool.spec.selector, { needsSession: true })).toEqual([
    'label rack is not set, not "r1"',
    'os is debian, not ubuntu',
    'arch is amd64, not arm64',
    'region is not known, not eu',
    'it has 4 CPUs, fewer than 8',
    'it has 8.0 GiB of memory, less than 16.0 GiB',
  ]);
});
