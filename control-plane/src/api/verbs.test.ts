import { HealthVerdict, NodeState, RepairRung, RepairState, Role } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMachine, putNode, putNodeStatus } from '../testing/fleet.js';
import { openOperator, type Operator } from '../testing/operator.js';
import { refusal } from '../testing/refusal.js';
import { openTestServer, type TestServer } from '../testing/server.js';

let server: TestServer;
let operator: Operator;
let member: Operator;
const workers = { cluster: 'demo', name: 'workers' };

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
  await operator.clusters.createCluster({ name: 'demo' });
  await operator.pools.createNodePool({ cluster: 'demo', name: 'workers', spec: { ...emptyPool, size: 3 } });
  const { secret } = await operator.access.createApiKey({ name: 'member', role: Role.MEMBER });
  member = openOperator(server.port, server.admin.caPem, secret);
});
afterAll(async () => {
  operator.close();
  member.close();
  await server.remove();
});

const emptyPool = {
  role: 0,
  size: undefined,
  selector: undefined,
  template: undefined,
  health: undefined,
  update: undefined,
  drainTimeout: undefined,
};
const dry = { requestId: '', validateOnly: true };
const forced = { timeout: { seconds: 60n, nanos: 0 }, force: true };

describe('a node', () => {
  it('is cordoned and uncordoned; asking again changes nothing', async () => {
    await putNode(server.store, workers, 'n1');
    const { node } = await operator.nodes.cordonNode({ node: 'n1' });
    expect(node?.spec).toEqual({ cordoned: true, drained: false });
    const again = await operator.nodes.cordonNode({ node: 'n1' });
    expect(again.node?.meta?.etag).toBe(node?.meta?.etag);
    await operator.nodes.drainNode({ node: 'n1', drain: { timeout: { seconds: 90n, nanos: 0 }, force: false } });
    expect((await operator.nodes.getNode({ node: 'n1' })).node?.spec).toEqual({ cordoned: true, drained: true });
    expect((await operator.nodes.uncordonNode({ node: 'n1' })).node?.spec).toEqual({ cordoned: false, drained: false });
    const record = await server.store.read.node(node?.meta?.id ?? '');
    expect([record?.cordon, record?.drain]).toEqual([undefined, undefined]);
  });

  it('is drained by force only for an ADMIN, whichever verb drains', async () => {
    await putNode(server.store, workers, 'n2');
    for (const work of [
      member.nodes.drainNode({ node: 'n2', drain: forced }),
      member.nodes.replaceNode({ node: 'n2', drain: forced }),
      member.nodes.removeNode({ node: 'n2', drain: forced }),
    ]) {
      expect(await refusal(work)).toMatchObject({
        code: 'PERMISSION_DENIED',
        reason: 'FORCE_NEEDS_ADMIN',
        fields: ['drain.force'],
      });
    }
    await operator.nodes.drainNode({ node: 'n2', drain: forced });
    const { items } = await server.store.read.nodes({ filter: 'name = n2' });
    expect(items[0]?.drain).toMatchObject({ force: true, timeoutMs: 60_000, by: 'api-key:bootstrap' });
  });

  it('shows how far its drain is, what its health is and what is done about it', async () => {
    const node = await putNode(server.store, workers, 'n3');
    const drain = {
      podsLeft: 2,
      blocked: ['web/a: budget'],
      startedAtMs: 5,
      deadlineAtMs: 9,
      parked: true,
      forced: false,
      retry: 0,
      counted: true,
    };
    await putNodeStatus(server.store, node, { drain, observedTemplateRevision: 4 });
    const health = {
      verdict: HealthVerdict.KUBELET_SICK,
      reason: 'KubeletUnhealthy',
      message: 'down for 61 s',
      sinceMs: 10,
      actAtMs: 20,
      hold: '',
      healthySinceMs: undefined,
      fallsAtMs: [],
    };
    const repair = {
      id: 'rep_a',
      projectId: node.projectId,
      clusterId: node.clusterId,
      poolId: node.poolId,
      nodeId: node.id,
      machineId: node.machineId,
      cause: 'KubeletUnhealthy',
      rung: RepairRung.RESTART_RUNTIME,
      attempt: 1,
      state: RepairState.RUNNING,
      message: 'containerd restarts',
      startedAtMs: 1,
      rungStartedAtMs: 2,
      rungDeadlineAtMs: 3,
      bootId: '',
      endedAtMs: undefined,
      history: [
        { rung: RepairRung.RESTART_KUBELET, startedAtMs: 1, endedAtMs: 2, outcome: 'NotObserved', message: 'm' },
      ],
    };
    await server.store.commit(
      [
        { kind: 'node.health', nodeId: node.id, health },
        { kind: 'repair.open', repair },
      ],
      { owner: 'health', nowMs: Date.now(), actor: 'test' },
    );
    const { status } = (await operator.nodes.getNode({ node: 'n3' })).node ?? {};
    expect(status?.drain).toMatchObject({ podsLeft: 2, blocked: ['web/a: budget'], parked: true });
    expect(status).toMatchObject({ observedTemplateRevision: 4n });
    expect(status?.health).toMatchObject({
      verdict: HealthVerdict.KUBELET_SICK,
      actTime: new Date(20),
      repair: { rung: RepairRung.RESTART_RUNTIME, state: RepairState.RUNNING, endTime: undefined },
    });
    expect(status?.health?.repair?.history).toMatchObject([{ outcome: 'NotObserved' }]);
  });

  it('is replaced, or removed with its place; nothing else is asked of one that leaves', async () => {
    await putNode(server.store, workers, 'n4');
    const { node } = await operator.nodes.replaceNode({ node: 'n4' });
    expect(node?.status?.removalReason).toBe('OperatorReplaced');
    await putNode(server.store, workers, 'n5');
    const removed = await operator.nodes.removeNode({ node: 'n5', shrink: true });
    expect(removed.node?.meta?.deleteTime).toBeDefined();
    expect((await operator.pools.getNodePool({ nodePool: 'workers' })).nodePool?.spec?.size).toBe(2);
    // Asked again, the pool does not shrink again.
    await operator.nodes.removeNode({ node: 'n5', shrink: true });
    expect((await operator.pools.getNodePool({ nodePool: 'workers' })).nodePool?.spec?.size).toBe(2);
    expect((await refusal(operator.nodes.cordonNode({ node: 'n5' }))).reason).toBe('NODE_LEAVING');
    // An Admin may hurry it.
    await operator.nodes.removeNode({ node: 'n5', drain: forced });
    expect((await server.store.read.node(removed.node?.meta?.id ?? ''))?.removal).toMatchObject({ force: true });
  });

  it('says no to a timeout that is none', async () => {
    await putNode(server.store, workers, 'n6');
    const timeout = { seconds: -5n, nanos: 0 };
    expect((await refusal(operator.nodes.drainNode({ node: 'n6', drain: { timeout, force: false } }))).fields).toEqual([
      'drain.timeout',
    ]);
    const { node } = await operator.nodes.drainNode({ node: 'n6', options: dry });
    expect(node?.spec?.drained).toBe(true);
    expect((await operator.nodes.getNode({ node: 'n6' })).node?.spec?.drained).toBe(false);
  });
});

