import { NodePoolSpec } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMachine, putNode } from '../testing/fleet.js';
import { openOperator, seenError, type Operator } from '../testing/operator.js';
import { openTestServer, type TestServer } from '../testing/server.js';

let server: TestServer;
let left: Operator;
let right: Operator;

beforeAll(async () => {
  server = await openTestServer();
  // Two connections: as two operators at two desks.
  left = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
  right = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
  await left.clusters.createCluster({ name: 'demo' });
});
afterAll(async () => {
  left.close();
  right.close();
  await server.remove();
});

const rounds = Array.from({ length: 10 }, (_, i) => i);

/** How each of some calls ended: `OK`, or the reason of its refusal. */
async function ends(work: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(work);
  return settled.map((each) => (each.status === 'fulfilled' ? 'OK' : seenError(each.reason).reason)).sort();
}

describe('two operators at once', () => {
  it.each(rounds)('with the same etag: one wins, the other is told (round %i)', async (round) => {
    const name = `etag-${round}`;
    const { nodePool } = await left.pools.createNodePool({
      cluster: 'demo',
      name,
      spec: NodePoolSpec.create({ size: 1 }),
    });
    const resize = (operator: Operator, size: number) =>
      operator.pools.updateNodePool({
        nodePool: name,
        spec: NodePoolSpec.create({ size }),
        updateMask: ['size'],
        etag: nodePool?.meta?.etag ?? '',
      });
    const seen = await ends([resize(left, 5), resize(right, 7)]);
    expect(seen[1]).toBe('OK');
    expect(['CONFLICT', 'ETAG_MISMATCH']).toContain(seen[0]);
    const { nodePool: after } = await left.pools.getNodePool({ nodePool: name });
    expect([5, 7]).toContain(after?.spec?.size);
  });

  it('without an etag and of different fields: both changes are there', async () => {
    await left.pools.createNodePool({ cluster: 'demo', name: 'fields', spec: NodePoolSpec.create({ size: 1 }) });
    const set = (operator: Operator, i: number) =>
      i % 2 === 0
        ? operator.pools.updateNodePool({
            nodePool: 'fields',
            spec: NodePoolSpec.create({ size: i }),
            updateMask: ['size'],
          })
        : operator.pools.updateNodePool({ nodePool: 'fields', labels: { [`l${i}`]: 'x' }, updateMask: ['labels'] });
    expect(await ends([set(left, 4), set(right, 5)])).toEqual(['OK', 'OK']);
    const { nodePool } = await left.pools.getNodePool({ nodePool: 'fields' });
    expect(nodePool).toMatchObject({ meta: { labels: { l5: 'x' } }, spec: { size: 4 } });
  });

  it.each(rounds)('with the same name: one thing is made (round %i)', async (round) => {
    const name = `twin-${round}`;
    const seen = await ends([left.clusters.createCluster({ name }), right.clusters.createCluster({ name })]);
    expect(seen).toEqual(['NAME_TAKEN', 'OK']);
    const options = { pageSize: 0, pageToken: '', filter: `name = ${name}`, orderBy: '' };
    expect((await left.clusters.listClusters({ options })).clusters).toHaveLength(1);
  });
});

describe('one request sent twice at once', () => {
  it.each(rounds)('makes one cluster, and both are answered with it (round %i)', async (round) => {
    const request = { name: `once-${round}`, options: { requestId: `c${round}`, validateOnly: false } };
    const answers = await Promise.all([left.clusters.createCluster(request), right.clusters.createCluster(request)]);
    const ids = answers.map(({ cluster }) => cluster?.meta?.id);
    expect(ids[0]).toBe(ids[1]);
    const audits = (await server.store.read.audit({})).items.filter(({ resourceId }) => resourceId === ids[0]);
    expect(audits.map(({ action }) => action)).toEqual(['cluster.create']);
  });

  it.each(rounds)('acts once on what is there, whatever the verb (round %i)', async (round) => {
    const options = { requestId: `v${round}`, validateOnly: false };
    const pool = `verbs-${round}`;
    await left.pools.createNodePool({ cluster: 'demo', name: pool, spec: NodePoolSpec.create({ size: 3 }) });
    const node = `race-${round}`;
    await putNode(server.store, { cluster: 'demo', name: pool }, node);
    const shrink = (operator: Operator) => operator.nodes.removeNode({ node, shrink: true, options });
    expect(await ends([shrink(left), shrink(right)])).toEqual(['OK', 'OK']);
    expect((await left.pools.getNodePool({ nodePool: pool })).nodePool?.spec?.size).toBe(2);
  });

  it.each(rounds)('shows a secret once (round %i)', async (round) => {
    const request = { options: { requestId: `t${round}`, validateOnly: false } };
    const before = (
      await left.tokens.listTokens({ options: { pageSize: 500, pageToken: '', filter: '', orderBy: '' } })
    ).tokens.length;
    expect(await ends([left.tokens.createToken(request), right.tokens.createToken(request)])).toEqual([
      'OK',
      'SECRET_SHOWN_ONCE',
    ]);
    const { tokens } = await left.tokens.listTokens({
      options: { pageSize: 500, pageToken: '', filter: '', orderBy: '' },
    });
    expect(tokens).toHaveLength(before + 1);
  });

  it('is answered the same after the server was stopped and started, and refused with other content', async () => {
    await putMachine(server.store, 'kept');
    const request = { machine: 'kept', reason: 'first', options: { requestId: 'q1', validateOnly: false } };
    const first = await left.machines.quarantineMachine(request);
    await left.machines.releaseMachine({ machine: 'kept' });
    // A repeat that was on its way must not quarantine it again.
    const again = await right.machines.quarantineMachine(request);
    expect([first.machine?.spec?.quarantined, again.machine?.spec?.quarantined]).toEqual([true, false]);
    await server.stop();
    const next = await openTestServer({ dataDir: server.dataDir });
    const operator = openOperator(next.port, next.admin.caPem, next.admin.apiKey);
    const late = await operator.machines.quarantineMachine(request);
    expect(late.machine?.spec?.quarantined).toBe(false);
    expect(await ends([operator.machines.quarantineMachine({ ...request, reason: 'second' })])).toEqual([
      'REQUEST_ID_REUSED',
    ]);
    operator.close();
    await next.stop();
  });
});
