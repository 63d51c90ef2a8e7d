import { describe, expect, test } from 'vitest';
import { register, type Open } from './bench.conformance.js';

/** Lists are complete, in order, and of one project. */
export function listsConformance(opened: Open): void {
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
}
