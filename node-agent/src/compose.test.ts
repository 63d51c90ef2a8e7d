import { silentLogger, systemClock, systemRandom, type Clock } from '@flotilla/kit';
import { MachineRole, StepState, type ObservedState } from '@flotilla/proto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runAgent, type AgentPorts } from './compose.js';
import { noProxy } from './host/proxy.js';
import { FakeControlPlane } from './link/fake-control-plane.js';
import { aManifest, aTarget, FakeWorld, someSecrets, stateDir, version } from './work/fake-world.js';

const token = 'tok_abc.0123456789abcdef';
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** A whole agent on a machine in memory, against a fake control plane over real TLS. */
async function setUp(options: Parameters<typeof FakeControlPlane.start>[0] = {}) {
  const fake = await FakeControlPlane.start({ token, intervalMs: 500, ...options });
  open.push(fake);
  const world = await FakeWorld.create();
  const { host } = world;
  host.put('/etc/flotilla/agent.json', JSON.stringify({ server: fake.url, caPin: fake.pin }));
  host.put('/etc/flotilla/token', token, 0o600);
  host.web.set(`${fake.url}/artifacts/v1/manifests/${version}/amd64`, { status: 200, body: aManifest().json });
  let retry = (): void => undefined;
  const ports: AgentPorts = {
    host,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    proxy: noProxy,
    places: { configFile: '/etc/flotilla/agent.json', tokenFile: '/etc/flotilla/token', stateDir },
    pid: 1,
    inventory: (facts) => Promise.resolve(facts),
    onRetry: (again) => (retry = again),
    giveBackMemory: () => undefined,
  };
  const start = (clock: Clock = systemClock) => {
    const stop = new AbortController();
    const running = runAgent({ ...ports, clock }, stop.signal);
    const handle = {
      close: async () => {
        stop.abort(new Error('stop'));
        await running;
      },
    };
    open.push(handle);
    return handle;
  };
  const reports = (): readonly ObservedState[] =>
    fake.heard.flatMap((message) => (message.$case === 'report' ? [message.value] : []));
  const kinds = (): readonly string[] => fake.heard.map(({ $case }) => $case);
  return { fake, world, host, start, reports, kinds, retry: () => retry() };
}

const soon = { timeout: 15_000, interval: 20 };