describe('a control plane', () => {
  it('keeps its quorum, whatever is asked', async () => {
    const pool = { cluster: 'demo', name: 'control-plane' };
    const only = await putNode(server.store, pool, 'cp1');
    for (const work of [
      operator.nodes.removeNode({ node: 'cp1' }),
      operator.nodes.replaceNode({ node: 'cp1' }),
      operator.machines.quarantineMachine({ machine: 'cp1' }),
      operator.machines.deleteMachine({ machine: 'cp1' }),
    ]) {
      expect(await refusal(work)).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'QUORUM_AT_RISK' });
    }
    const second = await putNode(server.store, pool, 'cp2');
    await putNode(server.store, pool, 'cp3');
    await operator.nodes.replaceNode({ node: 'cp1', options: dry });
    await putNodeStatus(server.store, second, { state: NodeState.FAILED });
    const late = await refusal(operator.nodes.removeNode({ node: 'cp1' }));
    expect(late.message).toContain('of the 2 others 1 run, and 2 are needed');
    expect((await refusal(operator.nodes.removeNode({ node: 'cp2', shrink: true }))).fields).toEqual(['shrink']);
    expect(only.removal).toBeUndefined();
  });
});

describe('a machine', () => {
  it('changes what the mask names', async () => {
    const id = await putMachine(server.store, 'm1');
    const location = { provider: 'aws', region: 'eu', zone: 'a' };
    await operator.machines.updateMachine({ machine: id, labels: { rack: '1' }, location, remediationDisabled: true });
    const { machine } = await operator.machines.updateMachine({
      machine: 'm1',
      labels: { rack: '2' },
      updateMask: ['labels'],
    });
    expect(machine).toMatchObject({ meta: { labels: { rack: '2' } }, spec: { location, remediationDisabled: true } });
    const wrong = await refusal(operator.machines.updateMachine({ machine: 'm1', updateMask: ['lables'] }));
    expect(wrong).toMatchObject({ fields: ['update_mask'] });
    expect(wrong.message).toContain('did you mean labels');
    const bad = { labels: { 'not ok': '' }, location: { provider: 'a b', region: '', zone: '' } };
    expect((await refusal(operator.machines.updateMachine({ machine: 'm1', ...bad }))).fields).toEqual([
      'labels["not ok"]',
      'location.provider',
    ]);
    expect((await refusal(operator.machines.updateMachine({ machine: 'm1', etag: 'v1' }))).reason).toBe(
      'ETAG_MISMATCH',
    );
  });

  it('goes to quarantine and comes back', async () => {
    await putMachine(server.store, 'm2');
    const { machine } = await operator.machines.quarantineMachine({ machine: 'm2', reason: 'smells of smoke' });
    expect(machine?.spec).toMatchObject({ quarantined: true, quarantineReason: 'smells of smoke' });
    const released = await operator.machines.releaseMachine({ machine: 'm2' });
    expect(released.machine?.spec).toMatchObject({ quarantined: false, quarantineReason: '' });
    const again = await operator.machines.releaseMachine({ machine: 'm2' });
    expect(again.machine?.meta?.etag).toBe(released.machine?.meta?.etag);
    expect(
      (await refusal(operator.machines.quarantineMachine({ machine: 'm2', reason: 'a\u001b[2Jb' }))).fields,
    ).toEqual(['reason']);
    await operator.machines.deleteMachine({ machine: 'm2' });
    expect((await refusal(operator.machines.releaseMachine({ machine: 'm2' }))).reason).toBe('MACHINE_RETIRED');
  });
});

