import {
  ClusterCredentials,
  ClusterState,
  ConditionStatus,
  NodePoolRole,
  NodeState,
  ObservedState,
} from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import type { ClusterRecord } from '../domain/records.js';
import type { ClusterView } from '../domain/views.js';
import { aClusterRecord, aMachineRecord, aNodeRecord, aPoolRecord, aProjectRecord } from '../testing/records.js';
import { someFacts, someNodeStatus } from '../testing/samples.js';
import { planCluster, type ClusterFacts } from './cluster.js';

const facts = (over: Partial<ClusterFacts> = {}): ClusterFacts => ({
  now: { wallMs: 5000, monotonicMs: 5000 },
  link: undefined,
  addonProblem: '',
  addonsApplied: false,
  network: undefined,
  external: undefined,
  ...over,
});
const pending = (over: Partial<ClusterRecord['status']> = {}, record: Partial<ClusterRecord> = {}): ClusterRecord => {
  const base = aClusterRecord(record);
  const status = {
    ...base.status,
    state: ClusterState.PENDING,
    endpoint: '',
    caCertHashes: [],
    initNodeId: '',
    provisionedAtMs: undefined,
    ...over,
  };
  return { ...base, status };
};
const member = (
  name: string,
  address: string,
  over: { credentials?: ClusterCredentials; state?: NodeState; removing?: boolean } = {},
) => ({
  node: aNodeRecord({
    id: `nod_${name}`,
    name,
    role: NodePoolRole.CONTROL_PLANE,
    status: someNodeStatus(over.state ?? NodeState.PENDING),
    removal: over.removing === true ? { atMs: 1, reason: 'OperatorRemoved', by: 'me', drain: false } : undefined,
  }),
  machine: aMachineRecord({
    name,
    facts: someFacts(name, { nodeAddress: address }),
    observed: ObservedState.create({ credentials: over.credentials }),
  }),
});
const view = (cluster: ClusterRecord, controlPlane: ClusterView['controlPlane']): ClusterView => ({
  cluster,
  controlPlane,
  pools: [],
  nodesTotal: controlPlane.length,
  nodesRunning: 0,
  project: aProjectRecord(),
});
const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
const credentials = ClusterCredentials.create({
  caCertificate: pem('ca'),
  clientCertificate: pem('client'),
  caCertHash: `sha256:${'b'.repeat(64)}`,
});

