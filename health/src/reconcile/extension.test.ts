import {
  ConditionStatus,
  HealthPolicy,
  HealthVerdict,
  NonceState,
  Probe,
  RepairState,
  RepairRung,
} from '@flotilla/proto';
import { afterEach, describe, expect, test } from 'vitest';
import { Story, type StoryWish } from '../testing/story.js';
import type { HealthMetrics } from './metrics.js';

const minuteMs = 60_000;
const { HEALTHY, MANAGEMENT_LOST, HOST_GONE, KUBELET_SICK, UNKNOWN } = HealthVerdict;
let story: Story;
afterEach(() => story.world.close());

async function begin(wish: StoryWish = {}): Promise<Story> {
  story = await Story.open(wish);
  await story.begin();
  return story;
}
const pass = (minutes: number, stepMs = 10_000): Promise<void> => story.world.run(minutes * minuteMs, stepMs);
const verdict = async (name: string): Promise<HealthVerdict | undefined> => (await story.node(name)).health?.verdict;
const runs = async (name: string) => story.world.store.read.repairsOf((await story.node(name)).id, 10);

/** Nothing was done to anybody: no act on a host, no run, no node told to go. */
async function nothingDone(): Promise<void> {
  expect(story.acts()).toEqual([]);
  const { items } = await story.world.store.read.nodes({ clusterId: 'clu_prod', includeEnded: true });
  expect(items.filter(({ removal, cordon }) => removal !== undefined || cordon !== undefined)).toEqual([]);
  for (const { id } of items) {
    const done = (await story.world.store.read.repairsOf(id, 10)).filter(({ state }) => state !== RepairState.PARKED);
    expect(done).toEqual([]);
  }
}

describe('faults in a whole engine', { timeout: 120_000 }, () => {
  test('fault 15, 17, 31: the agent is dead or cut off from us for half an hour, the kubelet is not', async () => {
    await begin({ spares: 1 });
    await story.world.setConnected('web1', false);
    await pass(30);
    expect(await verdict('web1')).toBe(MANAGEMENT_LOST);
    await nothingDone();
    await story.world.setConnected('web1', true);
    await pass(3);
    expect(await verdict('web1')).toBe(HEALTHY);
    await nothingDone();
  });

  test('fault 22: frozen for 90 s, then thawed', async () => {
    await begin({ spares: 1 });
    await story.world.powerOff('web1');
    await pass(1.5, 5_000);
    expect(await verdict('web1')).toBe(HOST_GONE);
    story.world.kubernetes.startKubelet('web1', story.world.clock.now().wallMs);
    await story.world.setConnected('web1', true);
    await pass(10);
    expect(await verdict('web1')).toBe(HEALTHY);
    await nothingDone();
  });

  test('fault 29: a link that has shown loss is waited for longer, and nothing flaps', async () => {
    await begin();
    story.world.deadlineMs = 32_000;
    for (let i = 0; i < 10; i++) {
      await story.world.setConnected('web1', false);
      await story.world.run(28_000, 1_000);
      await story.world.setConnected('web1', true);
      await story.world.run(2_000, 1_000);
    }
    expect((await story.node('web1')).health).toMatchObject({ verdict: HEALTHY, fallsAtMs: [] });
    await nothingDone();
  });

  test('fault 38: we stood still for 60 s: nobody is blamed', async () => {
    await begin();
    for (const name of ['web1', 'web2', 'web3', 'cp1']) await story.world.setConnected(name, false);
    story.world.ownStallMs = 60_000;
    await pass(1, 5_000);
    for (const name of ['web1', 'web2', 'web3', 'cp1']) await story.world.setConnected(name, true);
    story.world.ownStallMs = 0;
    await pass(5);
    for (const name of ['web1', 'web2', 'web3']) {
      expect((await story.node(name)).health).toMatchObject({ verdict: HEALTHY, fallsAtMs: [] });
    }
    await nothingDone();
  });

  test('fault 37: our own uplink is out: everybody is silent, nobody is touched, also after the return', async () => {
    await begin({ spares: 1 });
    const names = ['cp1', 'web1', 'web2', 'web3', 'spare1'];
    for (const name of names) await story.world.setConnected(name, false);
    // One host has really died meanwhile.
    story.world.kubernetes.stopKubelet('web1');
    await pass(20);
    const cluster = await story.world.store.read.cluster('clu_prod');
    expect(cluster?.health?.holds.map(({ reason }) => reason)).toContain('AllSilent');
    await nothingDone();
    for (const name of names.filter((one) => one !== 'web1')) await story.world.setConnected(name, true);
    await pass(1.5);
    await nothingDone();
  });

  test('fault 66: the API server goes away in the middle of a repair: it waits at its rung', async () => {
    await begin();
    story.world.kubernetes.stopKubelet('web1');
    story.say('web1', 'KubeletHealthy', false, 'refused');
    await pass(2);
    expect(story.acts()).toEqual(['web1 restart-kubelet']);
    story.world.kubernetes.setUp(false);
    await pass(40);
    expect(await verdict('web1')).toBe(UNKNOWN);
    expect(story.acts()).toEqual(['web1 restart-kubelet']);
    expect((await runs('web1'))[0]).toMatchObject({ state: RepairState.RUNNING, rung: RepairRung.RESTART_KUBELET });
    story.world.kubernetes.setUp(true);
    await pass(0.5);
    expect(story.acts()).toEqual(['web1 restart-kubelet']);
    await pass(3);
    expect(story.acts()).toEqual(['web1 restart-kubelet', 'web1 restart-runtime']);
  });

  test('fault 24: a partitioned node with volumes is replaced after the safe time, its host untouched', async () => {
    await begin({
      spares: 1,
      spec: { health: HealthPolicy.create({ readyUnknownTimeout: { seconds: 30n, nanos: 0 } }) },
    });
    const { id } = await story.node('web1');
    story.world.kubernetes.putNode('web1', { volumesAttached: ['kubernetes.io/csi/disk-1'] });
    await story.world.powerOff('web1');
    await pass(3, 5_000);
    await nothingDone();
    await pass(2, 5_000);
    const [run] = await story.world.store.read.repairsOf(id, 1);
    expect(run?.history.map(({ outcome }) => outcome)).toContain('NotAvailable');
    expect(story.acts().filter((act) => act.startsWith('web1'))).toEqual([]);
  });

  test('fault 75: removed while offline, and back later: it is not repaired back into the cluster', async () => {
    await begin();
    await story.world.powerOff('web1');
    const { id } = await story.node('web1');
    const removal = {
      atMs: story.world.clock.now().wallMs,
      reason: 'OperatorRemoved',
      by: 'test',
      drain: false,
    } as const;
    await story.world.commit('api', { kind: 'node.remove', nodeId: id, removal });
    await pass(20);
    expect(await story.world.store.read.repairsOf(id, 10)).toEqual([]);
    await story.world.powerOn('web1');
    await pass(5);
    expect(story.acts().filter((act) => /restart|reboot|reset/.test(act))).toEqual([]);
  });

  test('fault 64: a machine that lies about itself is restarted for it, and nobody else is touched or held', async () => {
    await begin();
    story.agent('web1').probes = [
      'KubeletHealthy',
      'ContainerRuntimeHealthy',
      'DiskPressure',
      'ReadonlyFilesystem',
    ].map((type) =>
      Probe.create({
        type,
        status: type.endsWith('Healthy') ? ConditionStatus.FALSE : ConditionStatus.TRUE,
        message: 'lie',
      }),
    );
    await pass(5);
    expect(await verdict('web1')).toBe(KUBELET_SICK);
    expect(story.acts().every((act) => act.startsWith('web1'))).toBe(true);
    expect((await story.world.store.read.pool('pol_prod_web'))?.health?.holds).toEqual([]);
  });

  test('rebooted in vain, a node is reset and joins again', async () => {
    await begin();
    story.world.kubernetes.stopKubelet('web1');
    story.say('web1', 'KubeletHealthy', false, 'the configuration is damaged');
    const agent = story.agent('web1');
    agent.cures.set('reboot', () => story.world.kubernetes.stopKubelet('web1'));
    agent.cures.set('reset', () => story.say('web1', 'KubeletHealthy', true));
    await pass(25, 30_000);
    expect(story.acts().slice(0, 4)).toEqual(
      ['restart-kubelet', 'restart-runtime', 'reboot', 'reset'].map((a) => `web1 ${a}`),
    );
    expect(story.acts().filter((act) => act === 'web1 join')).toHaveLength(1);
    expect(await verdict('web1')).toBe(HEALTHY);
    expect((await runs('web1')).map(({ state }) => state)).toEqual([RepairState.SUCCEEDED]);
  });

  test('fault 23: what was interrupted on the host is not repeated', async () => {
    await begin();
    story.world.kubernetes.stopKubelet('web1');
    story.say('web1', 'KubeletHealthy', false, 'refused');
    story.agent('web1').failures.set('restart-kubelet', NonceState.INTERRUPTED);
    await pass(6);
    expect(story.acts()).toEqual(['web1 restart-kubelet', 'web1 restart-runtime']);
    expect((await runs('web1'))[0]?.history).toMatchObject([{ outcome: 'Interrupted' }]);
  });
});

