import { beforeAll, describe, expect, test } from 'vitest';
import { MachineState, Role } from '@flotilla/proto';
import type { Snapshot } from '../../testbed/index.js';
import { openApi } from '../ground/api.js';
import {
  allSpare,
  clusterRuns,
  eventsAfter,
  machineOf,
  machinesOf,
  makeCluster,
  makePool,
  nameOf,
  nodesOf,
  poolRuns,
  project,
  remediation,
  revision,
  scale,
} from '../ground/fleet.js';
import {
  adminFile,
  attachGround,
  kubectlFor,
  olderVersion,
  serverNames,
  version,
  type Ground,
  type Kubectl,
} from '../ground/ground.js';
import { until } from '../support.js';
import { leftovers } from './clean.js';

const cluster = 'prod';
let ground: Ground;
let kubectl: Kubectl;
const before = new Map<string, Snapshot>();

beforeAll(async () => {
  ground = attachGround();
  for (const name of serverNames) before.set(name, await ground.server(name).snapshot());
});

const readyNodes = async (): Promise<string[]> =>
  (await kubectl.ok(['get', 'nodes', '--no-headers'])).split('\n').filter((line) => / Ready /.test(line));

describe('a control plane of three behind one endpoint', () => {
  test('is made of three spares, and no other machine is touched', async () => {
    await makeCluster(ground, { name: cluster, replicas: 3, endpoint: ground.endpoint });
    await poolRuns(ground, cluster, 'control-plane', 3, 280_000);
    await clusterRuns(ground, cluster, 30_000);
    kubectl = await kubectlFor(ground.api, cluster);
    expect(await readyNodes()).toHaveLength(3);
    const states = (await machinesOf(ground)).map(({ status }) => status?.state);
    expect(states.filter((state) => state === MachineState.IN_USE)).toHaveLength(3);
    expect(states.filter((state) => state === MachineState.AVAILABLE)).toHaveLength(6);
  });

  test('pool scaled to 2 and 4 from spares: two come, and the two that were there stay as they are', async () => {
    await makePool(ground, { cluster, name: 'web', size: 2 });
    const two = await poolRuns(ground, cluster, 'web', 2);
    const uids = await nodeUids();
    await scale(ground, cluster, 'web', 4);
    const four = await poolRuns(ground, cluster, 'web', 4);
    expect(four.map(nameOf)).toEqual(expect.arrayContaining(two.map(nameOf)));
    expect(Object.entries(await nodeUids())).toEqual(expect.arrayContaining(Object.entries(uids)));
  });

  test('loses one member by power cut and stays writable; the member comes back as itself and nothing was repaired', async () => {
    const since = await revision(ground);
    const uids = await nodeUids();
    const victim = (await nodesOf(ground, cluster, 'control-plane')).map(nameOf).at(-1) ?? '';
    await ground.server(victim).powerCut();
    const cutMs = performance.now();
    const wrote = async (i: number): Promise<boolean> =>
      (await kubectl.run(['create', 'configmap', `after-cut-${i}`, '--from-literal=a=b'])).code === 0;
    await until('a write is taken', 60_000, async () => (await wrote(0)) || undefined);
    console.log(`writable again ${((performance.now() - cutMs) / 1000).toFixed(1)} s after the power cut`);
    for (let i = 1; i <= 5; i += 1) expect(await wrote(i)).toBe(true);
    await ground.server(victim).powerOn();
    await until('three members are Ready', 180_000, async () => (await readyNodes()).length === 7 || undefined, 1000);
    await poolRuns(ground, cluster, 'control-plane', 3);
    expect(await nodeUids()).toEqual(uids);
    expect(await remediation(ground, since)).toEqual([]);
    // The kubelet of a machine that has just booted may not know yet who may exec.
    const members = await until('the list of etcd members', 60_000, async () => {
      const { code, stdout } = await kubectl.run([
        ...['-n', 'kube-system', 'exec', `etcd-${victim}`, '--', 'etcdctl', 'member', 'list'],
        ...['--cacert=/etc/kubernetes/pki/etcd/ca.crt', '--cert=/etc/kubernetes/pki/etcd/server.crt'],
        '--key=/etc/kubernetes/pki/etcd/server.key',
      ]);
      return code === 0 ? stdout : undefined;
    });
    expect(
      members
        .trim()
        .split('\n')
        .filter((line) => line.includes('started')),
    ).toHaveLength(3);
  });

  test('a node is replaced: a spare takes the place first, the machine goes back, the others stay', async () => {
    const nodes = (await nodesOf(ground, cluster, 'web')).map(nameOf);
    const [victim = ''] = nodes;
    const uids = await nodeUids();
    await ground.controlPlane.flotilla(['replace', 'node', victim, '--cluster', cluster, '--yes']);
    await until(`${victim} is a spare again`, 240_000, async () => {
      const { status } = await machineOf(ground, victim);
      return status?.state === MachineState.AVAILABLE || undefined;
    });
    const after = (await poolRuns(ground, cluster, 'web', 4)).map(nameOf);
    expect(after).not.toContain(victim);
    expect(after.filter((name) => nodes.includes(name))).toHaveLength(3);
    const now = await nodeUids();
    for (const name of nodes.slice(1)) expect(now[name]).toBe(uids[name]);
    expect(leftovers(before.get(victim), await ground.server(victim).snapshot())).toEqual([]);
  });
});

