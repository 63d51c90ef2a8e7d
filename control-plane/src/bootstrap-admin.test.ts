import { Role } from '@flotilla/proto';
import { expect, it } from 'vitest';
import { openOperator } from './testing/operator.js';
import { openTestServer } from './testing/server.js';

it('a data directory from before there were members lets its first key go on', async () => {
  const first = await openTestServer();
  const { store, dataDir } = first;
  const projectId = (await store.read.project('default'))?.id ?? '';
  const [member] = (await store.read.members({ projectId })).items;
  expect(member?.role).toBe(Role.ADMIN);
  await store.commit([{ kind: 'member.remove', projectId, subject: member?.subject ?? '' }], {
    owner: 'api',
    nowMs: Date.now(),
    actor: 'test',
  });
  await first.stop();
  const second = await openTestServer({ dataDir });
  const operator = openOperator(second.port, second.admin.caPem, second.admin.apiKey);
  expect((await operator.clusters.listClusters()).clusters).toEqual([]);
  // Once there are members, nothing is added.
  await operator.access.setMember({ subject: 'user:a@example.org', role: Role.READER });
  operator.close();
  await second.stop();
  const third = await openTestServer({ dataDir });
  expect((await third.store.read.members({ projectId })).items).toHaveLength(2);
  await third.remove();
});
