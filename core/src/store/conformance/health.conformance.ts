import { ConditionStatus, HealthVerdict, NodePoolRole, NodeState, RepairRung, RepairState } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import type { NodeHealthRecord } from '../../domain/health-records.js';
import { aRepair } from '../../testing/records.js';
import { someCluster, someMachine, someNode, someNodeStatus, somePool } from '../../testing/samples.js';
import { by, nowMs, type Open } from './bench.conformance.js';

const sick: NodeHealthRecord = {
  verdict: HealthVerdict.KUBELET_SICK,
  reason: 'KubeletUnhealthy',
  message: 'The kubelet has not answered for 65 s.',
  sinceMs: nowMs,
  actAtMs: nowMs + 60_000,
  hold: '',
  healthySinceMs: undefined,
  fallsAtMs: [nowMs],
};

/** Health, repairs and pauses: what is written moves no version, and wakes who decides. */
export function healthConformance(opened: Open): void {
  const joined = async () => {
    const world = await opened();
    const cluster = someCluster(world.projectId, 'clu_a');
    const pool = somePool(cluster, 'pol_a', { role: NodePoolRole.CONTROL_PLANE, size: 1 });
    const machine = someMachine(world.projectId, 'mch_a', { location: { provider: 'p', region: 'r', zone: 'z' } });
    await world.commit('api', { kind: 'cluster.spec', cluster }, { kind: 'pool.spec', pool });
    await world.commit('enroll', { kind: 'machine.register', machine });
    await world.commit('pool', { kind: 'node.claim', node: someNode(pool, machine, 'nod_a') });
    const heard: string[] = [];
    world.store.onCommit((notice) => heard.push(...notice.touched.map((t) => `${t.kind}:${t.id}`)));
    return { ...world, pool, machine, heard };
  };
  const repair = { ...aRepair(), startedAtMs: nowMs };

  describe('health and repairs', () => {
    test('health moves no version and wakes the pool, the cluster, the machine and the ladder', async () => {
      const { store, commit, heard } = await joined();
      const before = await store.read.node('nod_a');
      await commit('health', { kind: 'node.health', nodeId: 'nod_a', health: sick });
      expect(heard.sort()).toEqual(['cluster:clu_a', 'health:clu_a', 'machine:mch_a', 'node:nod_a', 'pool:pol_a']);
      const condition = {
        type: 'KubeletUnhealthy',
        status: ConditionStatus.TRUE,
        reason: 'NoAnswer',
        message: 'm',
        lastTransitionTime: new Date(nowMs),
      };
      await commit('health', {
        kind: 'machine.health',
        machineId: 'mch_a',
        health: { conditions: [condition] },
      });
      const hold = { scope: 'pool', subject: 'a', reason: 'TooManyUnhealthy', message: 'm', unhealthy: 2, total: 3 };
      const scope = { healthy: 1, unhealthy: 2, total: 3, holds: [{ ...hold, limit: 1, sinceMs: nowMs }] };
      await commit('health', { kind: 'scope.health', of: 'pool', id: 'pol_a', health: scope });
      await commit('health', { kind: 'scope.health', of: 'cluster', id: 'clu_a', health: scope });
      expect(await store.read.node('nod_a')).toMatchObject({ version: before?.version, health: sick });
      expect((await store.read.machine('mch_a'))?.health).toEqual({ conditions: [condition] });
      expect(await store.read.pool('pol_a')).toMatchObject({ version: 1, health: scope });
      expect(await store.read.cluster('clu_a')).toMatchObject({ version: 1, health: scope });
      await expect(
        commit('health', { kind: 'scope.health', of: 'pool', id: 'no', health: scope }),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await store.close();
    });

    test('a node is under one repair at a time, and keeps what was done before', async () => {
      const { store, commit, heard } = await joined();
      await commit('health', { kind: 'repair.open', repair });
      expect(heard).toContain('health:clu_a');
      await expect(commit('health', { kind: 'repair.open', repair: { ...repair, id: 'rep_b' } })).rejects.toMatchObject(
        { code: 'CONFLICT', kind: 'conflict' },
      );
      const next = { ...repair, version: 1, rung: RepairRung.REBOOT, endedAtMs: nowMs, state: RepairState.SUCCEEDED };
      const history = [
        { rung: RepairRung.RESTART_KUBELET, startedAtMs: 1, endedAtMs: 2, outcome: 'NotObserved', message: 'm' },
      ];
      const update = { kind: 'repair.update' as const, repair: { ...next, history } };
      const expectation = { kind: 'repair' as const, id: 'rep_a', version: 1 };
      const committed = await store.commit([update], by('health', { expect: [expectation] }));
      expect(committed.versions).toEqual({ 'repair:rep_a': 2 });
      await expect(store.commit([update], by('health', { expect: [expectation] }))).rejects.toMatchObject({
        code: 'CONFLICT',
      });
      await commit('health', { kind: 'repair.open', repair: { ...repair, id: 'rep_b', startedAtMs: nowMs + 1 } });
      const runs = await store.read.repairsOf('nod_a', 10);
      expect(runs.map((r) => [r.id, r.version])).toEqual([
        ['rep_b', 1],
        ['rep_a', 2],
      ]);
      expect(runs[1]).toEqual({ ...next, version: 2, history });
      expect((await store.read.repairsOf('nod_a', 1)).map((r) => r.id)).toEqual(['rep_b']);
      await store.close();
    });

    test.each([
      [RepairRung.REPLACE, RepairState.SUCCEEDED, 'Succeeded'],
      [RepairRung.REBOOT, RepairState.CANCELLED, 'Interrupted'],
    ])('a run at rung %s ends with its node, and keeps what was done', async (rung, state, outcome) => {
      const { store, commit, heard } = await joined();
      const first = { rung: RepairRung.RESTART_KUBELET, startedAtMs: 1, endedAtMs: 2, outcome: 'Failed', message: 'm' };
      await commit('health', { kind: 'repair.open', repair: { ...repair, rung, history: [first] } });
      const status = someNodeStatus(NodeState.DELETING);
      await commit('node', { kind: 'node.status', nodeId: 'nod_a', status, ended: false });
      expect((await store.read.repairsOf('nod_a', 1))[0]?.endedAtMs).toBeUndefined();
      const deleted = someNodeStatus(NodeState.DELETED);
      const gone = { kind: 'node.status', nodeId: 'nod_a', status: deleted, ended: true } as const;
      const { versions } = await store.commit([gone], by('node'));
      const [ended] = await store.read.repairsOf('nod_a', 1);
      expect(ended).toMatchObject({ state, endedAtMs: nowMs, version: 2, history: [first, { rung, outcome }] });
      expect(versions['repair:rep_a']).toBe(2);
      expect(heard).toContain('repair:rep_a');
      await store.close();
    });

    test('the view of the ladder shows members with their live and their last repair', async () => {
      const { store, commit } = await joined();
      await commit('health', { kind: 'repair.open', repair });
      await commit('health', {
        kind: 'repair.update',
        repair: { ...repair, version: 1, endedAtMs: nowMs, state: RepairState.CANCELLED },
      });
      const rung = RepairRung.REPLACE;
      await commit('health', { kind: 'repair.open', repair: { ...repair, id: 'rep_b', rung, startedAtMs: nowMs + 1 } });
      await commit('health', { kind: 'node.health', nodeId: 'nod_a', health: sick });
      const view = await store.read.views.clusterHealth('clu_a');
      expect(view?.pools.map((p) => p.id)).toEqual(['pol_a']);
      expect(view?.members).toMatchObject([
        {
          nodeId: 'nod_a',
          machineName: 'host-a',
          role: NodePoolRole.CONTROL_PLANE,
          provider: 'p',
          region: 'r',
          zone: 'z',
          state: NodeState.PENDING,
          removing: false,
          wasReady: false,
          health: sick,
          repair: { id: 'rep_b' },
          lastRepair: { id: 'rep_a', state: RepairState.CANCELLED },
        },
      ]);
      expect((await store.read.views.pool('pol_a'))?.members[0]?.replace).toBe('Unhealthy');
      expect((await store.read.views.machine('mch_a'))?.repair?.id).toBe('rep_b');
      expect((await store.read.views.node('nod_a'))?.controlPlane).toMatchObject([{ nodeId: 'nod_a', zone: 'z' }]);
      expect(await store.read.views.clusterHealth('no')).toBeUndefined();
      await store.close();
    });

    test('a pause is the operator s, ends when it is taken back, and wakes the ladder', async () => {
      const { store, commit, heard } = await joined();
      const pause = { untilMs: nowMs + 1, reason: 'maintenance', by: 'api-key:me' };
      for (const [of, id] of [
        ['cluster', 'clu_a'],
        ['pool', 'pol_a'],
        ['machine', 'mch_a'],
      ] as const) {
        heard.length = 0;
        await commit('api', { kind: 'pause.set', of, id, pause });
        expect(heard).toContain('health:clu_a');
        expect(await store.read[of](id)).toMatchObject({ pause });
        await commit('api', { kind: 'pause.set', of, id, pause: undefined });
        expect((await store.read[of](id))?.pause).toBeUndefined();
      }
      await store.close();
    });

    test('a machine that is kept goes to quarantine with the release of its node', async () => {
      const { store, commit } = await joined();
      const removal = { atMs: nowMs, reason: 'Unhealthy', by: 'rule:pool', drain: false, preserve: true } as const;
      await commit('pool', { kind: 'node.release', nodeId: 'nod_a', removal });
      expect(await store.read.machine('mch_a')).toMatchObject({
        quarantined: true,
        preserved: true,
        quarantineReason: 'Unhealthy: no repair helped',
      });
      const forced = {
        atMs: nowMs,
        reason: 'OperatorRemoved',
        by: 'me',
        drain: true,
        force: true,
        timeoutMs: 5,
      } as const;
      await commit('api', { kind: 'node.remove', nodeId: 'nod_a', removal: forced });
      expect((await store.read.node('nod_a'))?.removal).toEqual({ ...removal, force: true, timeoutMs: 5 });
      await commit('api', { kind: 'machine.spec', machineId: 'mch_a', set: { quarantined: false, preserved: false } });
      expect(await store.read.machine('mch_a')).toMatchObject({ quarantined: false, preserved: false });
      await store.close();
    });

    test('what an operator wishes of a node is read back, and can be yielded', async () => {
      const { store, commit } = await joined();
      const cordon = { atMs: nowMs, by: 'api-key:me' };
      const drain = { ...cordon, timeoutMs: undefined, force: false };
      const replace = { ...drain, reason: 'OperatorReplaced' } as const;
      await commit(
        'api',
        { kind: 'node.cordon', nodeId: 'nod_a', cordon },
        { kind: 'node.drain', nodeId: 'nod_a', drain },
        { kind: 'node.replace', nodeId: 'nod_a', replace },
      );
      expect(await store.read.node('nod_a')).toMatchObject({ cordon, drain, replace });
      expect((await store.read.views.pool('pol_a'))?.members[0]?.replace).toBe('OperatorReplaced');
      await commit('node', { kind: 'node.yield', nodeId: 'nod_a', wish: 'cordon' });
      await commit('node', { kind: 'node.yield', nodeId: 'nod_a', wish: 'drain' });
      const yielded = await store.read.node('nod_a');
      expect([yielded?.cordon, yielded?.drain]).toEqual([undefined, undefined]);
      await store.close();
    });

    test('settings of a template roll out, labels do not, and each node says what it has', async () => {
      const { store, commit, pool } = await joined();
      const revise = (templateRevision: number, template: Record<string, unknown>) =>
        commit('api', {
          kind: 'pool.spec',
          pool: { ...pool, ...somePool(someCluster('p', 'clu_a'), 'pol_a', { size: 1, template }), templateRevision },
        });
      await revise(2, { labels: { a: 'b' } });
      expect(await store.read.pool('pol_a')).toMatchObject({ templateRevision: 2, rolloutRevision: 1 });
      await revise(3, { labels: { a: 'b' }, maxPods: 50 });
      expect(await store.read.pool('pol_a')).toMatchObject({ templateRevision: 3, rolloutRevision: 3 });
      await commit('pool', { kind: 'node.rollout', nodeId: 'nod_a', templateRevision: 3 });
      const status = someNodeStatus(NodeState.PROVISIONING, { observedTemplateRevision: 2, reason: 'UpdateParked' });
      await commit('node', { kind: 'node.status', nodeId: 'nod_a', status, ended: false });
      expect((await store.read.views.pool('pol_a'))?.members).toMatchObject([
        { templateRevision: 3, observedTemplateRevision: 2, updateParked: true },
      ]);
      await store.close();
    });
  });
}
