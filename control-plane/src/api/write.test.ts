import { NodePoolSpec, NodeTemplate } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOperator, seenError, type Operator } from '../testing/operator.js';
import { openTestServer, type TestServer } from '../testing/server.js';

let server: TestServer;
let operator: Operator;

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
  await operator.clusters.createCluster({ name: 'demo' });
});
afterAll(async () => {
  operator.close();
  await server.remove();
});

async function refusal(work: Promise<unknown>) {
  return seenError(
    await work.then(
      () => new Error('it worked'),
      (error: unknown) => error,
    ),
  );
}

const once = (requestId: string) => ({ requestId, validateOnly: false });
const dry = { requestId: '', validateOnly: true };

describe('a write', () => {
  it('happens once for one request_id, and gives the same answer again', async () => {
    const request = { cluster: 'demo', name: 'workers', options: once('r1') };
    const first = await operator.pools.createNodePool(request);
    const again = await operator.pools.createNodePool(request);
    expect(again.nodePool?.meta?.id).toBe(first.nodePool?.meta?.id);
    expect(await refusal(operator.pools.createNodePool({ ...request, name: 'other' }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'REQUEST_ID_REUSED',
    });
  });

  it('writes nothing when only validation is wanted, and finds the same problems', async () => {
    const { cluster } = await operator.clusters.createCluster({ name: 'imagined', options: dry });
    expect(cluster).toMatchObject({ meta: { id: '', name: 'imagined' }, spec: { podCidr: '10.244.0.0/16' } });
    expect(await refusal(operator.clusters.getCluster({ cluster: 'imagined' }))).toMatchObject({ code: 'NOT_FOUND' });
    const bad = await refusal(
      operator.clusters.createCluster({ name: 'Not A Label', options: dry, controlPlaneReplicas: 2 }),
    );
    expect(bad.fields).toEqual(expect.arrayContaining(['name', 'controlPlaneReplicas']));
    expect((await operator.tokens.createToken({ options: dry })).secret).toBe('');
    expect((await operator.tokens.listTokens()).tokens).toEqual([]);
  });

  it('is refused when the thing changed since it was read', async () => {
    const { nodePool } = await operator.pools.createNodePool({
      cluster: 'demo',
      name: 'etags',
      spec: NodePoolSpec.create({ size: 1 }),
    });
    const etag = nodePool?.meta?.etag ?? '';
    const resize = (size: number, tag: string) =>
      operator.pools.updateNodePool({
        cluster: 'demo',
        nodePool: 'etags',
        spec: NodePoolSpec.create({ size }),
        updateMask: ['size'],
        etag: tag,
      });
    const { nodePool: grown } = await resize(2, etag);
    expect(grown?.spec?.size).toBe(2);
    expect(grown?.meta?.etag).not.toBe(etag);
    const late = await refusal(resize(3, etag));
    expect(late).toMatchObject({ code: 'ABORTED', reason: 'ETAG_MISMATCH' });
    expect(late.remedy).toContain('Read it again');
  });

  it('changes only what the mask names', async () => {
    const spec = NodePoolSpec.create({ size: 1, template: NodeTemplate.create({ labels: { a: '1' }, maxPods: 50 }) });
    await operator.pools.createNodePool({ cluster: 'demo', name: 'masks', spec });
    const wanted = NodePoolSpec.create({ size: 9, template: NodeTemplate.create({ labels: { b: '2' } }) });
    const { nodePool } = await operator.pools.updateNodePool({
      nodePool: 'masks',
      spec: wanted,
      updateMask: ['template.labels'],
    });
    expect(nodePool?.spec).toMatchObject({ size: 1, template: { labels: { b: '2' }, maxPods: 50 } });
    expect(nodePool?.status?.templateRevision).toBe(2n);
    const wrong = await refusal(
      operator.pools.updateNodePool({ nodePool: 'masks', spec: wanted, updateMask: ['spec.siez'] }),
    );
    expect(wrong).toMatchObject({ fields: ['update_mask'] });
    expect(wrong.message).toContain('did you mean size');
  });

  it('of a name that is taken says so', async () => {
    expect(await refusal(operator.clusters.createCluster({ name: 'demo' }))).toMatchObject({
      code: 'ALREADY_EXISTS',
      reason: 'NAME_TAKEN',
      fields: ['name'],
    });
  });

  it('does not shrink or delete the pool that runs the control plane', async () => {
    expect((await refusal(operator.pools.deleteNodePool({ cluster: 'demo', nodePool: 'control-plane' }))).reason).toBe(
      'CONTROL_PLANE_POOL',
    );
  });

  it('leaves a line in the audit log, refusals too', async () => {
    const { secret } = await operator.access.createApiKey({ name: 'onlooker', role: 1 });
    const onlooker = openOperator(server.port, server.admin.caPem, secret);
    expect((await refusal(onlooker.clusters.deleteCluster({ cluster: 'demo' }))).code).toBe('PERMISSION_DENIED');
    onlooker.close();
    const { items } = await server.store.read.audit({});
    const lines = items.map(({ actor, action, result }) => `${actor} ${action} ${result}`);
    expect(lines).toContain('api-key:onlooker ClusterService/DeleteCluster REFUSED');
    expect(lines).toContain('api-key:bootstrap cluster.create OK');
  });
});

describe('access', () => {
  it('hands out no more than the giver has, and nothing after revocation', async () => {
    const { secret, apiKey } = await operator.access.createApiKey({ name: 'second-admin', role: 3 });
    const admin = openOperator(server.port, server.admin.caPem, secret);
    expect((await refusal(admin.access.createApiKey({ name: 'climber', role: 4 }))).code).toBe('PERMISSION_DENIED');
    await operator.access.revokeApiKey({ apiKey: apiKey?.meta?.id ?? '' });
    expect(await refusal(admin.access.getCaller())).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'UNAUTHENTICATED',
    });
    admin.close();
    const { apiKeys } = await operator.access.listApiKeys();
    expect(
      JSON.stringify(apiKeys, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain(secret.split('.')[1]);
  });
});

describe('lists', () => {
  it('come in pages that meet without a gap', async () => {
    for (const name of ['p1', 'p2', 'p3']) await operator.pools.createNodePool({ cluster: 'demo', name });
    const names: (string | undefined)[] = [];
    let pageToken = '';
    do {
      const page = await operator.pools.listNodePools({
        options: { pageSize: 2, pageToken, filter: '', orderBy: 'name' },
      });
      names.push(...page.nodePools.map(({ meta }) => meta?.name));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toEqual(expect.arrayContaining(['control-plane', 'p1', 'p2', 'p3']));
  });

  it('refuse what they do not understand, with a suggestion', async () => {
    const options = { pageSize: 0, pageToken: '', filter: 'nmae = x', orderBy: '' };
    expect((await refusal(operator.pools.listNodePools({ options }))).code).toBe('INVALID_ARGUMENT');
    expect(
      (await refusal(operator.pools.listNodePools({ options: { ...options, filter: '', pageSize: 5000 } }))).fields,
    ).toEqual(['options.page_size']);
  });
});
