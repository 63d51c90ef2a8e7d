import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom, SimClock } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from './client.js';
import { FakeApiServer } from './fake/index.js';
import type { KubeManifest } from './objects.js';
import { ClusterView, type ClusterChange } from './watch-view.js';

const node = (name: string): KubeManifest => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
const lease = (name: string, namespace = 'kube-node-lease'): KubeManifest => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace },
  spec: { holderIdentity: name },
});

describe('what is known of a cluster', () => {
  let fake: FakeApiServer;
  let clock: SimClock;
  let client: ClosableKubeClient;
  let view: ClusterView;
  let stop: AbortController;
  let running: Promise<unknown>;
  let changes: ClusterChange[];
  let wake: () => void;

  beforeEach(async () => {
    fake = await FakeApiServer.start();
    clock = new SimClock();
    // Patient, because the tests move time before they can know that the client has seen its watches begin.
    client = createKubeClient(fake.endpoint(), { clock, random: seededRandom(1) }, { timeoutMs: 3_600_000 });
    changes = [];
    wake = () => undefined;
    view = new ClusterView(clock, (change) => {
      changes.push(change);
      wake();
    });
    stop = new AbortController();
    running = Promise.resolve();
  });
  afterEach(async () => {
    stop.abort();
    await running;
    client.close();
    await fake.stop();
  });

  const run = (): void => void (running = Promise.all(view.tasks(client).map((task) => task.run(stop.signal))));
  /** Resolves when the view says so; asked again after every change. */
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (wake = resolve));
  }
  const watched = (): Promise<void> => until(() => view.state.kind === 'watching');
  /** From the loss of all three to the next list of each. */
  async function recover(): Promise<void> {
    await until(() => [view.nodes, view.leases, view.csrs].every((one) => one.state.kind === 'lost'));
    await clock.waitForSleepers(3);
    await clock.advance(1_000);
    await watched();
  }

  test('before the first list nothing is known, and that is said', async () => {
    expect(view.state).toEqual({ kind: 'lost', lostSince: clock.now(), reason: undefined });
    expect(view.nodes.listed).toBe(false);
    await clock.advance(5_000);
    fake.put(node('n1'));
    fake.put(lease('n1'));
    fake.put(lease('n1', 'default'));
    run();
    await watched();
    expect(view.nodes.listed).toBe(true);
    expect(view.state).toEqual({ kind: 'watching', watchedSince: clock.now() });
    expect(view.nodes.get('n1')?.object.meta.name).toBe('n1');
    expect(view.lease('n1')?.object.holder).toBe('n1');
    expect(view.leases.size).toBe(1);
  });

  test('a heartbeat counts from when we saw it, whatever its own clock says', async () => {
    fake.put(node('n1'));
    fake.put(lease('n1'));
    run();
    await watched();
    await fake.watchesBegun(3);
    await clock.advance(30_000);
    fake.change(lease('n1'), { spec: { renewTime: '1999-01-01T00:00:00.000000Z' } });
    await until(() => view.lease('n1')?.object.renewedAtMs !== undefined);
    expect(view.lease('n1')?.changedAt.monotonicMs).toBe(30_000);
    expect(view.nodes.get('n1')?.changedAt.monotonicMs).toBe(0);
    expect(changes.at(-1)).toEqual({
      resource: 'leases',
      kind: 'object',
      type: 'modified',
      namespace: 'kube-node-lease',
      name: 'n1',
    });
  });

  test('a loss is dated, what was known stays, and after it watching begins anew', async () => {
    fake.put(node('stays'));
    fake.put(node('leaves'));
    run();
    await watched();
    await fake.watchesBegun(3);
    await clock.advance(60_000);
    fake.refuseConnections = true;
    fake.cutConnections();
    await until(() => [view.nodes, view.leases, view.csrs].every((one) => one.state.kind === 'lost'));
    expect(view.state).toMatchObject({
      kind: 'lost',
      lostSince: { monotonicMs: 60_000 },
      reason: { code: 'KUBE_UNREACHABLE' },
    });
    expect(view.nodes.size).toBe(2);
    fake.remove(node('leaves'));
    fake.put(node('comes'));
    fake.refuseConnections = false;
    await recover();
    expect(view.nodes.all().map(({ object }) => object.meta.name)).toEqual(['comes', 'stays']);
    expect(view.state).toMatchObject({ kind: 'watching', watchedSince: { monotonicMs: expect.any(Number) as number } });
    expect(view.state.kind === 'watching' && view.state.watchedSince.monotonicMs > 60_000).toBe(true);
    // Unchanged meanwhile: the list after a loss is no sign of life.
    expect(view.nodes.get('stays')?.changedAt.monotonicMs).toBe(0);
    expect(view.nodes.get('comes')?.changedAt.monotonicMs).toBeGreaterThan(60_000);
  });

  test('one resource that cannot be watched makes the whole lost, since its loss', async () => {
    fake.fail({
      path: /certificatesigningrequests/,
      times: 100,
      fault: { kind: 'refuse', status: 403, reason: 'Forbidden' },
    });
    run();
    await until(() => view.nodes.listed && view.leases.listed && changes.some(({ kind }) => kind === 'lost'));
    expect(view.nodes.state.kind).toBe('watching');
    expect(view.state).toMatchObject({ kind: 'lost', reason: { code: 'KUBE_FORBIDDEN' } });
  });

  test('a view that is not run any more is lost', async () => {
    run();
    await watched();
    await fake.watchesBegun(3);
    await clock.advance(10_000);
    stop.abort();
    await running;
    expect(view.state).toEqual({ kind: 'lost', lostSince: clock.now(), reason: undefined });
  });

  test('changes of certificate requests are told by name', async () => {
    run();
    await watched();
    await fake.watchesBegun(3);
    fake.put({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: 'csr-1' } });
    await until(() => view.csrs.size === 1);
    expect(changes.at(-1)).toEqual({
      resource: 'certificatesigningrequests',
      kind: 'object',
      type: 'added',
      namespace: '',
      name: 'csr-1',
    });
  });
});
