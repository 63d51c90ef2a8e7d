import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HealthVerdict, MachineState, NodeState } from '@flotilla/proto';
import type { Server } from '../../testbed/index.js';
import {
  allSpare,
  clusterOf,
  eventsAfter,
  holds,
  machineOf,
  machinesOf,
  makeCluster,
  makePool,
  nameOf,
  nodeOf,
  nodesOf,
  poolRuns,
  project,
  remediation,
  revision,
  seconds,
} from '../ground/fleet.js';
import { attachGround, keepGround, kubectlFor, type Ground, type Kubectl } from '../ground/ground.js';
import { until } from '../support.js';
import { expireKubelet } from './certificates.js';
import { cluster, judged, pool, pulse, quick, repaired, setHealth, sleepMs } from './scene.js';
import { workload } from './workload.js';

const workers = 7;
let ground: Ground;
let kubectl: Kubectl;
let names: string[] = [];
let master = '';

const on = (i: number): Server => ground.server(names[i] ?? '');
const name = (i: number): string => names[i] ?? '';
const readyCount = async (): Promise<number> =>
  (await kubectl.ok(['get', 'nodes', '--no-headers'])).split('\n').filter((line) => / Ready /.test(line)).length;
const ofThePool = async (since: bigint): Promise<string[]> =>
  (await holds(ground, since)).filter((line) => line.startsWith(`${pool} `));
