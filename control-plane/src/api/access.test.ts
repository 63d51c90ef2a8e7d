import { Role } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOperator, type Operator } from '../testing/operator.js';
import { refusal } from '../testing/refusal.js';
import { openTestServer, type TestServer } from '../testing/server.js';

let server: TestServer;
let operator: Operator;
const opened: Operator[] = [];

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
});
afterAll(async () => {
  for (const one of [operator, ...opened]) one.close();
  await server.remove();
});

async function keyOf(project: string, name: string, role: Role): Promise<{ operator: Operator; id: string }> {
  const { secret, apiKey } = await operator.access.createApiKey({ project, name, role });
  const own = openOperator(server.port, server.admin.caPem, secret);
  opened.push(own);
  return { operator: own, id: apiKey?.meta?.id ?? '' };
}

describe('projects', () => {
  it('are made by instance admins, who become their first admin and are nothing in the others', async () => {
    const { project } = await operator.projects.createProject({
      name: 'web',
      displayName: 'Web shop',
      labels: { a: 'b' },
    });
    expect(project).toMatchObject({ meta: { name: 'web', labels: { a: 'b' } }, displayName: 'Web shop', state: 1 });
    await operator.clusters.createCluster({ project: 'web', name: 'one' });
    const second = await keyOf('default', 'second-instance-admin', Role.INSTANCE_ADMIN);
    expect((await second.operator.projects.listProjects()).projects.map(({ meta }) => meta?.name)).toEqual([
      'default',
      'web',
    ]);
    for (const name of ['web', 'default', '']) {
      const seen = await refusal(second.operator.clusters.listClusters({ project: name }));
      expect(seen.code).toBe('PERMISSION_DENIED');
    }
    expect((await refusal(operator.projects.createProject({ name: 'web' }))).reason).toBe('NAME_TAKEN');
    const bad = { name: 'No Label', displayName: 'two\nlines', labels: { '-': '' } };
    expect((await refusal(operator.projects.createProject(bad))).fields).toEqual([
      'name',
      'display_name',
      'labels["-"]',
    ]);
  });

  it('change under their etag, and are deleted after what is in them', async () => {
    await operator.projects.createProject({ name: 'gone' });
    await operator.clusters.createCluster({ project: 'gone', name: 'one' });
    const { project } = await operator.projects.getProject({ project: 'gone' });
    const update = {
      project: 'gone',
      displayName: 'Going',
      updateMask: ['display_name'],
      etag: project?.meta?.etag ?? '',
    };
    expect((await operator.projects.updateProject(update)).project?.displayName).toBe('Going');
    expect((await refusal(operator.projects.updateProject({ ...update, displayName: 'x' }))).reason).toBe(
      'ETAG_MISMATCH',
    );
    expect((await refusal(operator.projects.deleteProject({ project: 'gone', etag: 'v1' }))).reason).toBe(
      'ETAG_MISMATCH',
    );
    const { project: deleting } = await operator.projects.deleteProject({ project: 'gone' });
    expect(deleting).toMatchObject({ state: 2, message: 'Waits for 1 cluster.' });
    for (const work of [
      operator.clusters.createCluster({ project: 'gone', name: 'two' }),
      operator.tokens.createToken({ project: 'gone' }),
      operator.access.createApiKey({ project: 'gone', name: 'late', role: Role.READER }),
    ]) {
      expect((await refusal(work)).reason).toBe('BEING_DELETED');
    }
    expect((await refusal(operator.projects.deleteProject({ project: 'default' }))).reason).toBe('PROJECT_PROTECTED');
  });

  it('do not see each other, by name or by id', async () => {
    await operator.projects.createProject({ name: 'left' });
    await operator.projects.createProject({ name: 'right' });
    const { cluster } = await operator.clusters.createCluster({ project: 'left', name: 'secret' });
    const { nodePool } = await operator.pools.createNodePool({ project: 'left', cluster: 'secret', name: 'p' });
    const { token } = await operator.tokens.createToken({ project: 'left' });
    const right = (await keyOf('right', 'admin', Role.ADMIN)).operator;
    const ids = { cluster: cluster?.meta?.id ?? '', pool: nodePool?.meta?.id ?? '', token: token?.meta?.id ?? '' };
    for (const work of [
      right.clusters.getCluster({ cluster: ids.cluster }),
      right.clusters.deleteCluster({ cluster: ids.cluster }),
      right.clusters.updateCluster({ cluster: ids.cluster, updateMask: ['labels'] }),
      right.clusters.issueKubeconfig({ cluster: ids.cluster }),
      right.pools.getNodePool({ nodePool: ids.pool }),
      right.pools.createNodePool({ cluster: ids.cluster, name: 'mine' }),
      right.nodes.listNodes({ nodePool: ids.pool }),
      right.tokens.getToken({ token: ids.token }),
      right.tokens.revokeToken({ token: ids.token }),
      right.tokens.createToken({ nodePool: ids.pool }),
    ]) {
      expect((await refusal(work)).code).toBe('NOT_FOUND');
    }
    expect((await right.clusters.listClusters()).clusters).toEqual([]);
    expect((await right.pools.listNodePools()).nodePools).toEqual([]);
    expect((await right.tokens.listTokens()).tokens).toEqual([]);
    const { events } = await right.events.listEvents({ resource: ids.cluster });
    expect(events).toEqual([]);
    const { entries } = await right.audit.listAuditEntries();
    expect(entries.filter(({ resourceId }) => resourceId === ids.cluster)).toEqual([]);
    expect((await right.projects.listProjects()).projects.map(({ meta }) => meta?.name)).toEqual(['right']);
  });
});