describe('while the control plane is killed again and again', () => {
  test('scaling 4 to 1 finishes: three machines are spare and clean, one node stays', async () => {
    const [kept] = await killing(async () => {
      await scale(ground, cluster, 'web', 1);
      return poolRuns(ground, cluster, 'web', 1);
    });
    const machines = await until('three are spares', 120_000, async () => {
      const all = await machinesOf(ground);
      return all.filter(({ status }) => status?.state === MachineState.AVAILABLE).length === 5 ? all : undefined;
    });
    expect(machines.filter(({ status }) => status?.state === MachineState.IN_USE)).toHaveLength(4);
    expect((await readyNodes()).length).toBe(4);
    expect(kept?.machineName).not.toBe('');
  });
});

describe('a pool of an older minor version', () => {
  test('joins the newer control plane, and the other pool keeps its version', async () => {
    await makePool(ground, { cluster, name: 'older', size: 1, version: olderVersion });
    const [node] = await poolRuns(ground, cluster, 'older', 1);
    const versions = await kubectl.ok([
      'get',
      'nodes',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}={.status.nodeInfo.kubeletVersion} {end}',
    ]);
    expect(versions).toContain(`${node?.machineName ?? ''}=${olderVersion}`);
    expect(
      versions
        .trim()
        .split(' ')
        .filter((each) => each.endsWith(`=${version}`)),
    ).toHaveLength(4);
  });
});

describe('what a Reader may', () => {
  test('look with real kubectl, and not write', async () => {
    const { secret } = await ground.api.access.createApiKey({ project, name: 'reader', role: Role.READER });
    const { caPem, address } = adminFile(ground.controlPlane);
    const api = openApi(address, caPem, secret);
    const reader = await kubectlFor(api, cluster, 'reader');
    api.close();
    await until('the role is known to the cluster', 30_000, async () =>
      (await reader.run(['get', 'nodes'])).code === 0 ? true : undefined,
    );
    for (const args of [
      ['create', 'configmap', 'no'],
      ['delete', 'configmap', 'after-cut-0'],
      ['label', 'nodes', '--all', 'no=no'],
      ['create', 'token', 'default'],
      ['get', 'secrets', '-A'],
    ]) {
      const { code, stderr } = await reader.run(args);
      expect([args.join(' '), code, stderr]).toEqual([args.join(' '), 1, expect.stringContaining('Forbidden')]);
    }
    expect((await kubectl.run(['get', 'configmap', 'after-cut-0'])).code).toBe(0);
    expect((await kubectl.run(['get', 'configmap', 'no'])).code).toBe(1);
  });
});

describe('deleting the cluster while the control plane is killed again and again', () => {
  test('all machines are Available and clean, and the hosts are as they were', async () => {
    const since = await revision(ground);
    await killing(async () => {
      await ground.controlPlane.flotilla(['delete', 'cluster', cluster, '--yes']);
      return allSpare(ground, 280_000);
    });
    const left: Record<string, string[]> = {};
    for (const name of serverNames) {
      const lines = leftovers(before.get(name), await ground.server(name).snapshot());
      if (lines.length > 0) left[name] = lines;
    }
    expect(left).toEqual({});
    const failed = (await eventsAfter(ground, since)).filter(({ reason }) => /Failed$/.test(reason));
    expect(failed.map(({ resourceName, message }) => `${resourceName}: ${message}`)).toEqual([]);
  });

  test('they make another cluster at once', async () => {
    await makeCluster(ground, { name: 'next' });
    await makePool(ground, { cluster: 'next', name: 'web', size: 1 });
    await poolRuns(ground, 'next', 'web', 1);
    await ground.controlPlane.flotilla(['delete', 'cluster', 'next', '--yes']);
    await allSpare(ground);
  });
});

async function nodeUids(): Promise<Record<string, string>> {
  const text = await kubectl.ok([
    'get',
    'nodes',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name}={.metadata.uid} {end}',
  ]);
  return Object.fromEntries(
    text
      .trim()
      .split(' ')
      .map((each) => each.split('=') as [string, string]),
  );
}

/** Does the work while the server is killed every few seconds, at whatever moment that is. */
async function killing<T>(work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const killer = (async () => {
    for (let kills = 0; kills < 5 && !stop.signal.aborted; kills += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1500 + 700 * kills));
      await ground.controlPlane.stop('SIGKILL');
      await ground.controlPlane.start();
    }
  })();
  try {
    return await patient(work);
  } finally {
    stop.abort();
    await killer;
  }
}

/** A call that the kill has cut is made again: the operator's own retry. */
async function patient<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries >= 60 || !/UNAVAILABLE|ECONN|not be reached|DEADLINE/i.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
