import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MachineFacts, NodePoolRole, Role, SessionState } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeAgent } from './testing/fake-agent.js';
import { openOperator, seenError, type Operator } from './testing/operator.js';
import { openTestServer, type TestServer } from './testing/server.js';

let server: TestServer;
let operator: Operator;

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
});
afterAll(async () => {
  operator.close();
  await server.remove();
});

function newAgent(): FakeAgent {
  return new FakeAgent(server.port, server.admin.caPem);
}

async function sessionOf(machine: string): Promise<SessionState | undefined> {
  return (await operator.machines.getMachine({ machine })).machine?.status?.session;
}

describe('a first start', () => {
  it('writes a key for the operator that only root can read, and makes it work', async () => {
    const path = join(server.dataDir, 'admin.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const file = JSON.parse(await readFile(path, 'utf8')) as object;
    expect(Object.keys(file)).toEqual(['server', 'caPin', 'publicKeyPin', 'caPem', 'apiKey']);
    const caller = await operator.access.getCaller();
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
    const { cluster } = await operator.clusters.createCluster({ name: 'demo' });
    expect(cluster?.spec?.podCidr).toBe('10.244.0.0/16');
    const { nodePools } = await operator.pools.listNodePools({ cluster: 'demo' });
    expect(nodePools.map((pool) => [pool.meta?.name, pool.spec?.role, pool.spec?.size])).toEqual([
      ['control-plane', NodePoolRole.CONTROL_PLANE, 1],
    ]);
    const created = await operator.tokens.createToken({
      cluster: 'demo',
      nodePool: 'control-plane',
      machineLabels: { rack: 'r1' },
    });
    expect(created.installCommand).toMatch(
      /^curl -fsSL --insecure --pinnedpubkey sha256\/\/[A-Za-z0-9+/]{43}= https:\/\/127\.0\.0\.1:7440\/install\.sh \| sudo sh -s -- --token [a-z0-9]+\.[a-z0-9]+$/,
    );

    const agent = newAgent();
    const enrolled = await agent.enroll(created.secret);
    expect(enrolled).toMatchObject({ machineName: 'edge', project: 'default', cluster: 'demo', pool: 'control-plane' });

    const stream = agent.connect();
    const welcome = await stream.next('welcome');
    expect(welcome.heartbeatInterval).toEqual({ seconds: 5n, nanos: 0 });
    expect(welcome.serverEpoch).toBe(BigInt(server.store.instance.epoch));
    server.engine.setTarget(agent.machineId, 1);
    expect((await stream.next('target')).target?.generation).toBe(1n);

    const held = { acknowledgedEpoch: BigInt(server.store.instance.epoch), acknowledgedGeneration: 1n };
    stream.beat(held);
    await stream.next('ack');
    const before = stream.received.length;
    server.engine.ports.dispatch.wake(agent.machineId);
    stream.beat(held);
    await stream.next('ack', before);
    expect(stream.received.slice(before).map(({ $case }) => $case)).not.toContain('target');

    stream.send({ $case: 'inventory', value: MachineFacts.create({ hostname: 'edge', cpus: 8 }) });
    const cpus = async () => (await operator.machines.getMachine({ machine: 'edge' })).machine?.status?.facts?.cpus;
    await expect.poll(cpus).toBe(8);
    const { machine } = await operator.machines.getMachine({ machine: agent.machineId });
    expect(machine?.status?.session).toBe(SessionState.CONNECTED);
    expect(machine?.meta?.labels).toEqual({ rack: 'r1' });
    stream.cancel();
    await expect.poll(() => sessionOf('edge')).toBe(SessionState.SILENT);
    agent.close();
  });

  it('answers a spent token with one error that tells strangers nothing, and operators the reason', async () => {
    const { secret, token } = await operator.tokens.createToken();
    await newAgent().enroll(secret);
    const refused = async (text: string) =>
      seenError(
        await newAgent()
          .enroll(text)
          .catch((error: unknown) => error),
      );
    const used = await refused(secret);
    expect(used).toEqual(await refused(`zzzzzzzzzzzz.${secret.split('.')[1]}`));
    expect(used).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'TOKEN_REFUSED' });
    expect(used.remedy).toContain('flotilla token create');
    const { events } = await operator.events.listEvents({ resource: token?.meta?.id ?? '' });
    expect(events.map(({ message }) => message)).toContain(
      'A machine tried this token and was refused: all its uses are spent.',
    );
  });
});
