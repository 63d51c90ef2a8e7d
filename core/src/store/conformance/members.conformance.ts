import {
  ClusterState,
  ConditionStatus,
  MachineRole,
  MachineState,
  MachineTarget,
  NodePoolRole,
  NodeState,
  ObservedState,
  SessionState,
} from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { someCluster, someFacts, someMachine, someNode, someNodeStatus, somePool } from '../../testing/samples.js';
import type { Change } from '../change.js';
import { nowMs, register, type Open } from './bench.conformance.js';

/** Machines, the nodes that hold them, and what is said of them. */
export function membersConformance(opened: Open): void {
  describe('machines and nodes', () => {
    test('equal host names get suffixes', async () => {
      const { store, projectId, commit } = await opened();
      await Promise.all(
        ['a', 'b', 'c'].map((id) => commit('enroll', register(projectId, `mch_${id}`, { name: 'web' }))),
      );
      const names = (await store.read.machines({ projectId })).items.map((m) => m.name);
      expect(names).toEqual(['web', 'web-2', 'web-3']);
      await store.close();
    });

    test('reports do not move the version, specs do', async () => {
      const { store, projectId, commit } = await opened();
      await commit('enroll', register(projectId, 'mch_a'));
      const observed = ObservedState.create({ acknowledgedGeneration: 3n, bootId: 'b', clean: true });
      await commit(
        'session',
        { kind: 'machine.observe', machineId: 'mch_a', observed },
        {
          kind: 'machine.presence',
          machineId: 'mch_a',
          session: SessionState.CONNECTED,
          lastSeenAtMs: nowMs,
          remoteAddress: '192.0.2.7',
        },
        { kind: 'machine.inventory', machineId: 'mch_a', facts: someFacts('a', { cpus: 64 }) },
      );
      const seen = await store.read.machine('mch_a');
      expect(seen).toMatchObject({
        version: 1,
        observed,
        observedAtMs: nowMs,
        session: SessionState.CONNECTED,
        remoteAddress: '192.0.2.7',
      });
      expect(seen?.facts.cpus).toBe(64);
      await commit('api', {
        kind: 'machine.spec',
        machineId: 'mch_a',
        set: { labels: { a: 'b' }, quarantined: true, quarantineReason: 'smoke' },
      });
      expect(await store.read.machine('mch_a')).toMatchObject({
        version: 2,
        labels: { a: 'b' },
        quarantined: true,
        quarantineReason: 'smoke',
      });
      await store.close();
    });

    const joined = async () => {
      const world = await opened();
      const cluster = someCluster(world.projectId, 'clu_a');
      const pool = somePool(cluster, 'pol_a');
      const machine = someMachine(world.projectId, 'mch_a', { wantedPoolId: 'pol_a' });
      await world.commit('api', { kind: 'cluster.spec', cluster }, { kind: 'pool.spec', pool });
      await world.commit('enroll', { kind: 'machine.register', machine });
      await world.commit('pool', { kind: 'node.claim', node: someNode(pool, machine, 'nod_a') });
      return { ...world, cluster, pool, machine };
    };

    test('a machine is held by one node at a time', async () => {
      const { store, commit, pool, machine } = await joined();
      await expect(
        commit('pool', { kind: 'node.claim', node: someNode(pool, machine, 'nod_b') }),
      ).rejects.toMatchObject({
        code: 'MACHINE_TAKEN',
        kind: 'conflict',
      });
      expect(await store.read.machine('mch_a')).toMatchObject({ nodeId: 'nod_a' });
      const removal = { atMs: nowMs, reason: 'OperatorRemoved', by: 'api-key:me', drain: true } as const;
      await commit('api', { kind: 'node.remove', nodeId: 'nod_a', removal });
      await commit('pool', { kind: 'node.release', nodeId: 'nod_a', removal: { ...removal, reason: 'PoolDeleted' } });
      expect((await store.read.node('nod_a'))?.removal).toEqual(removal);
      expect((await store.read.machine('mch_a'))?.wantedPoolId).toBe('');
      await commit('node', {
        kind: 'node.status',
        nodeId: 'nod_a',
        status: someNodeStatus(NodeState.DELETING),
        ended: false,
      });
      await commit('node', {
        kind: 'node.status',
        nodeId: 'nod_a',
        status: someNodeStatus(NodeState.DELETED),
        ended: true,
      });
      expect(await store.read.machine('mch_a')).toMatchObject({ nodeId: '' });
      await commit('pool', { kind: 'node.claim', node: someNode(pool, machine, 'nod_b') });
      expect((await store.read.nodes({ clusterId: 'clu_a' })).items.map((n) => n.id)).toEqual(['nod_b']);
      const all = await store.read.nodes({ clusterId: 'clu_a', includeEnded: true, orderBy: 'id' });
      expect(all.items.map((n) => [n.id, n.endedAtMs])).toEqual([
        ['nod_a', nowMs],
        ['nod_b', undefined],
      ]);
      await store.close();
    });

    test('a move that the table does not know is refused', async () => {
      const { store, commit } = await joined();
      const status = someNodeStatus(NodeState.RUNNING);
      await expect(
        commit('node', { kind: 'node.status', nodeId: 'nod_a', status, ended: false }),
      ).rejects.toMatchObject({
        code: 'ILLEGAL_TRANSITION',
      });
      await store.close();
    });

    test('statuses are read back whole', async () => {
      const { store, commit } = await joined();
      const condition = {
        type: 'Ready',
        status: ConditionStatus.TRUE,
        reason: 'Ok',
        message: 'm',
        lastTransitionTime: new Date(nowMs),
      };
      const status = someNodeStatus(NodeState.PROVISIONING, {
        conditions: [condition],
        phases: [
          {
            phase: 'join',
            step: 's',
            state: 2,
            index: 8,
            total: 11,
            startTime: new Date(nowMs),
            endTime: undefined,
            attempt: 1,
            problems: [{ code: 'C', message: 'm', remedy: 'r' }],
            progress: 'p',
            retryTime: undefined,
          },
        ],
        readyAtMs: nowMs,
      });
      await commit('node', { kind: 'node.status', nodeId: 'nod_a', status, ended: false });
      expect((await store.read.node('nod_a'))?.status).toEqual(status);
      const cluster = await store.read.cluster('clu_a');
      if (cluster === undefined) throw new Error('no cluster');
      const next = {
        ...cluster.status,
        state: ClusterState.PROVISIONING,
        conditions: [condition],
        caCertHashes: ['sha256:x'],
        initNodeId: 'nod_a',
      };
      await commit('cluster', { kind: 'cluster.status', clusterId: 'clu_a', status: next, gone: false });
      const access = {
        clientSpki: new Uint8Array([1]),
        sealedClientKey: new Uint8Array([2, 0, 2]),
        sealedCertificateKey: new Uint8Array([3]),
        caCertificate: 'ca',
        clientCertificate: 'crt',
        sealedKubeconfig: new Uint8Array([4]),
      };
      await commit('cluster', { kind: 'cluster.access', clusterId: 'clu_a', access });
      expect(await store.read.cluster('clu_a')).toMatchObject({ status: next, access });
      const deleting = { ...next, state: ClusterState.DELETING };
      await commit('cluster', { kind: 'cluster.status', clusterId: 'clu_a', status: deleting, gone: true });
      expect(await store.read.cluster('clu_a')).toMatchObject({ goneAtMs: nowMs, access: undefined });
      await store.close();
    });

    test('a target moves by one generation only', async () => {
      const { store, commit } = await joined();
      const target = MachineTarget.create({
        role: MachineRole.WORKER,
        kubernetesVersion: 'v1.34.4',
        labels: { a: 'b' },
        epoch: 7n,
      });
      const write = (generation: number): Change => ({
        kind: 'target.write',
        machineId: 'mch_a',
        generation,
        target,
      });
      await commit('target', write(1));
      await expect(commit('target', write(1))).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(commit('target', write(3))).rejects.toMatchObject({ code: 'CONFLICT' });
      await commit('target', write(2));
      expect(await store.read.target('mch_a')).toEqual({
        machineId: 'mch_a',
        generation: 2,
        writtenAtMs: nowMs,
        target: { ...target, epoch: 0n, generation: 2n },
      });
      await store.close();
    });

    test('retiring revokes every certificate and frees the name', async () => {
      const { store, projectId, commit } = await opened();
      await commit('enroll', register(projectId, 'mch_a', { name: 'web' }));
      for (const serial of ['01', '02']) {
        await commit('enroll', {
          kind: 'certificate.set',
          certificate: { serial, machineId: 'mch_a', spkiSha256: 's', notBeforeMs: nowMs, notAfterMs: nowMs + 1 },
        });
      }
      const status = { state: MachineState.RETIRED, reason: 'R', message: 'm', conditions: [] };
      await commit('machine', { kind: 'machine.retire', machineId: 'mch_a', status });
      expect((await store.read.certificatesOf('mch_a')).map((c) => c.state)).toEqual(['REVOKED', 'REVOKED']);
      expect(await store.read.machineByName(projectId, 'web')).toBeUndefined();
      expect((await store.read.machines({ projectId })).items).toEqual([]);
      await commit('enroll', register(projectId, 'mch_b', { name: 'web' }));
      expect((await store.read.machineByName(projectId, 'web'))?.id).toBe('mch_b');
      await store.close();
    });

    test('views show one moment with everything around', async () => {
      const { store, projectId, commit, cluster } = await joined();
      await commit('enroll', register(projectId, 'mch_s'), register(projectId, 'mch_other', { wantedPoolId: 'pol_x' }));
      const controlPlane = somePool(cluster, 'pol_cp', { role: NodePoolRole.CONTROL_PLANE, size: 3 });
      await commit('api', { kind: 'pool.spec', pool: controlPlane });
      const view = await store.read.views.pool('pol_a');
      expect(view?.members.map((m) => [m.nodeId, m.machineId])).toEqual([['nod_a', 'mch_a']]);
      expect(view?.candidates.map((c) => c.machineId)).toEqual(['mch_s']);
      expect(view?.controlPlaneMissing).toBe(3);
      expect(await store.read.views.cluster('clu_a')).toMatchObject({
        nodesTotal: 1,
        nodesRunning: 0,
        controlPlane: [],
        project: { name: 'default' },
      });
      expect((await store.read.views.node('nod_a'))?.machine.id).toBe('mch_a');
      expect((await store.read.views.machine('mch_a'))?.pool?.id).toBe('pol_a');
      expect(await store.read.views.nodeIdsOf({ clusterId: 'clu_a' })).toEqual(['nod_a']);
      expect([...(await store.read.views.nodeNames('clu_a'))]).toEqual([
        ['host-a', { nodeId: 'nod_a', machineId: 'mch_a' }],
      ]);
      expect(await store.read.views.liveIds('machine', 'mch_a', 1)).toEqual(['mch_other']);
      await store.close();
    });
  });
}
