import { Role } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { someCluster, someEvent, somePool } from '../../testing/samples.js';
import { auditChainBreak } from '../audit-chain.js';
import type { Change } from '../change.js';
import { auditEntry, by, nowMs, register, type Open } from './bench.conformance.js';

/** Commits are all or nothing, in order, and written down. */
export function commitsConformance(opened: Open): void {
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
    expect((await store.commit([{ kind: 'cluster.delete', clusterId: 'clu_a' }], expectVersion(1))).versions).toEqual({
      'cluster:clu_a': 2,
    });
    await expect(commit('api', { kind: 'cluster.spec', cluster: { ...cluster, id: 'clu_b' } })).rejects.toMatchObject({
      code: 'NAME_TAKEN',
      kind: 'already-exists',
    });
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
}