describe('a pause', () => {
  it.each([
    ['cluster', (o: Operator) => [o.clusters.pauseCluster, o.clusters.resumeCluster, { cluster: 'demo' }] as const],
    ['pool', (o: Operator) => [o.pools.pauseNodePool, o.pools.resumeNodePool, { nodePool: 'workers' }] as const],
    ['machine', (o: Operator) => [o.machines.pauseMachine, o.machines.resumeMachine, { machine: 'm3' }] as const],
  ])('of a %s lasts two hours unless told, at most seven days, and ends when asked', async (kind, calls) => {
    if (kind === 'machine') await putMachine(server.store, 'm3');
    const [pause, resume, of] = calls(operator);
    const statusOf = (answer: object) =>
      (Object.values(answer)[0] as { status: { pause?: { untilTime: Date; reason: string; createdBy: string } } })
        .status;
    const { pause: seen } = statusOf(await pause({ ...of, reason: 'moving racks' }));
    expect(seen).toMatchObject({ reason: 'moving racks', createdBy: 'api-key:bootstrap' });
    expect(Math.abs((seen?.untilTime.getTime() ?? 0) - Date.now() - 7_200_000)).toBeLessThan(60_000);
    const eightDays = { seconds: 8n * 86_400n, nanos: 0 };
    expect((await refusal(pause({ ...of, duration: eightDays }))).fields).toEqual(['duration']);
    expect((await refusal(pause({ ...of, duration: { seconds: 1n, nanos: 1_500_000_000 } }))).fields).toEqual([
      'duration',
    ]);
    expect(statusOf(await resume(of)).pause).toBeUndefined();
    expect(statusOf(await resume(of)).pause).toBeUndefined();
  });
});