const uids = (): Promise<string> =>
  kubectl.ok(['get', 'nodes', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.metadata.uid} {end}']);
const agentPid = (server: Server): Promise<string> =>
  server.execOk(['systemctl', 'show', '--property=MainPID', 'flotilla-agent']);
const allHealthy = (): Promise<true> =>
  until(
    'every node is healthy',
    180_000,
    async () => {
      const nodes = await nodesOf(ground, cluster);
      const well = nodes.filter(({ status }) => status?.health?.verdict === HealthVerdict.HEALTHY);
      return (nodes.length === workers + 1 && well.length === nodes.length) || undefined;
    },
    1000,
  );

beforeAll(async () => {
  ground = attachGround();
  const { clusters } = await ground.api.clusters.listClusters({ project });
  // A run that was asked to keep its ground left it behind.
  if (clusters.length === 0) {
    await makeCluster(ground, { name: cluster });
    await makePool(ground, { cluster, name: pool, size: workers, health: quick });
  }
  names = (await poolRuns(ground, cluster, pool, workers, 480_000)).map(nameOf).sort();
  master = (await nodesOf(ground, cluster, 'control-plane')).map(nameOf)[0] ?? '';
  kubectl = await kubectlFor(ground.api, cluster);
  await kubectl.ok(['apply', '-f', '-'], workload(workers));
  await kubectl.ok(['rollout', 'status', 'deployment/steady', '--timeout=60s']);
});

afterAll(async () => {
  await Promise.all(ground.bed.servers().map((server) => server.heal()));
  for (const server of ground.bed.servers()) {
    server.emptyDisk();
    if (server.power() === 'frozen') await server.thaw();
    if (server.power() === 'off') await server.powerOn();
  }
  if (keepGround) return;
  for (const { spec, meta } of await machinesOf(ground))
    if (spec?.quarantined === true)
      await ground.controlPlane.flotilla(['release', 'machine', meta?.name ?? '', '--yes']);
  await ground.controlPlane.flotilla(['delete', 'cluster', cluster, '--yes']);
  await allSpare(ground);
});

describe('nothing is wrong with any machine', () => {
  let since = 0n;
  let nodesBefore = '';

  beforeAll(async () => {
    await allHealthy();
    since = await revision(ground);
    nodesBefore = await uids();
  }, 300_000);

  test('the control plane is gone for five minutes, and a machine reboots and an agent is killed meanwhile', async () => {
    const kubelet = await pulse(on(1));
    await ground.controlPlane.stop('SIGKILL');
    const gone = sleepMs(300_000);
    await Promise.all([on(0).reboot(), on(1).execOk(['systemctl', 'kill', '--signal=KILL', 'flotilla-agent'])]);
    await gone;
    // Kubernetes needs nobody of us.
    expect(await readyCount()).toBe(workers + 1);
    expect(await pulse(on(1))).toBe(kubelet);
    await ground.controlPlane.start();
    await allHealthy();
    expect(await uids()).toBe(nodesBefore);
  }, 480_000);

  describe.concurrent('four machines at once', () => {
    test('fault 22: a machine is frozen for 90 s: it is missed, nothing is done, it comes back as it was', async ({
      expect,
    }) => {
      const before = await pulse(on(2));
      await on(2).freeze();
      const ninetySeconds = sleepMs(90_000);
      // Within two minutes of our own start nothing is held against anybody.
      await judged(ground, name(2), HealthVerdict.HOST_GONE, 240_000);
      await ninetySeconds;
      await on(2).thaw();
      await judged(ground, name(2), HealthVerdict.HEALTHY);
      expect(await pulse(on(2))).toBe(before);
    });

    test('fault 27: the answers to an agent are lost: management is lost, the node serves on', async ({ expect }) => {
      const before = await pulse(on(3));
      await on(3).partition({ from: 'host', direction: 'in' });
      const node = await judged(ground, name(3), HealthVerdict.MANAGEMENT_LOST, 240_000);
      expect(node.status?.state).toBe(NodeState.RUNNING);
      await sleepMs(30_000);
      await on(3).heal();
      await judged(ground, name(3), HealthVerdict.HEALTHY);
      expect(await pulse(on(3))).toBe(before);
    });

    test('fault 15, fault 17: the agent is killed again and again: kubelet and pods are not touched', async ({
      expect,
    }) => {
      const before = await pulse(on(4));
      for (let kills = 0; kills < 6; kills += 1) {
        const pid = await agentPid(on(4));
        await on(4).execOk(['systemctl', 'kill', '--signal=KILL', 'flotilla-agent']);
        await until(
          'systemd has started it again',
          120_000,
          async () => {
            const now = await agentPid(on(4));
            return (now !== pid && !now.includes('=0')) || undefined;
          },
          500,
        );
      }
      await judged(ground, name(4), HealthVerdict.HEALTHY);
      expect(await pulse(on(4))).toBe(before);
    });

    test('fault 23: a machine is rebooted by someone else: it is noticed and waited for', async ({ expect }) => {
      const before = await on(5).bootId();
      await on(5).reboot();
      await until('the new boot is known', 120_000, async () => {
        const { status } = await machineOf(ground, name(5));
        return (status?.observed?.bootId ?? '') !== before || undefined;
      });
      await judged(ground, name(5), HealthVerdict.HEALTHY);
      expect(await on(5).bootId()).not.toBe(before);
    });
  });

  test('of all that nothing was repaired, drained, cordoned or replaced', async () => {
    await allHealthy();
    expect(await remediation(ground, since)).toEqual([]);
    expect(await uids()).toBe(nodesBefore);
    const events = await eventsAfter(ground, since);
    const done = events.filter(({ reason }) => /Cordon|Drain|Delet|Remov|Replac|Quarantin|Claimed/.test(reason));
    expect(done.map(({ resourceName, reason }) => `${resourceName} ${reason}`)).toEqual([]);
    expect((await machinesOf(ground)).filter(({ status }) => status?.state === MachineState.AVAILABLE)).toHaveLength(1);
  });
});

/** Two faults at once, of which the ladder answers those of `acted`; nothing is done anywhere else. */
function pair(title: string, indexes: readonly number[], acted: readonly number[], body: () => void): void {
  describe(title, () => {
    let since = 0n;
    const others = new Map<number, string>();
    beforeAll(async () => {
      await allHealthy();
      since = await revision(ground);
      for (let i = 0; i < workers; i += 1) if (!indexes.includes(i)) others.set(i, await pulse(on(i)));
    }, 200_000);
    describe.concurrent('at once', body);
    test('nothing was done to any other node', async () => {
      const touched = new Set((await remediation(ground, since)).map((line) => line.split(' ')[0]));
      expect([...touched].sort()).toEqual(acted.map(name).sort());
      for (const [i, before] of others) expect([name(i), await pulse(on(i))]).toEqual([name(i), before]);
    });
  });
}

pair('the services of a node', [0, 1], [0, 1], () => {
  test('fault 16: the kubelet is killed, disabled and masked: one restart, which undoes the mask', async ({
    expect,
  }) => {
    const boot = await on(0).bootId();
    await on(0).exec(['systemctl', 'kill', '--signal=KILL', 'kubelet']);
    await on(0).execOk(['systemctl', 'disable', '--now', 'kubelet']);
    await on(0).exec(['systemctl', 'mask', '--runtime', 'kubelet']);
    expect(await repaired(ground, name(0))).toEqual(['RESTART_KUBELET']);
    expect((await on(0).execOk(['systemctl', 'is-active', 'kubelet'])).trim()).toBe('active');
    expect(await on(0).bootId()).toBe(boot);
  });

  test('containerd is stopped: it is started again, pods run on, no reboot', async ({ expect }) => {
    const boot = await on(1).bootId();
    await on(1).execOk(['systemctl', 'disable', '--now', 'containerd']);
    expect(await repaired(ground, name(1))).toEqual(['RESTART_RUNTIME']);
    expect((await on(1).execOk(['systemctl', 'is-active', 'containerd'])).trim()).toBe('active');
    expect(await on(1).bootId()).toBe(boot);
  });
});

pair('the files of a node', [2, 3], [3], () => {
  test('the kubelet configuration is corrupted: the agent puts it back by itself, and the ladder is not needed', async () => {
    const path = '/var/lib/kubelet/config.yaml';
    const before = await on(2).readFile(path);
    await on(2).writeFile(path, '{{{ no yaml\n');
    await on(2).exec(['systemctl', 'restart', '--no-block', 'kubelet']);
    await until('the file is as it was', 60_000, async () => (await on(2).readFile(path)) === before || undefined);
    await until('the kubelet answers', 60_000, async () => {
      const asked = await on(2).exec(['curl', '-fsS', '-m', '2', 'http://127.0.0.1:10248/healthz']);
      return asked.code === 0 || undefined;
    });
    await judged(ground, name(2), HealthVerdict.HEALTHY);
  });

  test("the kubelet's certificate has expired: it gets a new one and is the same node", async ({ expect }) => {
    const uid = await kubectl.ok(['get', 'node', name(3), '-o', 'jsonpath={.metadata.uid}']);
    await expireKubelet(on(3), ground.server(master));
    // The probe looks at certificates every five minutes, and when the agent starts.
    await on(3).execOk(['systemctl', 'restart', 'flotilla-agent']);
    const rungs = await repaired(ground, name(3), 420_000);
    expect(rungs[0]).toBe('RENEW_CERTIFICATES');
    // A worker that gets no new certificate in place joins again; nobody reboots or replaces it for that.
    expect(rungs.filter((rung) => rung === 'REBOOT' || rung === 'REPLACE')).toEqual([]);
    expect(await kubectl.ok(['get', 'node', name(3), '-o', 'jsonpath={.metadata.uid}'])).toBe(uid);
  }, 450_000);
});

pair('the disk of a node', [4, 5], [4, 5], () => {
  test('fault 20: the root file system is read-only: one reboot, after which it is not', async ({ expect }) => {
    const boot = await on(4).bootId();
    on(4).failDisk();
    expect(await repaired(ground, name(4), 300_000)).toEqual(['REBOOT']);
    expect(await on(4).bootId()).not.toBe(boot);
    expect((await on(4).exec(['touch', '/var/lib/kubelet/.writable'])).code).toBe(0);
  });

  test('fault 19: the disk is full: heartbeats go on, only what is ours is freed, nobody is replaced for it', async ({
    expect,
  }) => {
    await on(5).writeFile('/var/lib/of-the-owner', 'x'.repeat(4096));
    const boot = await on(5).bootId();
    await on(5).fillDisk(600);
    const sick = await until('free-disk was taken', 180_000, async () => {
      const node = await nodeOf(ground, cluster, name(5));
      return node.status?.health?.repair?.cause === 'DiskPressure' ? node : undefined;
    });
    expect(sick.status?.session).toBe(1);
    await sleepMs(20_000);
    on(5).emptyDisk();
    expect(await repaired(ground, name(5))).toEqual(['FREE_DISK']);
    expect(await on(5).bootId()).toBe(boot);
    expect(await on(5).readFile('/var/lib/of-the-owner')).toHaveLength(4096);
  });
});

describe('hosts that are gone', () => {
  test('fault 36: two of the workers are cut off: the breaker holds, one event says so, they come back by themselves', async () => {
    await setHealth(ground, { ...quick, maxUnhealthy: '', readyUnknownTimeout: seconds(15) });
    await allHealthy();
    const since = await revision(ground);
    const before = await Promise.all([pulse(on(0)), pulse(on(1))]);
    await ground.bed.isolate([name(0), name(1)]);
    for (const i of [0, 1]) await judged(ground, name(i), HealthVerdict.HOST_GONE);
    // Far beyond the time after which a single one would be replaced.
    await sleepMs(40_000);
    expect(await ofThePool(since)).toEqual([`${pool} Held`]);
    expect(await remediation(ground, since)).toEqual([]);
    expect((await machinesOf(ground)).filter(({ status }) => status?.state === MachineState.AVAILABLE)).toHaveLength(1);
    await Promise.all([on(0).heal(), on(1).heal()]);
    await allHealthy();
    await until('the breaker has closed', 60_000, async () => (await ofThePool(since)).length === 2 || undefined);
    expect(await ofThePool(since)).toEqual([`${pool} Held`, `${pool} Resumed`]);
    expect(await remediation(ground, since)).toEqual([]);
    expect(await Promise.all([pulse(on(0)), pulse(on(1))])).toEqual(before);
  }, 400_000);

  test('fault 26: a power cut with a spare present: the spare takes the place, pods run there, the machine is kept', async () => {
    const since = await revision(ground);
    const others = await Promise.all([1, 2, 3, 4, 5].map((i) => pulse(on(i))));
    const spare = (await machinesOf(ground)).find(({ status }) => status?.state === MachineState.AVAILABLE);
    const cutMs = performance.now();
    await on(6).powerCut();
    await until(
      'the spare runs as a node',
      300_000,
      async () => {
        const nodes = await nodesOf(ground, cluster, pool);
        return nodes.find(
          (node) => node.machineName === nameOf(spare ?? {}) && node.status?.state === NodeState.RUNNING,
        );
      },
      1000,
    );
    console.log(`replaced ${((performance.now() - cutMs) / 1000).toFixed(0)} s after the power cut`);
    await kubectl.ok(['rollout', 'status', 'deployment/steady', '--timeout=50s']);
    const pods = JSON.parse(await kubectl.ok(['get', 'pods', '-l', 'app=steady', '-o', 'json'])) as {
      items: { metadata: { deletionTimestamp?: string }; spec: { nodeName: string } }[];
    }; // a list of pods
    const living = pods.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    expect(living).toHaveLength(workers);
    expect(living.map(({ spec }) => spec.nodeName)).not.toContain(name(6));
    const broken = await machineOf(ground, name(6));
    expect([broken.status?.state, broken.status?.preserved]).toEqual([MachineState.QUARANTINED, true]);
    const done = await remediation(ground, since);
    expect(done.filter((line) => !line.startsWith(`${name(6)} `) && !line.startsWith(`${pool} `))).toEqual([]);
    // It comes back: nothing on it is removed, and it does not join again by itself.
    await on(6).powerOn();
    await until(
      'its kubelet is kept stopped',
      120_000,
      async () => {
        const { status } = await machineOf(ground, name(6));
        return status?.observed?.isolated === true || undefined;
      },
      1000,
    );
    expect((await on(6).exec(['test', '-s', '/etc/kubernetes/kubelet.conf'])).code).toBe(0);
    expect((await on(6).exec(['systemctl', 'is-active', 'kubelet'])).stdout.trim()).not.toBe('active');
    expect(await Promise.all([1, 2, 3, 4, 5].map((i) => pulse(on(i))))).toEqual(others);
    await ground.controlPlane.flotilla(['release', 'machine', name(6), '--yes']);
    await until(
      'it is a clean spare',
      180_000,
      async () => {
        const { status } = await machineOf(ground, name(6));
        return (status?.state === MachineState.AVAILABLE && status.observed?.clean === true) || undefined;
      },
      1000,
    );
    expect((await clusterOf(ground, cluster)).status?.nodesRunning).toBe(workers + 1);
  }, 600_000);
});
