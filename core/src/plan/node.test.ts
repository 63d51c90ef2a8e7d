import {
  Bootstrap,
  MachineRole,
  Membership,
  NodePoolRole,
  NodeState,
  NonceReport,
  NonceState,
  ObservedState,
  RepairRung,
  SessionState,
  StepReport,
  StepState,
  TargetCluster,
} from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { rungNonce } from '../domain/health-records.js';
import type { NodeView } from '../domain/views.js';
import {
  aKubernetesNode,
  aMachineRecord,
  aNodeRecord,
  aNodeView,
  aRepair,
  aSeat,
  aTarget,
  someNodeFacts,
} from '../testing/records.js';
import { someNodeStatus } from '../testing/samples.js';
import { planNode } from './node.js';
import { agentPhases } from './phases.js';

const ready = someNodeStatus(NodeState.RUNNING, {
  readyAtMs: 1,
  registeredAtMs: 1,
  schedulable: true,
  observedTemplateRevision: 1,
});
const target = aTarget(
  { role: MachineRole.WORKER, nodeId: 'nod_a', cluster: TargetCluster.create({ bootstrap: Bootstrap.JOIN }) },
  3,
);
const observed = (over: Partial<ObservedState>) =>
  ObservedState.create({
    acknowledgedGeneration: 3n,
    observedGeneration: 3n,
    membership: Membership.create({ role: MachineRole.WORKER, clusterId: 'clu_a' }),
    templateRevision: 1n,
    ...over,
  });
const look = (over: Partial<NodeView>, facts: Parameters<typeof someNodeFacts>[0] = {}) =>
  planNode(aNodeView({ target, ...over }), someNodeFacts(facts));

describe('a node that runs', () => {
  const running = (report: Partial<ObservedState>, over: Parameters<typeof aNodeRecord>[0] = {}) =>
    look({ node: aNodeRecord({ status: ready, ...over }), machine: aMachineRecord({ observed: observed(report) }) })
      .status;

  test('shows the revision that its host has, and keeps the last when the host says nothing', () => {
    expect(running({ templateRevision: 2n })).toMatchObject({ reason: 'Ready', observedTemplateRevision: 2 });
    expect(running({ templateRevision: 0n }).observedTemplateRevision).toBe(1);
  });

  test('whose host cannot take its settings says why and what to do', () => {
    const problems = [{ code: 'KUBELET_SETTINGS_REFUSED', message: 'it does not start.', remedy: 'Ask for less.' }];
    const steps = [StepReport.create({ phase: 'maintenance', state: StepState.PARKED, problems })];
    const status = running({ steps }, { templateRevision: 2 });
    expect(status).toMatchObject({ state: NodeState.RUNNING, reason: 'UpdateParked' });
    expect(status.message).toBe(
      'The settings of revision 2 could not be made. KUBELET_SETTINGS_REFUSED: it does not start. Do this: Ask for less. Then run: flotilla retry node web-1',
    );
  });

  test('says who keeps pods away from it', () => {
    const cordon = { atMs: 1, by: 'api-key:me' };
    const node = aNodeRecord({ status: ready, cordon });
    const kubernetes = aKubernetesNode({ unschedulable: true, annotations: { 'flotilla.dev/cordon': 'flotilla' } });
    expect(look({ node }, { kubernetes }).status).toMatchObject({
      state: NodeState.RUNNING_SCHEDULING_DISABLED,
      message: 'The node is Ready; api-key:me keeps new pods away from it.',
    });
  });
});

test('a node that has joined and is not Ready yet does not fail for settings that its host refuses', () => {
  const problems = [{ code: 'KUBELET_SETTINGS_REFUSED', message: 'it does not start.', remedy: 'Ask for less.' }];
  const steps = [StepReport.create({ phase: 'maintenance', state: StepState.PARKED, problems })];
  const node = aNodeRecord({
    templateRevision: 2,
    status: { ...ready, state: NodeState.PROVISIONED, readyAtMs: undefined },
  });
  const kubernetes = aKubernetesNode({ ready: false });
  const { status } = look({ node, machine: aMachineRecord({ observed: observed({ steps }) }) }, { kubernetes });
  expect(status).toMatchObject({ state: NodeState.PROVISIONED, reason: 'UpdateParked' });
});

test('a warning is shown; its event is told by whoever judges health', () => {
  const live = { connected: false, lastHeardMs: 0, watchedSinceMs: 0, deadlineMs: 15_000, ownStallMs: 0 };
  const plan = look({ node: aNodeRecord({ status: ready }) }, { live });
  expect(plan.status.warning).toBe('ManagementLost');
  expect(plan.notes.filter(({ category }) => category === 'Health')).toEqual([]);
});