describe('a whole agent', () => {
  it('enrolls, connects, takes a target, joins and reports it', async () => {
    const { fake, world, start, reports, kinds } = await setUp();
    start();
    await vi.waitFor(() => expect(kinds()).toEqual(expect.arrayContaining(['hello', 'inventory', 'heartbeat'])), soon);
    expect(world.host.entries.has('/etc/flotilla/token')).toBe(false);
    fake.push(
      aTarget({ skippedChecks: ['clock', 'cpus', 'memory', 'hostname', 'kernel', 'cgroup', 'ports'] }),
      someSecrets,
    );
    await vi.waitFor(() => expect(reports().at(-1)).toMatchObject({ converged: true, observedGeneration: 1n }), soon);
    const last = reports().at(-1);
    expect(last?.membership).toMatchObject({ role: MachineRole.WORKER, clusterId: 'clu_1' });
    expect(last?.steps.find(({ phase }) => phase === 'enroll')).toMatchObject({ state: StepState.DONE, index: 1 });
    const status = (): unknown => JSON.parse(world.host.content(`${stateDir}/status.json`) ?? '');
    const expected = { machine: { id: 'mch_fake1' }, role: 'worker', link: { state: 'connected' } };
    await vi.waitFor(() => expect(status()).toMatchObject(expected), soon);
  });

  it('the heartbeat acknowledges what is on disk, and is small', async () => {
    const { fake, start } = await setUp();
    start();
    fake.push(aTarget({ role: MachineRole.NONE, generation: 7n }));
    const acknowledged = () =>
      fake.heard.flatMap((message) => (message.$case === 'heartbeat' ? [message.value.acknowledgedGeneration] : []));
    await vi.waitFor(() => expect(acknowledged().at(-1)).toBe(7n), soon);
  });

  it('fault 15: after a restart it is the same machine, spends no token, and does nothing again', async () => {
    const { fake, world, start, reports } = await setUp();
    const first = start();
    fake.push(
      aTarget({ skippedChecks: ['clock', 'cpus', 'memory', 'hostname', 'kernel', 'cgroup', 'ports'] }),
      someSecrets,
    );
    await vi.waitFor(() => expect(reports().at(-1)?.converged).toBe(true), soon);
    await first.close();
    open.splice(open.indexOf(first), 1);
    const calls = world.kubeadm.calls.length;
    fake.heard.length = 0;
    start();
    await vi.waitFor(() => expect(reports().at(-1)).toMatchObject({ converged: true }), soon);
    expect(fake.tokenUses).toBe(1);
    expect(world.kubeadm.calls).toHaveLength(calls);
  });

  it('renews its certificate with a new key when half of its life is over, and comes back with it', async () => {
    const { fake, host, start, kinds } = await setUp({ certificateLifeMs: 2_000 });
    start();
    await vi.waitFor(() => expect(host.content(`${stateDir}/tls.crt`)).toBeDefined(), soon);
    const before = { key: host.content(`${stateDir}/tls.key`), identity: host.content(`${stateDir}/identity.key`) };
    await vi.waitFor(() => expect(kinds().filter((kind) => kind === 'hello').length).toBeGreaterThan(1), soon);
    expect(host.content(`${stateDir}/tls.key`)).not.toBe(before.key);
    expect(host.content(`${stateDir}/identity.key`)).toBe(before.identity);
    expect(host.entries.has(`${stateDir}/tls-next.key`)).toBe(false);
    expect(fake.tokenUses).toBe(1);
  });

  it('off for so long that its certificate ran out, it comes back by its identity key', async () => {
    const { fake, host, start, kinds } = await setUp({ certificateLifeMs: 1 });
    // The fake gives a dead certificate at enrolment, and a good one at renewal.
    start();
    await vi.waitFor(() => expect(kinds()).toContain('heartbeat'), soon);
    expect(fake.tokenUses).toBe(1);
    expect(host.entries.has(`${stateDir}/tls-next.key`)).toBe(false);
  });

  it('fault 13: under a wrong clock it says so, instead of blaming the certificate', async () => {
    const { world, start, fake } = await setUp();
    const first = start();
    await vi.waitFor(() => expect(fake.sessions).toBe(1), soon);
    await first.close();
    open.splice(open.indexOf(first), 1);
    const wrong = {
      ...systemClock,
      now: () => ({ ...systemClock.now(), wallMs: systemClock.now().wallMs + 3_600_000 }),
    };
    start(wrong);
    const reason = (): string =>
      (JSON.parse(world.host.content(`${stateDir}/status.json`) ?? '{}') as { link?: { reason?: string } }).link
        ?.reason ?? '';
    fake.refuseSessions = true;
    await vi.waitFor(() => expect(reason()).toMatch(/CLOCK_SKEW: .* 60m ahead of/), soon);
  });

  it('fault 34: reached by name; when DNS is gone it comes back by the last address, and the name is still what counts', async () => {
    const { fake, host, start, kinds } = await setUp({ names: ['localhost'] });
    host.names.set('localhost', ['127.0.0.1']);
    const first = start();
    await vi.waitFor(() => expect(kinds()).toContain('heartbeat'), soon);
    expect(host.content(`${stateDir}/server-addresses.json`)).toBe('["127.0.0.1"]\n');
    await first.close();
    open.splice(open.indexOf(first), 1);
    host.names.clear();
    fake.heard.length = 0;
    start();
    await vi.waitFor(() => expect(kinds()).toContain('heartbeat'), soon);
    expect(fake.tokenUses).toBe(1);
  });

  it('without a configuration, or with a damaged journal, it does not start, and says why', async () => {
    const { host, start } = await setUp();
    host.put(`${stateDir}/journal.jsonl`, '{"n":1,"kind":"begun"}\nrubbish\n{"n":3,"kind":"begun"}\n');
    const damaged = start();
    open.splice(open.indexOf(damaged), 1);
    await expect(damaged.close()).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
    host.entries.delete('/etc/flotilla/agent.json');
    const missing = start();
    open.splice(open.indexOf(missing), 1);
    await expect(missing.close()).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
  });
});
