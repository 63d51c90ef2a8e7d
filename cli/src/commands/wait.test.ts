import { describe, expect, test } from 'vitest';
import {
  Cluster,
  ClusterState,
  ConditionStatus,
  DrainNodeRequest,
  Node,
  NodePool,
  NodePoolState,
  NodeState,
  StepState,
} from '@flotilla/proto';
import { demo, joiningNode, runningNode, workers } from '../testing/examples.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();

test('prints each phase as it passes and ends with the goal', async () => {
  const { server, terminal } = stage;
  server.fleet.nodes = [joiningNode('edge-7', 2)];
  const waiting = terminal.flotilla('wait', 'node/edge-7', '--for', 'ready', '--timeout', '5m');
  await terminal.stdout.shows(/assign/);
  server.fleet.nodes = [runningNode('edge-7', 'workers')];
  server.happen({ resourceKind: 'node' });
  expect(await waiting).toBe(0);
  const lines = terminal.stdout.text.split('\n');
  expect(lines.slice(0, 5)).toEqual([
    '   1/11 enroll             done    1.2s',
    '   2/11 assign             running 4.0s',
    '   2/11 assign             done    1.2s',
    '   3/11 preflight          done    1.2s',
    '   4/11 prepare-host       done    1.2s',
  ]);
  expect(lines.at(-2)).toMatch(/^node\/edge-7 is ready after \ds$/);
});

test('at the end of the time: where it stands, its last message, 4', async () => {
  const problems = [
    {
      code: 'IMAGE_LOAD',
      message: 'ctr answered 1: no space left on device',
      remedy: 'Free space below /var/lib/containerd.',
    },
  ];
  stage.server.fleet.nodes = [joiningNode('edge-7', 7, StepState.FAILED, { problems })];
  expect(await stage.terminal.flotilla('wait', 'node/edge-7', '--for', 'ready', '--timeout', '100ms')).toBe(4);
  expect(stage.terminal.stderr.text).toBe(
    `timed out WAIT_TIMEOUT: node/edge-7 is not ready after 0s. Provisioning (load-images 7/11 failed), it stands in load-images 7/11 failed: ctr answered 1: no space left on device.
Free space below /var/lib/containerd.
Look closer: flotilla describe node edge-7
`,
  );
});

test('what never appears is said so: 4', async () => {
  expect(await stage.terminal.flotilla('wait', 'node/edge-9', '--for', 'ready', '--timeout', '100ms')).toBe(4);
  expect(stage.terminal.stderr.text).toContain('it never appeared');
});

test('what is not there yet is waited for', async () => {
  const { server, terminal } = stage;
  terminal.stderr.isTTY = true;
  const waiting = terminal.flotilla('wait', 'node/edge-7', '--for', 'running', '--timeout', '5m');
  await terminal.stderr.shows(/node\/edge-7 is not there yet; waiting for it\n/);
  server.fleet.nodes = [runningNode('edge-7', 'workers')];
  server.happen({});
  expect(await waiting).toBe(0);
});

test('a node that needs a person ends the waiting at once: 1', async () => {
  const node = joiningNode('edge-7', 3, StepState.PARKED, {
    problems: [{ code: 'SWAP_ON', message: 'swap is on', remedy: 'Run: sudo swapoff -a' }],
  });
  stage.server.fleet.nodes = [Node.fromPartial({ ...node, status: { ...node.status, state: NodeState.FAILED } })];
  expect(await stage.terminal.flotilla('wait', 'node/edge-7', '--for', 'ready')).toBe(1);
  expect(stage.terminal.stderr.text).toBe(
    'refused WAIT_FAILED: node/edge-7 needs a person. Failed (preflight 3/11 parked): swap is on.\nRun: sudo swapoff -a\n',
  );
});

test('deleted is reached when it is not there any more', async () => {
  const { server, terminal } = stage;
  server.fleet.clusters = [Cluster.fromPartial({ ...demo, status: { ...demo.status, state: ClusterState.DELETING } })];
  const waiting = terminal.flotilla('wait', 'cluster/demo', '--for', 'deleted');
  await expect.poll(() => server.watching).toBe(1);
  server.fleet.clusters = [];
  server.happen({});
  expect(await waiting).toBe(0);
  expect(terminal.stdout.text).toMatch(/^cluster\/demo is deleted after \ds\n$/);
});

test('several at once, each under its name', async () => {
  const { server, terminal } = stage;
  server.fleet.nodes = [runningNode('bravo', 'workers'), joiningNode('edge-7', 1)];
  const waiting = terminal.flotilla('wait', 'node/bravo', 'node/edge-7', '--for', 'ready');
  await terminal.stdout.shows(/node\/edge-7 {4}1\/11 enroll/);
  server.fleet.nodes = [runningNode('edge-7', 'workers')];
  expect(await waiting).toBe(0);
  expect(terminal.stdout.text.match(/^node\/\S+ is ready/gm)).toEqual(['node/bravo is ready', 'node/edge-7 is ready']);
});