describe('the bootstrap token of a repair', () => {
  const node = aNodeRecord({ status: ready });
  const kinds = (rung: RepairRung, report: Partial<ObservedState>, facts: Parameters<typeof someNodeFacts>[0]) =>
    look({ node, repair: aRepair({ rung }), machine: aMachineRecord({ observed: observed(report) }) }, facts)
      .acts.map(({ kind }) => kind)
      .filter((kind) => kind.endsWith('token'));
  const held = { tokenHeld: true, tokenUsable: true };
  const renews = RepairRung.RENEW_CERTIFICATES;
  const nonces = (state: NonceState) => ({
    nonces: [NonceReport.create({ act: 'renew-certificates', nonce: rungNonce(aRepair({ rung: renews })), state })],
  });

  test('is made for a renewal before it is ordered, kept while it runs, and deleted when it ended', () => {
    expect(kinds(renews, {}, {})).toEqual(['mint-token']);
    expect(kinds(renews, {}, held)).toEqual([]);
    expect(kinds(renews, nonces(NonceState.STARTED), held)).toEqual([]);
    for (const state of [NonceState.DONE, NonceState.FAILED, NonceState.INTERRUPTED])
      expect(kinds(renews, nonces(state), held)).toEqual(['drop-token']);
    expect(kinds(RepairRung.RESTART_KUBELET, {}, held)).toEqual(['drop-token']);
    expect(kinds(RepairRung.RESTART_KUBELET, {}, {})).toEqual([]);
  });

  test('is made for one that joins again when the join is next, whatever its old Node object says', () => {
    const done = agentPhases.map((phase) => StepReport.create({ phase, state: StepState.DONE }));
    const next = StepReport.create({ phase: 'join', state: StepState.WAITING });
    const left = { membership: undefined, observedGeneration: 2n };
    expect(kinds(RepairRung.REJOIN, { ...left, steps: done.slice(0, 2) }, {})).toEqual([]);
    expect(kinds(RepairRung.REJOIN, { ...left, steps: [...done, next] }, {})).toEqual(['mint-token']);
    expect(kinds(RepairRung.REJOIN, { ...left, steps: [...done, next] }, held)).toEqual([]);
    expect(kinds(RepairRung.REJOIN, {}, held)).toEqual(['drop-token']);
  });
});

describe('a node whose machine is kept as it is', () => {
  const removal = { atMs: 1, reason: 'Unhealthy', by: 'rule:pool', drain: false, preserve: true } as const;
  const node = aNodeRecord({ removal, status: { ...ready, state: NodeState.DELETING } });
  const isolated = aTarget(
    {
      ...target.target,
      maintenance: {
        drained: false,
        rebootNonce: '',
        restartKubeletNonce: '',
        restartRuntimeNonce: '',
        renewCertificatesNonce: '',
        resetNonce: '',
        retryNonce: '',
        freeDiskNonce: '',
        isolated: true,
      },
    },
    4,
  );
  const heard = (report: Partial<ObservedState>) => aMachineRecord({ preserved: true, observed: observed(report) });

  test('is deleted at the API server only when the host is isolated, or is not heard', () => {
    const waits = look({ node, target: isolated, machine: heard({}) });
    expect([waits.status.reason, waits.acts]).toEqual(['Isolating', []]);
    const proven = look({ node, target: isolated, machine: heard({ isolated: true }) });
    expect(proven.acts).toEqual([{ kind: 'delete-node', uid: 'uid-1' }]);
    const live = { connected: false, lastHeardMs: 0, watchedSinceMs: 0, deadlineMs: 15_000, ownStallMs: 0 };
    const silent = { ...heard({}), session: SessionState.DISCONNECTED };
    expect(look({ node, target: isolated, machine: silent }, { live }).acts).toEqual([
      { kind: 'delete-node', uid: 'uid-1' },
    ]);
  });

  test('ends when its Node object is gone, and nothing was cleaned', () => {
    const plan = look({ node, target: isolated, machine: heard({ isolated: true }) }, { kubernetes: undefined });
    expect(plan).toMatchObject({ ended: true, status: { state: NodeState.DELETED, cleanedAtMs: undefined } });
    expect(plan.status.message).toBe('The node has left: its machine is isolated and kept as it is.');
  });
});

test('a member of the control plane does not leave while quorum is at risk', () => {
  const removal = { atMs: 1, reason: 'OperatorRemoved', by: 'me', drain: true } as const;
  const node = aNodeRecord({
    role: NodePoolRole.CONTROL_PLANE,
    removal,
    status: { ...ready, state: NodeState.DELETING },
  });
  const controlPlane = [
    aSeat('nod_a', { name: 'web-1', removing: true }),
    aSeat('nod_b', { running: false }),
    aSeat('nod_c'),
  ];
  const plan = look({ node, controlPlane });
  expect(plan.status).toMatchObject({ reason: 'QuorumAtRisk', drainedAtMs: undefined });
  expect(plan.acts).toEqual([]);
});