test(
  'killed after each of its commits, a repair asks the host for each thing once and ends well',
  { timeout: 240_000 },
  async () => {
    for (const killAfter of [1, 2, 3, 4, 6, 9]) {
      await begin();
      const agent = story.agent('web1');
      story.world.kubernetes.stopKubelet('web1');
      story.say('web1', 'KubeletHealthy', false, 'refused');
      agent.cures.set('restart-kubelet', () => {
        story.say('web1', 'KubeletHealthy', true);
        story.world.kubernetes.startKubelet('web1', story.world.clock.now().wallMs);
      });
      const from = story.world.marks;
      for (let i = 0; i < 60; i++) {
        await story.world.run(10_000, 10_000);
        if (story.world.kills === 0 && story.world.marks >= from + killAfter) story.world.restart();
      }
      expect(story.acts(), `killed after ${killAfter}`).toEqual(['web1 restart-kubelet']);
      expect(await verdict('web1')).toBe(HEALTHY);
      expect((await runs('web1')).map(({ state }) => state)).toEqual([RepairState.SUCCEEDED]);
      if (killAfter < 9) await story.world.close();
    }
  },
);

test('the metrics are told of verdicts, holds and rungs', async () => {
  const told: string[] = [];
  const metrics: HealthMetrics = {
    cluster: (_, { verdicts, holds, running }) =>
      void told.push(`${verdicts.get(KUBELET_SICK) ?? 0} sick, ${holds.length} holds, ${running} running`),
    rung: (rung, outcome) => void told.push(`${RepairRung[rung] ?? ''} ${outcome}`),
  };
  story = await Story.open({ metrics });
  story.say('web1', 'KubeletHealthy', false, 'refused');
  story.agent('web1').cures.set('restart-kubelet', () => story.say('web1', 'KubeletHealthy', true));
  await pass(5);
  expect(told).toContain('1 sick, 0 holds, 1 running');
  expect(told).toContain('RESTART_KUBELET Succeeded');
  expect(told.at(-1)).toBe('0 sick, 0 holds, 0 running');
});
