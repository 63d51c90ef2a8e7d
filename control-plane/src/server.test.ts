import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MachineFacts, NodePoolRole, Role, SessionState } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeAgent } from './testing/fake-agent.js';
import { openOperator, seenError } from './testing/operator.js';
import { openTestServer, type TestServer } from './testing/server.js';

let server: TestServer;
let operator: ReturnType<typeof openOperator>;

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
});
afterAll(async () => {
  operator.close();
  await server.remove();
});

describe('a first start', () => {
  it('writes a key for the operator that only root can read, and makes it work', async () => {
    const path = join(server.dataDir, 'admin.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(await readFile(path, 'utf8')) as object)).toEqual([
      'server',
      'caPin',
      'publicKeyPin',
      'caPem',
      'apiKey',
    ]);
    const caller = await operator.call(operator.access, operator.access.getCaller, {});
    expect(caller).toEqual({ subject: 'api-key:bootstrap', project: 'default', role: Role.INSTANCE_ADMIN });
  });

  it('keeps no secret in the clear on disk', async () => {
    const secret = server.admin.apiKey.split('.')[1] ?? '';
    for (const name of await readdir(server.dataDir, { recursive: true })) {
      if (name === 'admin.json') continue;
      const bytes = await readFile(join(server.dataDir, name)).catch(() => Buffer.alloc(0));
      expect(bytes.includes(secret), name).toBe(false);
      expect(bytes.includes('BEGIN PRIVATE KEY'), name).toBe(false);
    }
  });
});

describe('from token to target', () => {
  it('takes a machine in, sends its target until it is acknowledged, and shows what it reports', async () => {
    const { cluster } = await operator.call(operator.clusters, operator.clusters.createCluster, {
      project: '',
      name: 'demo',
      spec: undefined,
      labels: {},
      controlPlaneReplicas: 0,
      options: undefined,
    });
    expect(cluster?.spec?.podCidr).toBe('10.244.0.0/16');
    const { nodePools } = await operator.call(operator.pools, operator.pools.listNodePools, {
      project: 'default',
      cluster: 'demo',
      options: undefined,
    });
    expect(nodePools.map((pool) => [pool.meta?.name, pool.spec?.role, pool.spec?.size])).toEqual([
      ['control-plane', NodePoolRole.CONTROL_PLANE, 1],
    ]);

    const created = await operator.call(operator.tokens, operator.tokens.createToken, {
      project: '',
      cluster: 'demo',
      nodePool: 'control-plane',
      maxUses: 0,
      ttl: undefined,
      machineLabels: { rack: 'r1' },
      location: undefined,
      sourceCidrs: [],
      options: undefined,
    });
    expect(created.installCommand).toMatch(
      /^curl -fsSL --insecure --pinnedpubkey sha256\/\/[A-Za-z0-9+/]{43}= https:\/\/127\.0\.0\.1:7440\/install\.sh \| sudo sh -s -- --token [a-z0-9]+\.[a-z0-9]+$/,
    );

    const agent = new FakeAgent(server.port, server.admin.caPem);
    const enrolled = await agent.enroll(created.secret);
    expect(enrolled).toMatchObject({ machineName: 'edge', project: 'default', cluster: 'demo', pool: 'control-plane' });

    const stream = agent.connect();
    const welcome = await stream.next('welcome');
    expect(welcome.heartbeatInterval).toEqual({ seconds: 5n, nanos: 0 });
    expect(welcome.serverEpoch).toBe(BigInt(server.store.instance.epoch));
    server.engine.setTarget(agent.machineId, 1);
    const push = await stream.next('target');
    expect(push.target?.generation).toBe(1n);

    const { epoch } = server.store.instance;
    stream.beat({ acknowledgedEpoch: BigInt(epoch), acknowledgedGeneration: 1n });
    await stream.next('ack');
    const sent = stream.received.length;
    server.engine.ports.dispatch.wake(agent.machineId);
    stream.beat({ acknowledgedEpoch: BigInt(epoch), acknowledgedGeneration: 1n });
    await stream.next('ack', sent);
    expect(stream.received.slice(sent).map(({ $case }) => $case)).not.toContain('target');

    stream.send({ $case: 'inventory', value: MachineFacts.create({ hostname: 'edge', cpus: 8 }) });
    await expect
      .poll(
        async () =>
          (await operator.call(operator.machines, operator.machines.getMachine, { project: '', machine: 'edge' }))
            .machine?.status?.facts?.cpus,
      )
      .toBe(8);
    const { machine } = await operator.call(operator.machines, operator.machines.getMachine, {
      project: '',
      machine: agent.machineId,
    });
    expect(machine?.status?.session).toBe(SessionState.CONNECTED);
    expect(machine?.meta?.labels).toEqual({ rack: 'r1' });
    stream.cancel();
    agent.close();
    await expect
      .poll(
        async () =>
          (await operator.call(operator.machines, operator.machines.getMachine, { project: '', machine: 'edge' }))
            .machine?.status?.session,
      )
      .toBe(SessionState.DISCONNECTED);
  });

  it('answers a token that is spent with one error that tells strangers nothing, and operators the reason', async () => {
    const { secret, token } = await operator.call(operator.tokens, operator.tokens.createToken, {
      project: '',
      cluster: '',
      nodePool: '',
      maxUses: 1,
      ttl: undefined,
      machineLabels: {},
      location: undefined,
      sourceCidrs: [],
      options: undefined,
    });
    await new FakeAgent(server.port, server.admin.caPem).enroll(secret);
    const used = seenError(
      await new FakeAgent(server.port, server.admin.caPem).enroll(secret).catch((error: unknown) => error),
    );
    const unknown = seenError(
      await new FakeAgent(server.port, server.admin.caPem)
        .enroll(`zzzzzzzzzzzz.${secret.split('.')[1]}`)
        .catch((error: unknown) => error),
    );
    expect(used).toEqual(unknown);
    expect(used).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'TOKEN_REFUSED' });
    expect(used.remedy).toContain('flotilla token create');
    const { events } = await operator.call(operator.events, operator.events.listEvents, {
      project: '',
      resource: token?.meta?.id ?? '',
      resourceKind: '',
      options: undefined,
    });
    expect(events.map(({ message }) => message)).toContain(
      'A machine tried this token and was refused: all its uses are spent.',
    );
  });
});