describe('members', () => {
  it('have the role they were given, in that project alone, until it is taken away', async () => {
    await operator.projects.createProject({ name: 'shared' });
    const guest = await keyOf('default', 'guest', Role.READER);
    const subject = `api-key:${guest.id}`;
    await operator.access.setMember({ project: 'shared', subject, role: Role.MEMBER });
    await guest.operator.clusters.createCluster({ project: 'shared', name: 'made-by-guest' });
    expect((await refusal(guest.operator.clusters.createCluster({ name: 'x' }))).code).toBe('PERMISSION_DENIED');
    const names = (await guest.operator.projects.listProjects()).projects.map(({ meta }) => meta?.name);
    expect(names).toEqual(['default', 'shared']);
    // Audit: what it did itself, under a name that says where the key is from.
    const { entries } = await guest.operator.audit.listAuditEntries({ project: 'shared' });
    expect(entries.map(({ actor, action }) => `${actor} ${action}`)).toEqual(['api-key:default/guest cluster.create']);
    await operator.access.setMember({ project: 'shared', subject, role: Role.READER });
    expect(
      (await refusal(guest.operator.clusters.deleteCluster({ project: 'shared', cluster: 'made-by-guest' }))).code,
    ).toBe('PERMISSION_DENIED');
    await operator.access.removeMember({ project: 'shared', subject });
    expect((await refusal(guest.operator.clusters.listClusters({ project: 'shared' }))).code).toBe('PERMISSION_DENIED');
    expect((await refusal(operator.access.removeMember({ project: 'shared', subject }))).code).toBe('NOT_FOUND');
  });

  it.each([
    ['nobody', '', Role.READER, ['subject']],
    ['a key that is none', 'api-key:key_222222222222', Role.READER, ['subject']],
    ['no address', 'user:nobody', Role.READER, ['subject']],
    ['no role', 'user:a@example.org', Role.UNSPECIFIED, ['role']],
    ['the instance role', 'user:a@example.org', Role.INSTANCE_ADMIN, ['role']],
  ])('are not %s', async (_, subject, role, fields) => {
    expect((await refusal(operator.access.setMember({ subject, role }))).fields).toEqual(fields);
  });

  it('never lose their last admin: not as member, not as key, not two at once', async () => {
    await operator.projects.createProject({ name: 'ruled' });
    const { members } = await operator.access.listMembers({ project: 'ruled' });
    expect(members.map(({ role }) => role)).toEqual([Role.ADMIN]);
    const self = members[0]?.subject ?? '';
    const last = (work: Promise<unknown>) => refusal(work).then(({ reason }) => reason);
    expect(await last(operator.access.removeMember({ project: 'ruled', subject: self }))).toBe('LAST_ADMIN');
    expect(await last(operator.access.setMember({ project: 'ruled', subject: self, role: Role.READER }))).toBe(
      'LAST_ADMIN',
    );
    // People cannot sign in yet: one of them does not count.
    await operator.access.setMember({ project: 'ruled', subject: 'user:a@example.org', role: Role.ADMIN });
    expect(await last(operator.access.removeMember({ project: 'ruled', subject: self }))).toBe('LAST_ADMIN');
    const own = await keyOf('ruled', 'own-admin', Role.ADMIN);
    const results = await Promise.allSettled([
      own.operator.access.removeMember({ subject: self }),
      operator.access.revokeApiKey({ project: 'ruled', apiKey: own.id }),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('instance administrators', () => {
  it('are not taken away by the admins of a project, and the last one stays', async () => {
    const admin = await keyOf('default', 'project-admin', Role.ADMIN);
    const seen = await refusal(admin.operator.access.revokeApiKey({ apiKey: 'bootstrap' }));
    expect(seen.code).toBe('PERMISSION_DENIED');
    for (const { meta, role, revokeTime } of (await operator.access.listApiKeys()).apiKeys) {
      if (role !== Role.INSTANCE_ADMIN || meta?.name === 'bootstrap' || revokeTime !== undefined) continue;
      await operator.access.revokeApiKey({ apiKey: meta?.id ?? '' });
    }
    expect((await refusal(operator.access.revokeApiKey({ apiKey: 'bootstrap' }))).reason).toBe('LAST_ADMIN');
    await keyOf('default', 'successor', Role.INSTANCE_ADMIN);
    // It may go as instance admin now; as ADMIN of "default" there is project-admin.
    await operator.access.revokeApiKey({ apiKey: 'bootstrap', options: { requestId: '', validateOnly: true } });
  });
});

describe('the audit log', () => {
  it('shows an ADMIN everything and a MEMBER what it did itself', async () => {
    const anna = await keyOf('default', 'anna', Role.MEMBER);
    await anna.operator.clusters.createCluster({ name: 'annas' });
    await operator.clusters.createCluster({ name: 'not-annas' });
    const own = await anna.operator.audit.listAuditEntries();
    expect(own.entries.map(({ actor }) => actor)).toEqual(['api-key:anna']);
    expect((await anna.operator.audit.listAuditEntries({ actor: 'api-key:bootstrap' })).entries).toEqual([]);
    const { entries } = await operator.audit.listAuditEntries({ actor: 'api-key:anna' });
    expect(entries[0]).toMatchObject({ action: 'cluster.create', result: 'OK', remoteAddress: '127.0.0.1' });
    expect(entries[0]?.hash).toMatch(/^[0-9a-f]{64}$/);
    const options = { pageSize: 0, pageToken: '', filter: 'a = b', orderBy: 'time' };
    expect((await refusal(operator.audit.listAuditEntries({ options }))).fields).toEqual([
      'options.filter',
      'options.order_by',
    ]);
  });
});

describe('an API key', () => {
  it('is shown once, kept as a hash, ends in time, and says when it was used', async () => {
    const used = await keyOf('default', 'used', Role.READER);
    await used.operator.clusters.listClusters();
    await expect.poll(async () => (await server.store.read.apiKey(used.id))?.lastUsedAtMs !== undefined).toBe(true);
    const { apiKeys } = await operator.access.listApiKeys({
      options: { pageSize: 500, pageToken: '', filter: '', orderBy: '' },
    });
    const shown = apiKeys.find(({ meta }) => meta?.id === used.id);
    expect(shown?.lastUsedTime).toBeInstanceOf(Date);
    expect(shown?.expireTime?.getTime()).toBeGreaterThan(Date.now() + 89 * 86_400_000);
    const again = { name: 'once', role: Role.READER, options: { requestId: 'k1', validateOnly: false } };
    await operator.access.createApiKey(again);
    expect((await refusal(operator.access.createApiKey(again))).reason).toBe('SECRET_SHOWN_ONCE');
    const odd = { name: 'odd', role: Role.READER, ttl: { seconds: 400n * 86_400n, nanos: 0 } };
    expect((await refusal(operator.access.createApiKey(odd))).fields).toEqual(['ttl']);
  });
});