describe('a cluster', () => {
  test('waits for its first machine, and has its key made meanwhile', () => {
    const plan = planCluster(view(pending({}, { access: undefined }), []), facts());
    expect(plan).toMatchObject({
      makeKeys: true,
      status: { state: ClusterState.PENDING, reason: 'WaitingForMachines' },
    });
  });

  test('chooses the first machine that was claimed, with its address as endpoint', () => {
    const { status } = planCluster(view(pending(), [member('a', '10.0.0.1'), member('b', '10.0.0.2')]), facts());
    expect(status).toMatchObject({ state: ClusterState.PROVISIONING, initNodeId: 'nod_a', endpoint: '10.0.0.1:6443' });
  });

  test('stays with its choice when the address moves, and with the next machine takes its address', () => {
    const chosen = pending({ initNodeId: 'nod_a', endpoint: '10.0.0.1:6443', state: ClusterState.PROVISIONING });
    const moved = planCluster(view(chosen, [member('a', '10.0.0.9')]), facts());
    expect(moved.status).toMatchObject({ initNodeId: 'nod_a', endpoint: '10.0.0.1:6443' });
    const replaced = planCluster(
      view(chosen, [member('a', '10.0.0.1', { removing: true }), member('b', '10.0.0.2')]),
      facts(),
    );
    expect(replaced.status).toMatchObject({ initNodeId: 'nod_b', endpoint: '10.0.0.2:6443' });
  });

  test('takes credentials from the machine that initialises only, and only whole ones', () => {
    const chosen = pending({ initNodeId: 'nod_a', endpoint: 'e:1', state: ClusterState.PROVISIONING });
    const good = planCluster(view(chosen, [member('a', '10.0.0.1', { credentials })]), facts());
    expect(good.access).toMatchObject({ caCertificate: pem('ca'), clientCertificate: pem('client') });
    expect(good.status.caCertHashes).toEqual([credentials.caCertHash]);
    const other = planCluster(
      view(chosen, [member('a', '10.0.0.1'), member('b', '10.0.0.2', { credentials })]),
      facts(),
    );
    expect(other.access).toBeUndefined();
    const broken = ClusterCredentials.create({ ...credentials, caCertHash: 'sha256:x' });
    expect(
      planCluster(view(chosen, [member('a', '10.0.0.1', { credentials: broken })]), facts()).access,
    ).toBeUndefined();
  });

  test('is provisioned when its API server answers, and then needs what runs in it', () => {
    const chosen = pending({ initNodeId: 'nod_a', endpoint: 'e:1', state: ClusterState.PROVISIONING });
    const link = { known: true, problem: '' };
    const plan = planCluster(view(chosen, [member('a', '10.0.0.1')]), facts({ link }));
    expect(plan).toMatchObject({
      applyAddons: true,
      status: { state: ClusterState.PROVISIONED, provisionedAtMs: 5000 },
    });
    expect(planCluster(view(chosen, [member('a', '')]), facts({ link, addonsApplied: true })).applyAddons).toBe(false);
  });

  test('whose machine cannot go on needs a person', () => {
    const chosen = pending({ initNodeId: 'nod_a', endpoint: 'e:1', state: ClusterState.PROVISIONING });
    const { status } = planCluster(view(chosen, [member('a', '10.0.0.1', { state: NodeState.FAILED })]), facts());
    expect(status).toMatchObject({ state: ClusterState.FAILED, message: 'a: A sample.' });
  });

  test('is gone when no machine and no pool is left, in two looks', () => {
    const deleting = aClusterRecord({ deleteRequestedAtMs: 1 });
    const first = planCluster(view(deleting, []), facts());
    expect(first).toMatchObject({ gone: false, recheckMs: 0, status: { state: ClusterState.DELETING } });
    const seen = { ...deleting, status: { ...deleting.status, state: ClusterState.DELETING } };
    expect(planCluster(view(seen, []), facts()).gone).toBe(true);
  });

  const pool = aPoolRecord({ role: NodePoolRole.CONTROL_PLANE, size: 3 });
  const seat = (name: string, over: { ready?: boolean; joined?: boolean; removing?: boolean } = {}) => {
    const made = member(name, '10.0.0.1', { state: NodeState.RUNNING, removing: over.removing === true });
    const { ready = true, joined = true } = over;
    const status = { ...made.node.status, kubernetesReady: ready, readyAtMs: joined ? 1 : undefined };
    return { ...made, node: { ...made.node, status } };
  };
  const provisioned = aClusterRecord();
  const led = { ...provisioned, status: { ...provisioned.status, initNodeId: 'nod_a', endpoint: 'api:6443' } };
  const answering = { link: { known: true, problem: '' }, addonsApplied: true };
  const look = (...seats: ClusterView['controlPlane']) =>
    planCluster({ ...view(led, seats), pools: [pool] }, facts(answering)).status;

  test('of several members says how many run, and what it can lose', () => {
    expect(look(seat('a'), seat('b'), seat('c'))).toMatchObject({
      reason: 'Provisioned',
      controlPlaneReplicas: 3,
      controlPlaneRunning: 3,
    });
    expect(look(seat('a'), seat('b'), seat('c', { ready: false }))).toMatchObject({
      reason: 'ControlPlaneDegraded',
      message: 'The control plane answers, but 2 of 3 control-plane members run; 2 must run for it to answer.',
    });
    expect(look(seat('a'), seat('b', { ready: false, joined: false }))).toMatchObject({
      reason: 'ControlPlaneGrowing',
      message: 'The control plane answers: 1 of 3 control-plane members run.',
    });
  });

  test('passes the leading part on when its member goes, and keeps its endpoint', () => {
    expect(look(seat('a', { removing: true }), seat('b', { ready: false }), seat('c'))).toMatchObject({
      initNodeId: 'nod_c',
      endpoint: 'api:6443',
    });
    expect(look(seat('b'), seat('c'))).toMatchObject({ initNodeId: 'nod_b', endpoint: 'api:6443' });
    // Nobody to pass it on to: it stays where it is.
    expect(look(seat('a', { removing: true }))).toMatchObject({ initNodeId: 'nod_a' });
  });

  test('says of its pod network how many nodes wait, and why when somebody has looked', () => {
    const condition = (network: ClusterFacts['network']) =>
      planCluster(view(led, [seat('a')]), facts({ ...answering, network })).status.conditions.find(
        (c) => c.type === 'NetworkReady',
      );
    expect(condition(undefined)?.status).toBe(ConditionStatus.UNKNOWN);
    expect(condition({ waiting: 0, explained: '' })?.status).toBe(ConditionStatus.TRUE);
    expect(condition({ waiting: 2, explained: '' })).toMatchObject({
      status: ConditionStatus.FALSE,
      message: '2 nodes waiting for the pod network.',
    });
    expect(condition({ waiting: 2, explained: 'Pod x cannot pull.' })?.message).toBe('Pod x cannot pull.');
  });
});
