import {
  ClusterState,
  ConditionStatus,
  MachineRole,
  MachineState,
  MachineTarget,
  NodePoolRole,
  NodeState,
  ObservedState,
  Role,
  SessionState,
} from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import type { TokenRecord } from '../domain/records.js';
import {
  someCluster,
  someEvent,
  someFacts,
  someMachine,
  someNode,
  someNodeStatus,
  somePool,
} from '../testing/samples.js';
import { auditChainBreak } from './audit-chain.js';
import type { Change, NewAudit, Owner } from './change.js';
import type { CommitOptions, Store } from './store.js';

const nowMs = Date.UTC(2026, 0, 2);

/** Every engine behind the store's contract passes this suite, or it is no engine. */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  const by = (owner: Owner, over: Partial<CommitOptions> = {}): CommitOptions => ({
    owner,
    nowMs,
    actor: 'system',
    ...over,
  });
  const opened = async () => {
    const store = await open();
    const project = await store.read.project('default');
    if (project === undefined) throw new Error('no default project');
    const commit = (owner: Owner, ...changes: Change[]) => store.commit(changes, by(owner));
    return { store, projectId: project.id, commit };
  };
  const token = (projectId: string, over: Partial<TokenRecord> = {}): Change => ({
    kind: 'token.create',
    token: {
      id: 'tok_a',
      projectId,
      secretHmac: new Uint8Array([9, 8, 7]),
      poolId: '',
      clusterName: '',
      poolName: '',
      maxUses: 1,
      expiresAtMs: nowMs + 1000,
      labels: {},
      machineLabels: { rack: 'r1' },
      location: { provider: 'home', region: 'eu', zone: 'z1' },
      sourceCidrs: ['10.0.0.0/8'],
      createdBy: 'api-key:me',
      ...over,
    },
  });
  const register = (projectId: string, id: string, over: Parameters<typeof someMachine>[2] = {}): Change => ({
    kind: 'machine.register',
    machine: someMachine(projectId, id, over),
  });

  describe(`store conformance: ${name}`, () => {
    test('starts with an instance, the default project and nothing else', async () => {
      const { store, projectId } = await opened();
      expect(store.instance.instanceId).toMatch(/^ins_/);
      expect(store.instance.epoch).toBeGreaterThan(0);
      expect(await store.read.project(projectId)).toMatchObject({ name: 'default', version: 1 });
      expect(await store.read.revision()).toBe(0);
      await store.close();
    });

    test('a cluster and its pool are read back as they were written', async () => {
      const { store, projectId, commit } = await opened();
      const cluster = someCluster(projectId, 'clu_a', { labels: { team: 'web' } });
      const pool = somePool(cluster, 'pol_a', { size: 0, template: { labels: { tier: 'web' } } });
      const committed = await commit('api', { kind: 'cluster.spec', cluster }, { kind: 'pool.spec', pool });
      expect(committed.versions).toEqual({ 'cluster:clu_a': 1, 'pool:pol_a': 1 });
      expect(await store.read.clusterByName(projectId, 'a')).toMatchObject({
        ...cluster,
        version: 1,
        createdAtMs: nowMs,
      });
      expect(await store.read.pool('pol_a')).toMatchObject({ ...pool, version: 1 });
      expect((await store.read.pool('pol_a'))?.spec.size).toBe(0);
      await store.close();
    });

    test('a commit is all or nothing', async () => {
      const { store, projectId, commit } = await opened();
      const cluster = someCluster(projectId, 'clu_a');
      const bad: Change[] = [
        { kind: 'cluster.spec', cluster },
        { kind: 'event.append', event: someEvent() },
        { kind: 'audit.append', entry: auditEntry(projectId, 'x') },
        { kind: 'pool.delete', poolId: 'pol_missing' },
      ];
      await expect(commit('api', ...bad)).rejects.toMatchObject({ code: 'NOT_FOUND', kind: 'not-found' });
      expect(await store.read.cluster('clu_a')).toBeUndefined();
      expect(await store.read.revision()).toBe(0);
      expect((await store.read.audit({})).items).toEqual([]);
      await store.close();
    });

    test('an old version is a conflict, version 0 means new', async () => {
      const { store, projectId, commit } = await opened();
      const cluster = someCluster(projectId, 'clu_a');
      const expectVersion = (version: number) => by('api', { expect: [{ kind: 'cluster', id: 'clu_a', version }] });
      await store.commit([{ kind: 'cluster.spec', cluster }], expectVersion(0));
      await expect(store.commit([{ kind: 'cluster.spec', cluster }], expectVersion(0))).rejects.toMatchObject({
        code: 'CONFLICT',
        kind: 'conflict',
        retry: 'now',
      });
      expect((await store.commit([{ kind: 'cluster.delete', clusterId: 'clu_a' }], expectVersion(1))).versions).toEqual(
        { 'cluster:clu_a': 2 },
      );
      await expect(commit('api', { kind: 'cluster.spec', cluster: { ...cluster, id: 'clu_b' } })).rejects.toMatchObject(
        {
          code: 'NAME_TAKEN',
          kind: 'already-exists',
        },
      );
      await store.close();
    });

    test('only the owner writes', async () => {
      const { store, commit } = await opened();
      await expect(commit('pool', { kind: 'cluster.delete', clusterId: 'clu_a' })).rejects.toMatchObject({
        code: 'NOT_OWNER',
      });
      await store.close();
    });

    test('events have revisions without gap, whatever failed between', async () => {
      const { store, projectId, commit } = await opened();
      await commit('enroll', register(projectId, 'mch_a'), { kind: 'event.append', event: someEvent() });
      const ok = (i: number) => commit('api', { kind: 'event.append', event: someEvent({ message: `m${i}` }) });
      const bad = () =>
        commit('api', { kind: 'event.append', event: someEvent() }, { kind: 'cluster.delete', clusterId: 'no' }).catch(
          () => undefined,
        );
      await Promise.all([ok(1), bad(), ok(2), bad(), ok(3)]);
      const events = await store.read.eventsAfter(0, 100);
      expect(events.map((e) => e.revision)).toEqual([1, 2, 3, 4]);
      expect(events[0]).toMatchObject({ resourceName: 'host-a', projectId, count: 1, atMs: nowMs });
      expect((await store.read.eventsAfter(2, 1)).map((e) => e.revision)).toEqual([3]);
      const page = await store.read.events({ projectId, pageSize: 3 });
      expect(page.items.map((e) => e.revision)).toEqual([4, 3, 2]);
      const rest = await store.read.events({ projectId, pageSize: 3, pageToken: page.nextPageToken });
      expect(rest.items.map((e) => e.revision)).toEqual([1]);
      expect(rest.nextPageToken).toBe('');
      await store.close();
    });

    test('the audit log is a chain of who did what', async () => {
      const { store, projectId } = await opened();
      for (const action of ['a', 'b', 'c']) {
        const options = by('api', { actor: 'api-key:me', remoteAddress: '192.0.2.9' });
        await store.commit([{ kind: 'audit.append', entry: auditEntry(projectId, action) }], options);
      }
      const entries = [...(await store.read.audit({ actor: 'api-key:me' })).items].reverse();
      expect(entries.map((e) => e.action)).toEqual(['a', 'b', 'c']);
      expect(entries[0]).toMatchObject({ sequence: 1, remoteAddress: '192.0.2.9', epoch: store.instance.epoch });
      expect(auditChainBreak(entries)).toBeUndefined();
      expect(auditChainBreak(entries.map((e) => ({ ...e, actor: 'api-key:you' })))).toBe('entry 1 was changed');
      await store.close();
    });

    test('a request happens once and answers the same again', async () => {
      const { store, projectId } = await opened();
      const change: Change = { kind: 'cluster.spec', cluster: someCluster(projectId, 'clu_a') };
      const request = { key: 'me/Create/1', fingerprint: 'f1', response: 'clu_a' };
      const first = await store.commit([change, { kind: 'event.append', event: someEvent() }], by('api', { request }));
      const again = await store.commit(
        [{ ...change, cluster: { ...change.cluster, id: 'clu_b' } }],
        by('api', { request }),
      );
      expect(again).toEqual({ revision: first.revision, versions: {}, replayed: 'clu_a' });
      expect(await store.read.cluster('clu_b')).toBeUndefined();
      expect(await store.read.request('me/Create/1', nowMs)).toEqual({ fingerprint: 'f1', response: 'clu_a' });
      const other = { ...request, fingerprint: 'f2' };
      await expect(store.commit([change], by('api', { request: other }))).rejects.toMatchObject({
        code: 'REQUEST_ID_REUSED',
      });
      const nextDay = nowMs + 24 * 3_600_000;
      expect(await store.read.request('me/Create/1', nextDay)).toBeUndefined();
      await store.close();
    });

    describe('tokens', () => {
      const spend = (identityKeySha256: string, machineId: string): Change => ({
        kind: 'token.spend',
        tokenId: 'tok_a',
        identityKeySha256,
        machineId,
      });

      test('one use is one use, however many ask at once', async () => {
        const { store, projectId, commit } = await opened();
        await commit('api', token(projectId));
        const attempts = Array.from({ length: 50 }, (_, i) =>
          commit('enroll', spend(`key${i}`, `mch_${i}`), register(projectId, `mch_${i}`)).then(
            () => 'ok',
            (error: unknown) => (error as { code: string }).code, // the store throws FlotillaError
          ),
        );
        const outcomes = await Promise.all(attempts);
        expect(outcomes.filter((o) => o === 'ok')).toHaveLength(1);
        expect(outcomes.filter((o) => o === 'TOKEN_USED_UP')).toHaveLength(49);
        expect((await store.read.token('tok_a'))?.uses).toBe(1);
        expect((await store.read.machines({ projectId })).items).toHaveLength(1);
        await store.close();
      });

      test('the same key spends once and is told which machine it is', async () => {
        const { store, projectId, commit } = await opened();
        await commit('api', token(projectId, { maxUses: 5 }));
        await commit('enroll', spend('k', 'mch_a'), register(projectId, 'mch_a'));
        await commit('enroll', spend('k', 'mch_a'));
        expect((await store.read.token('tok_a'))?.uses).toBe(1);
        expect(await store.read.tokenSpend('tok_a', 'k')).toEqual({ machineId: 'mch_a' });
        await expect(commit('enroll', spend('k', 'mch_b'), register(projectId, 'mch_b'))).rejects.toMatchObject({
          code: 'TOKEN_SPENT_BY_THIS_KEY',
          metadata: { machineId: 'mch_a' },
        });
        await store.close();
      });

      test('expired, revoked and unknown tokens are refused by name', async () => {
        const { store, projectId, commit } = await opened();
        await commit('api', token(projectId, { expiresAtMs: nowMs }));
        await expect(commit('enroll', spend('k', 'mch_a'))).rejects.toMatchObject({
          code: 'TOKEN_EXPIRED',
          kind: 'permission',
        });
        await commit('api', { kind: 'token.revoke', tokenId: 'tok_a' });
        await expect(commit('enroll', spend('k', 'mch_a'))).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
        await expect(commit('enroll', { ...spend('k', 'mch_a'), tokenId: 'tok_x' } as Change)).rejects.toMatchObject({
          code: 'TOKEN_UNKNOWN',
        }); // spread of a union member
        const stored = await store.read.token('tok_a');
        expect(stored).toMatchObject({
          machineLabels: { rack: 'r1' },
          sourceCidrs: ['10.0.0.0/8'],
          revokedAtMs: nowMs,
          uses: 0,
        });
        expect(stored?.location).toEqual({ provider: 'home', region: 'eu', zone: 'z1' });
        expect([...(stored?.secretHmac ?? [])]).toEqual([9, 8, 7]);
        await store.close();
      });
    });

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
        };
        await commit('cluster', { kind: 'cluster.access', clusterId: 'clu_a', access });
        expect(await store.read.cluster('clu_a')).toMatchObject({ status: next, access });
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
        await commit(
          'enroll',
          register(projectId, 'mch_s'),
          register(projectId, 'mch_other', { wantedPoolId: 'pol_x' }),
        );
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

    describe('lists', () => {
      test('pages are complete and in order, also when names repeat', async () => {
        const { store, projectId, commit } = await opened();
        for (let i = 0; i < 7; i++) {
          await commit(
            'enroll',
            register(projectId, `mch_${i}`, { labels: i % 2 === 0 ? { 'example.com/team': 'web' } : {} }),
          );
        }
        const seen: string[] = [];
        let pageToken = '';
        do {
          const page = await store.read.machines({ projectId, pageSize: 3, orderBy: 'create_time desc', pageToken });
          seen.push(...page.items.map((m) => m.id));
          pageToken = page.nextPageToken;
        } while (pageToken !== '');
        expect(seen).toEqual(['mch_6', 'mch_5', 'mch_4', 'mch_3', 'mch_2', 'mch_1', 'mch_0']);
        const filtered = await store.read.machines({
          projectId,
          filter: 'labels.example.com/team = web AND state = AVAILABLE AND name != host-2',
        });
        expect(filtered.items.map((m) => m.id)).toEqual(['mch_0', 'mch_4', 'mch_6']);
        expect((await store.read.machines({ projectId, filter: 'labels.example.com/team != web' })).items).toHaveLength(
          3,
        );
        await expect(store.read.machines({ projectId, filter: 'sate = x' })).rejects.toThrow(/did you mean state\?/);
        await store.close();
      });

      test('a project sees only its own', async () => {
        const { store, projectId, commit } = await opened();
        await commit('api', {
          kind: 'project.spec',
          project: { id: 'prj_b', name: 'b', displayName: 'B', labels: {} },
        });
        await commit('enroll', register(projectId, 'mch_a'), register('prj_b', 'mch_b'));
        expect((await store.read.machines({ projectId: 'prj_b' })).items.map((m) => m.id)).toEqual(['mch_b']);
        expect((await store.read.projects({})).items.map((p) => p.name)).toEqual(['b', 'default']);
        await store.close();
      });
    });

    test('API keys', async () => {
      const { store, projectId, commit } = await opened();
      const apiKey = {
        id: 'key_a',
        projectId,
        name: 'ci',
        role: Role.MEMBER,
        secretHash: new Uint8Array([1, 2]),
        expiresAtMs: nowMs + 1,
      };
      await commit('api', { kind: 'apikey.create', apiKey });
      await commit('api', { kind: 'apikey.used', apiKeyId: 'key_a' });
      expect(await store.read.apiKeyByName(projectId, 'ci')).toMatchObject({
        ...apiKey,
        version: 1,
        lastUsedAtMs: nowMs,
      });
      await commit('api', { kind: 'apikey.revoke', apiKeyId: 'key_a' });
      expect(await store.read.apiKeyByName(projectId, 'ci')).toBeUndefined();
      expect(await store.read.apiKey('key_a')).toMatchObject({ revokedAtMs: nowMs });
      await store.close();
    });

    test('listeners hear of each commit in order, and not of what failed', async () => {
      const { store, projectId, commit } = await opened();
      const heard: string[][] = [];
      const stop = store.onCommit((notice) => heard.push(notice.touched.map((t) => `${t.kind}:${t.id}`)));
      await commit('enroll', register(projectId, 'mch_a'));
      await commit('api', { kind: 'cluster.delete', clusterId: 'no' }).catch(() => undefined);
      await commit('api', { kind: 'machine.spec', machineId: 'mch_a', set: { labels: {} } });
      stop();
      await commit('enroll', register(projectId, 'mch_b'));
      expect(heard).toEqual([['machine:mch_a'], ['machine:mch_a']]);
      await store.close();
    });

    test('after close nothing is written', async () => {
      const { store, commit } = await opened();
      await store.close();
      await store.close();
      await expect(commit('api', { kind: 'event.append', event: someEvent() })).rejects.toMatchObject({
        code: 'STORE_CLOSED',
      });
    });
  });
}

function auditEntry(projectId: string, action: string): NewAudit {
  return { projectId, action, resourceKind: 'cluster', resourceId: 'clu_a', result: 'OK', details: { b: '1', a: '2' } };
}
