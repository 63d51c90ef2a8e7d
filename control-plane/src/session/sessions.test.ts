import {
  ConditionStatus,
  EventSeverity,
  MachineState,
  ObservedState,
  RefusalReason,
  SessionState,
} from '@flotilla/proto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeAgent, type FakeStream } from '../testing/fake-agent.js';
import { openOperator, seenError, type Operator } from '../testing/operator.js';
import { openTestServer, type TestServer } from '../testing/server.js';

let server: TestServer;
let operator: Operator;
let agent: FakeAgent;
const streams: FakeStream[] = [];

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
});
afterAll(async () => {
  operator.close();
  await server.remove();
});
afterEach(() => {
  for (const stream of streams.splice(0)) stream.cancel();
  agent.close();
});

async function enrolled(): Promise<FakeAgent> {
  agent = new FakeAgent(server.port, server.admin.caPem);
  const { secret } = await operator.tokens.createToken();
  await agent.enroll(secret);
  return agent;
}

function connect(over: Parameters<FakeAgent['connect']>[0] = {}): FakeStream {
  const stream = agent.connect(over);
  streams.push(stream);
  return stream;
}

async function eventReasons(): Promise<string[]> {
  return (await operator.events.listEvents({ resource: agent.machineId })).events.map(({ reason }) => reason);
}

describe('a session', () => {
  it('hands its probes and silence to the engine through the table', async () => {
    await enrolled();
    const stream = connect();
    await stream.next('welcome');
    const probe = { type: 'KubeletHealthy', status: ConditionStatus.FALSE, reason: 'Refused', message: '' };
    stream.beat({ probes: [probe] });
    await stream.next('ack');
    const live = server.engine.ports.sessions.live(agent.machineId);
    expect(live).toMatchObject({ connected: true, heartbeatIntervalMs: 5000, probes: [probe] });
    expect(server.engine.woken).toContain(`machine:${agent.machineId}`);
  });

  it('stores what the agent reports', async () => {
    await enrolled();
    const stream = connect();
    await stream.next('welcome');
    stream.send({
      $case: 'report',
      value: ObservedState.create({ bootId: 'boot-7', converged: true, observedGeneration: 3n }),
    });
    const bootId = async () => (await server.store.read.machine(agent.machineId))?.observed?.bootId;
    await expect.poll(bootId).toBe('boot-7');
  });

  it('sends a target again when its secrets changed, and once only when nothing did', async () => {
    await enrolled();
    const stream = connect();
    await stream.next('welcome');
    const secrets = { bootstrapToken: 'aaaaaa.bbbbbbbbbbbbbbbb', bootstrapTokenTtlSeconds: 900, certificateKey: '' };
    server.engine.setTarget(agent.machineId, 1, secrets);
    await stream.next('target');
    server.engine.setTarget(agent.machineId, 1, { ...secrets, bootstrapTokenTtlSeconds: 800 });
    server.engine.setTarget(agent.machineId, 1, { ...secrets, bootstrapToken: 'cccccc.dddddddddddddddd' });
    const second = await stream.next('target', stream.received.findIndex(({ $case }) => $case === 'target') + 1);
    expect(second.secrets?.bootstrapToken).toBe('cccccc.dddddddddddddddd');
    expect(stream.received.filter(({ $case }) => $case === 'target')).toHaveLength(2);
  });

  it('begins with Hello, and ends for bytes that are no message or a number that is none', async () => {
    await enrolled();
    const early = agent.client().session();
    const failed = new Promise((resolve) => early.on('error', resolve).on('data', () => undefined));
    early.write({ message: { $case: 'goodbye', value: { reason: '' } } });
    expect(seenError(await failed).reason).toBe('HELLO_MISSING');

    const stream = connect();
    await stream.next('welcome');
    stream.beat({ load1m: Number.NaN });
    await stream.end();
    expect(seenError(stream.error)).toMatchObject({ code: 'INVALID_ARGUMENT', fields: ['load1m'] });
  });

  it('fault-60: cuts an agent that floods, with the reason', async () => {
    await enrolled();
    const stream = connect();
    await stream.next('welcome');
    for (let i = 0; i < 400; i++) stream.beat();
    await stream.end();
    expect(seenError(stream.error).reason).toBe('RATE_LIMITED');
  });

  it('tolerates statuses it does not know', async () => {
    await enrolled();
    const stream = connect();
    await stream.next('welcome');
    stream.beat({ probes: [{ type: 'NewProbe', status: 99 as ConditionStatus, reason: '', message: '' }] });
    await stream.next('ack');
    expect(server.engine.ports.sessions.live(agent.machineId).probes[0]?.status).toBe(ConditionStatus.UNKNOWN);
  });
});

