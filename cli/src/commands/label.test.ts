import { beforeEach, expect, test } from 'vitest';
import { NodePool } from '@flotilla/proto';
import { demo, machine, workers } from '../testing/examples.js';
import { FakeFailure } from '../testing/fake-failure.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();

beforeEach(() => {
  const { fleet } = stage.server;
  fleet.clusters = [demo];
  fleet.pools = [workers];
  const found = machine('edge-7', { provider: 'home', region: 'attic' });
  fleet.machines = [
    { ...found, meta: found.meta && { ...found.meta, etag: 'e1', labels: { rack: '11', old: 'yes' } } },
  ];
});

test('sets, overwrites when asked to, and takes away', async () => {
  expect(await stage.terminal.flotilla('label', 'machine', 'edge-7', 'rack=12')).toBe(1);
  expect(stage.terminal.stderr.text).toBe(
    'refused LABEL_EXISTS: rack is 11; nothing was changed.\nTo replace it: --overwrite\n',
  );
  expect(await stage.terminal.flotilla('label', 'machine', 'edge-7', 'rack=12', 'old-', '--overwrite')).toBe(0);
  expect(stage.terminal.stdout.text).toBe('machine/edge-7 labelled\n');
  expect(stage.server.calls.findLast(({ method }) => method === 'UpdateMachine')?.request).toMatchObject({
    labels: { rack: '12' },
    updateMask: ['labels'],
    etag: 'e1',
  });
  expect(stage.server.fleet.machines[0]?.meta?.labels).toEqual({ rack: '12' });
  await stage.terminal.flotilla('label', 'machine', 'edge-7', 'rack=12');
  expect(stage.terminal.stdout.text).toBe('machine/edge-7 has these labels already\n');
});

test('a pool: its own labels, or those of its nodes', async () => {
  await stage.terminal.flotilla('label', 'pool', 'workers', 'team=shop');
  expect(stage.server.fleet.pools[0]?.meta?.labels).toEqual({ team: 'shop' });
  expect(stage.server.fleet.pools[0]?.spec?.template?.labels).toEqual({ tier: 'web' });
  await stage.terminal.flotilla('label', 'pool', 'workers', 'gpu=no', 'tier-', '--nodes');
  expect(stage.server.fleet.pools[0]?.spec?.template?.labels).toEqual({ gpu: 'no' });
  expect(stage.server.fleet.pools[0]?.meta?.labels).toEqual({ team: 'shop' });
});

test('cluster and project; --dry-run changes nothing', async () => {
  await stage.terminal.flotilla('label', 'cluster', 'demo', 'stage=prod', '--dry-run');
  expect(stage.terminal.stdout.text).toBe('cluster/demo labelled (dry run)\n');
  expect(stage.server.fleet.clusters).toEqual([demo]);
  await stage.terminal.flotilla('label', 'project', 'default', 'cost=7');
  expect(stage.server.fleet.projects[0]?.meta?.labels).toEqual({ cost: '7' });
});

test('somebody was faster: both labels are kept', async () => {
  const { fleet } = stage.server;
  const real = fleet.updateNodePool.bind(fleet);
  let first = true;
  fleet.updateNodePool = (request) => {
    if (first) {
      first = false;
      fleet.pools = fleet.pools.map((pool) =>
        NodePool.fromPartial({ ...pool, meta: { ...pool.meta, etag: 'v8', labels: { theirs: 'a' } } }),
      );
    }
    return real(request);
  };
  expect(await stage.terminal.flotilla('label', 'pool', 'workers', 'ours=b')).toBe(0);
  expect(fleet.pools[0]?.meta?.labels).toEqual({ theirs: 'a', ours: 'b' });
});

test('it is not tried for ever', async () => {
  stage.server.failures.set('UpdateNodePool', new FakeFailure(10, 'ETAG_MISMATCH', 'changed meanwhile'));
  expect(await stage.terminal.flotilla('label', 'pool', 'workers', 'ours=b')).toBe(1);
  expect(stage.server.calls.filter(({ method }) => method === 'UpdateNodePool')).toHaveLength(5);
});

test.each([
  [['node', 'bravo', 'a=b'], 'Labels of nodes come from their pool: flotilla label pool NAME key=value --nodes'],
  [['pool', 'workers', 'a'], 'wants key=value'],
  [['pool', 'workers', 'a=b', 'a-'], 'a is set and taken away in one call'],
  [['cluster', 'demo', 'a=b', '--nodes'], '--nodes goes with a pool'],
])('%j is refused', async (words, text) => {
  expect(await stage.terminal.flotilla('label', ...words)).toBe(2);
  expect(stage.terminal.stderr.text).toContain(text);
});
