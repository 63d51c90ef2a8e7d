import { afterEach, expect, test } from 'vitest';
import { World } from '../testing/world.js';
import { nothing, type EngineContext, type Reconciler } from './reconciler.js';

let world: World;
afterEach(() => world.close());

/** A reconciler of another package that remembers what it was asked to look at. */
function watcher(looked: string[], seen: { context?: EngineContext }) {
  return (context: EngineContext): readonly Reconciler[] => {
    seen.context = context;
    return [
      {
        name: 'watcher',
        owner: 'everyone',
        key: 'health',
        reads: [],
        writes: [],
        look: (id) => {
          looked.push(id);
          return Promise.resolve(nothing);
        },
      },
    ];
  };
}

async function open() {
  const looked: string[] = [];
  const seen: { context?: EngineContext } = {};
  world = await World.open({ extensions: [watcher(looked, seen)] });
  const cluster = await world.createCluster('prod');
  await world.createPool(cluster, 'web', { size: 1 });
  for (const name of ['a', 'b']) await world.enroll(name);
  await world.run(20_000);
  looked.length = 0;
  const context = seen.context;
  if (context === undefined) throw new Error('the extension was not made');
  return { looked, context };
}

test('looks at the health of a cluster when a session, a health record or a pause of it changes', async () => {
  const { looked } = await open();
  await world.settle();
  looked.length = 0;
  await world.setConnected('b', false);
  await world.settle();
  expect(looked).toContain('clu_prod');
  looked.length = 0;
  await world.commit('health', { kind: 'machine.health', machineId: 'mch_b', health: { conditions: [] } });
  await world.settle();
  expect(looked).toEqual(['clu_prod']);
  const pause = { untilMs: world.clock.now().wallMs + 1, reason: 'r', by: 'me' };
  await world.commit('api', { kind: 'pause.set', of: 'machine', id: 'mch_b', pause });
  await world.settle();
  expect(looked).toHaveLength(2);
});

test('is looked at with every full look, and not because Leases are renewed', async () => {
  const { looked } = await open();
  await world.run(59_000, 5_000);
  const looks = looked.length;
  expect(looks).toBeLessThanOrEqual(2);
  await world.run(61_000, 5_000);
  expect(looked.length).toBeGreaterThan(looks);
});

test('the second witness says what the API server says, with our own times', async () => {
  const { context } = await open();
  const witness = () => context.witness('clu_prod', 'b', 'mch_b');
  const nowMs = (): number => world.clock.now().monotonicMs;
  expect(witness()).toMatchObject({ known: true, registered: true, ready: 'True', hasAttachedVolumes: false });
  expect(nowMs() - (witness().leaseSeenMs ?? -1)).toBeLessThanOrEqual(5_000);
  // A Node object of that name which belongs to another machine says nothing.
  expect(context.witness('clu_prod', 'b', 'mch_other')).toMatchObject({ known: true, registered: false });
  expect(context.witness('clu_none', 'b', 'mch_b')).toMatchObject({ known: false, knownSinceMs: undefined });
  world.kubernetes.stopKubelet('b');
  const stoppedMs = nowMs();
  world.kubernetes.putNode('b', { volumesAttached: ['csi^v-1'] });
  await world.run(60_000);
  expect(witness()).toMatchObject({ known: true, ready: 'Unknown', hasAttachedVolumes: true });
  expect(witness().leaseSeenMs).toBeLessThanOrEqual(stoppedMs);
  world.kubernetes.setUp(false);
  expect(witness()).toMatchObject({ known: false, registered: false, leaseSeenMs: undefined });
  world.kubernetes.setUp(true);
  expect(witness().knownSinceMs).toBe(nowMs());
});