describe('two streams of one machine', () => {
  it('fault-28: the same process again takes over at once', async () => {
    await enrolled();
    const old = connect({ processId: 'p1' });
    const first = await old.next('welcome');
    const fresh = connect({ processId: 'p1' });
    const second = await fresh.next('welcome');
    expect(second.sessionEpoch).toBeGreaterThan(first.sessionEpoch);
    await old.end();
    expect(server.engine.ports.sessions.live(agent.machineId).connected).toBe(true);
  });

  it('a dead older one is asked, is silent, and gives way', async () => {
    await enrolled();
    const old = connect({ processId: 'p1' });
    await old.next('welcome');
    old.answers = false;
    const fresh = connect({ processId: 'p2' });
    await old.next('challenge');
    await fresh.next('welcome');
    await old.end();
    expect(await eventReasons()).not.toContain('MachineCloned');
  }, 15_000);

  it('fault-8: two that both hold the identity key are told apart from a restart, and get no target', async () => {
    await enrolled();
    const original = connect({ processId: 'p1' });
    await original.next('welcome');
    const copy = connect({ processId: 'p2' });
    expect((await copy.next('refusal')).reason).toBe(RefusalReason.CLONE);
    await copy.end();
    server.engine.setTarget(agent.machineId, 1);
    original.beat();
    await original.next('ack');
    expect(original.received.map(({ $case }) => $case)).not.toContain('target');
    await expect.poll(eventReasons).toContain('MachineCloned');
  });

  it('fault-63: a stolen certificate without the identity key is refused, the machine goes on', async () => {
    await enrolled();
    const original = connect({ processId: 'p1' });
    await original.next('welcome');
    const thief = new FakeAgent(server.port, server.admin.caPem);
    Object.assign(thief, { tls: agent.tls, chain: agent.chain });
    const stolen = thief.connect({ processId: 'p2' });
    expect((await stolen.next('refusal')).reason).toBe(RefusalReason.CLONE);
    thief.close();
    server.engine.setTarget(agent.machineId, 1);
    await original.next('target');
    await expect.poll(eventReasons).toContain('CertificateMisused');
  });
});

describe('refusals', () => {
  it('fault-75: a retired machine is cut at once, and told that it may leave when it comes back', async () => {
    await enrolled();
    const stream = connect();
    await stream.next('welcome');
    const status = { state: MachineState.RETIRED, reason: 'Retired', message: '', conditions: [] };
    await server.store.commit([{ kind: 'machine.retire', machineId: agent.machineId, status }], {
      owner: 'machine',
      nowMs: Date.now(),
      actor: 'test',
    });
    expect(await stream.next('refusal')).toMatchObject({ reason: RefusalReason.RETIRED, mayLeave: true });
    await stream.end();
    expect(await connect().next('refusal')).toMatchObject({ reason: RefusalReason.RETIRED, mayLeave: true });
    await expect(agent.renew()).rejects.toThrow(/revoked/);
  });

  it('an agent that obeyed a newer server is not commanded', async () => {
    await enrolled();
    const ahead = connect({ highestEpoch: BigInt(server.store.instance.epoch) + 1n });
    expect((await ahead.next('refusal')).reason).toBe(RefusalReason.EPOCH_TOO_OLD);
  });

  it('an agent of another protocol is told so', async () => {
    await enrolled();
    expect((await connect({ protocolMin: 9 }).next('refusal')).reason).toBe(RefusalReason.PROTOCOL);
  });
});

describe('a stop and a start', () => {
  it('asks the agents to come back, and knows them afterwards', async () => {
    await enrolled();
    const stream = connect();
    await stream.next('welcome');
    const { port, dataDir, admin } = server;
    await server.stop();
    expect((await stream.next('reconnect')).after).toBeDefined();
    operator.close();
    server = await openTestServer({ dataDir, port });
    operator = openOperator(port, admin.caPem, admin.apiKey);
    // The same CA, the same key, the same pin; the agent's certificate still stands.
    const again = connect();
    expect((await again.next('welcome')).serverEpoch).toBe(BigInt(server.store.instance.epoch));
    const { machine } = await operator.machines.getMachine({ machine: agent.machineId });
    expect(machine?.status?.session).toBe(SessionState.CONNECTED);
    const { events } = await operator.events.listEvents({ resource: agent.machineId });
    expect(events.every(({ severity }) => severity === EventSeverity.NORMAL)).toBe(true);
  });
});