test('wherever nobody answers from the start, nothing is waited for', async () => {
  const { server, terminal } = stage;
  terminal.vars['FLOTILLA_ADMIN_FILE'] = await server.writeAdminFile(terminal.home, { server: 'https://127.0.0.1:1' });
  expect(await terminal.flotilla('wait', 'node/a', '--for', 'ready')).toBe(1);
  expect(terminal.stderr.text).toContain('SERVER_UNREACHABLE');
});

describe('what may be waited for', () => {
  const pool = (status: object, size?: number): NodePool =>
    NodePool.fromPartial({
      ...workers,
      spec: { ...workers.spec, size },
      status: { ...workers.status, state: NodePoolState.RUNNING, missing: 0, mismatches: [], ...status },
    });

  test('an open pool without nodes is not ready', async () => {
    const { server, terminal } = stage;
    server.fleet.pools = [pool({ nodesTotal: 0, nodesRunning: 0, nodesHealthy: 0 })];
    expect(await terminal.flotilla('wait', 'pool/workers', '--for', 'ready', '--timeout', '100ms')).toBe(4);
    expect(terminal.stderr.text).toContain('Running: no machine has joined it yet');
    const waiting = terminal.flotilla('wait', 'pool/workers', '--for', 'ready');
    await expect.poll(() => server.watching).toBe(1);
    server.fleet.pools = [pool({ nodesTotal: 1, nodesRunning: 1, nodesHealthy: 1 })];
    server.happen({});
    expect(await waiting).toBe(0);
  });

  test('a pool of size 0 is ready without nodes; a sized one with all of them', async () => {
    const { server, terminal } = stage;
    server.fleet.pools = [pool({ nodesTotal: 0, nodesRunning: 0 }, 0)];
    expect(await terminal.flotilla('wait', 'pool/workers', '--for', 'ready', '--timeout', '100ms')).toBe(0);
    server.fleet.pools = [pool({ nodesTotal: 0, nodesRunning: 0 }, 3)];
    expect(await terminal.flotilla('wait', 'pool/workers', '--for', 'ready', '--timeout', '100ms')).toBe(4);
  });

  test.each([
    [
      'healthy',
      { nodesTotal: 2, nodesRunning: 2, nodesHealthy: 2 },
      { nodesTotal: 2, nodesRunning: 2, nodesHealthy: 1 },
    ],
    ['updated', { nodesTotal: 2, nodesUpdated: 2 }, { nodesTotal: 2, nodesUpdated: 1 }],
    ['jsonpath={.status.nodesRunning}=3', { nodesRunning: 3 }, { nodesRunning: 2 }],
    ['jsonpath={.status.message}', { message: 'x' }, { message: '' }],
    ['jsonpath=.status.nodesRunning=3', { nodesRunning: 3 }, { nodesRunning: 2 }],
    [
      'condition=Progressing',
      { conditions: [{ type: 'Progressing', status: ConditionStatus.TRUE }] },
      { conditions: [{ type: 'Progressing', status: ConditionStatus.FALSE }] },
    ],
    ['condition=progressing=False', { conditions: [{ type: 'Progressing', status: ConditionStatus.FALSE }] }, {}],
  ])('pool --for %s', async (goal, reached, notReached) => {
    const { server, terminal } = stage;
    server.fleet.pools = [pool(reached, 2)];
    expect(await terminal.flotilla('wait', 'pool/workers', '--for', goal, '--timeout', '100ms')).toBe(0);
    server.fleet.pools = [pool(notReached, 2)];
    expect(await terminal.flotilla('wait', 'pool/workers', '--for', goal, '--timeout', '100ms')).toBe(4);
  });

  test('a node: cordoned, drained, healthy, provisioned', async () => {
    const { server, terminal } = stage;
    const node = runningNode('bravo', 'workers');
    server.fleet.nodes = [node];
    for (const goal of ['healthy', 'provisioned', 'updated'])
      expect(await terminal.flotilla('wait', 'node/bravo', '--for', goal, '--timeout', '100ms')).toBe(0);
    for (const goal of ['cordoned', 'drained'])
      expect(await terminal.flotilla('wait', 'node/bravo', '--for', goal, '--timeout', '100ms')).toBe(4);
    server.fleet.drainNode(DrainNodeRequest.create({ node: 'bravo' }));
    expect(await terminal.flotilla('wait', 'node/bravo', '--for', 'drained', '--timeout', '100ms')).toBe(0);
  });

  test.each([
    ['redy', '--for redy is not known. Did you mean ready?'],
    ['condition=', 'condition wants TYPE'],
    ['jsonpath={.a', 'is not understood'],
    ['connected', 'a node cannot become connected.\nFor nodes there is only: ready'],
  ])('--for %s is refused: 2', async (goal, text) => {
    expect(await stage.terminal.flotilla('wait', 'node/bravo', '--for', goal)).toBe(2);
    expect(stage.terminal.stderr.text).toContain(text);
  });
});
