import { Role } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { someCluster, somePool } from '../../testing/samples.js';
import { nowMs, register, token, type Open } from './bench.conformance.js';

/** Projects, their members, and what ends with them. */
export function projectsConformance(opened: Open): void {
  describe('projects and members', () => {
    test('a member is added once, changes its role, and is removed', async () => {
      const { store, projectId, commit } = await opened();
      const set = (id: string, subject: string, role: Role) =>
        commit('api', { kind: 'member.set', member: { id, projectId, subject, role } });
      await set('mem_a', 'user:a@example.org', Role.READER);
      await set('mem_b', 'api-key:key_b', Role.MEMBER);
      await set('mem_x', 'user:a@example.org', Role.ADMIN);
      expect(await store.read.member(projectId, 'user:a@example.org')).toMatchObject({
        id: 'mem_a',
        version: 2,
        role: Role.ADMIN,
        createdAtMs: nowMs,
      });
      const page = await store.read.members({ projectId, pageSize: 1 });
      expect(page.items.map((m) => m.subject)).toEqual(['api-key:key_b']);
      const rest = await store.read.members({ projectId, pageSize: 1, pageToken: page.nextPageToken });
      expect(rest.items.map((m) => m.subject)).toEqual(['user:a@example.org']);
      const admins = await store.read.members({ projectId, filter: 'role = ADMIN' });
      expect(admins.items.map((m) => m.id)).toEqual(['mem_a']);
      await commit('api', { kind: 'member.remove', projectId, subject: 'api-key:key_b' });
      expect(await store.read.member(projectId, 'api-key:key_b')).toBeUndefined();
      await expect(commit('api', { kind: 'member.remove', projectId, subject: 'api-key:key_b' })).rejects.toMatchObject(
        { code: 'NOT_FOUND' },
      );
      await store.close();
    });

    test('a pool or a cluster that is deleted takes its tokens with it, and no others', async () => {
      const { store, projectId, commit } = await opened();
      const cluster = someCluster(projectId, 'clu_a');
      const pools = ['pol_a', 'pol_b'].map((id) => somePool(cluster, id));
      await commit(
        'api',
        { kind: 'cluster.spec', cluster },
        ...pools.map((pool) => ({ kind: 'pool.spec', pool }) as const),
      );
      for (const [id, poolId] of [
        ['tok_a', 'pol_a'],
        ['tok_b', 'pol_b'],
        ['tok_c', ''],
      ] as const) {
        await commit('api', token(projectId, { id, poolId }));
      }
      const revoked = async (): Promise<string[]> => {
        const { items } = await store.read.tokens({ projectId, orderBy: 'id' });
        return items.filter((t) => t.revokedAtMs !== undefined).map((t) => t.id);
      };
      await commit('api', { kind: 'pool.delete', poolId: 'pol_a' });
      expect(await revoked()).toEqual(['tok_a']);
      await commit('api', { kind: 'cluster.delete', clusterId: 'clu_a' });
      expect(await revoked()).toEqual(['tok_a', 'tok_b']);
      await store.close();
    });

    test('a project that is deleted asks everything of it to go, and ends with its keys and its name', async () => {
      const { store, commit } = await opened();
      const project = { id: 'prj_x', name: 'shop', displayName: 'Shop', labels: {} };
      await commit('api', { kind: 'project.spec', project });
      await commit(
        'api',
        { kind: 'cluster.spec', cluster: someCluster('prj_x', 'clu_x') },
        token('prj_x', { id: 'tok_x' }),
      );
      await commit('enroll', register('prj_x', 'mch_x'));
      const apiKey = { id: 'key_x', projectId: 'prj_x', name: 'ci', role: Role.ADMIN };
      await commit(
        'api',
        { kind: 'apikey.create', apiKey: { ...apiKey, secretHash: new Uint8Array([1]), expiresAtMs: nowMs + 1 } },
        { kind: 'member.set', member: { id: 'mem_x', projectId: 'prj_x', subject: 'user:a', role: Role.ADMIN } },
      );
      await commit('api', { kind: 'project.delete', projectId: 'prj_x' });
      expect(await store.read.project('shop')).toMatchObject({ deleteRequestedAtMs: nowMs, goneAtMs: undefined });
      expect((await store.read.cluster('clu_x'))?.deleteRequestedAtMs).toBe(nowMs);
      expect((await store.read.token('tok_x'))?.revokedAtMs).toBe(nowMs);
      expect((await store.read.machine('mch_x'))?.retireRequestedAtMs).toBe(nowMs);
      expect((await store.read.apiKey('key_x'))?.revokedAtMs).toBeUndefined();
      expect(await store.read.views.liveIds('project', '', 10)).toContain('prj_x');
      await commit('project', { kind: 'project.gone', projectId: 'prj_x' });
      expect((await store.read.apiKey('key_x'))?.revokedAtMs).toBe(nowMs);
      expect(await store.read.member('prj_x', 'user:a')).toBeUndefined();
      expect(await store.read.project('shop')).toBeUndefined();
      expect(await store.read.project('prj_x')).toMatchObject({ goneAtMs: nowMs });
      expect(await store.read.views.liveIds('project', '', 10)).not.toContain('prj_x');
      await commit('api', { kind: 'project.spec', project: { ...project, id: 'prj_y' } });
      expect((await store.read.project('shop'))?.id).toBe('prj_y');
      await store.close();
    });

    test('the kubeconfig of an external cluster is kept sealed until the cluster is gone', async () => {
      const { store, projectId, commit } = await opened();
      await commit('api', { kind: 'cluster.spec', cluster: someCluster(projectId, 'clu_a') });
      const sealedKubeconfig = new Uint8Array([5, 6]);
      await commit('api', { kind: 'cluster.import', clusterId: 'clu_a', sealedKubeconfig });
      expect((await store.read.cluster('clu_a'))?.access).toMatchObject({ sealedKubeconfig, clientCertificate: '' });
      const status = (await store.read.cluster('clu_a'))?.status;
      if (status === undefined) throw new Error('no cluster');
      await commit('cluster', { kind: 'cluster.status', clusterId: 'clu_a', status, gone: true });
      expect((await store.read.cluster('clu_a'))?.access).toBeUndefined();
      await store.close();
    });
  });
}
