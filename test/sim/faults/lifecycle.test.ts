import { MachineState, NodeState, SessionState } from '@flotilla/proto';
import { expect, it, vi } from 'vitest';
import { minute, Scenario } from '../scenario.js';

/** What happens while we act. Each test says also what did not happen. */

// Half an hour of a cluster takes seconds.
vi.setConfig({ testTimeout: 120_000 });

it('fault 62: targets sent twice and late are carried out once', async () => {
  const story = await Scenario.play({}, async (s) => {
    const { chaos } = s.world;
    Object.assign(chaos.levels, { replay: 1 });
    chaos.enabled = true;
    s.machine('w0').killUnit('kubelet.service', { broken: false });
    await s.minutes(10);
    chaos.enabled = false;
    expect((await s.verdicts())['w0']).toBe(1);
  });
  expect(story.disruptions).toEqual(['w0 RESTART_KUBELET', 'w0 restart-kubelet']);
});

it('fault 66: the API server goes down during a heal: the ladder waits at its rung, and nothing is rebooted for want of news', async () => {
  const story = await Scenario.play({}, async (s) => {
    s.machine('w0').killUnit('kubelet.service', { broken: true });
    await s.minutes(2);
    s.world.apiDown = true;
    await s.minutes(20);
    expect(s.decisions).toEqual(['w0 RESTART_KUBELET']);
    expect(s.actsOn('w0')).toEqual(['restart-kubelet']);
    s.world.apiDown = false;
    await s.minutes(10);
  });
  expect(story.happened.acts.every(({ machine }) => machine === 'w0')).toBe(true);
  expect(story.decisions.length).toBeGreaterThan(1);
});

it('fault 72: rebooted and never back: the next rung waits for the startup deadline, and it is a replacement, not a second reboot', async () => {
  const story = await Scenario.play({}, async (s) => {
    const machine = s.machine('w0');
    machine.killUnit('kubelet.service', { broken: true });
    machine.staysDown = true;
    await s.minutes(60);
  });
  const at = (rung: string): number => story.happened.decisions.find((one) => one.rung === rung)?.atMs ?? Number.NaN;
  expect(story.happened.decisions.filter(({ rung }) => rung === 'REBOOT')).toHaveLength(1);
  expect(story.actsOn('w0').filter((act) => act === 'reboot')).toHaveLength(1);
  expect(at('REPLACE') - at('REBOOT')).toBeGreaterThanOrEqual(10 * minute);
  expect(story.happened.claims.map(({ machine }) => machine)).toEqual(['s0']);
});

it('fault 73: two members of the control plane are sick: one at a time, and never below a quorum', async () => {
  const story = await Scenario.play({ controlPlane: 3, workers: 2, spares: 0 }, async (s) => {
    s.machine('cp1').killUnit('kubelet.service', { broken: true });
    s.machine('cp2').killUnit('kubelet.service', { broken: true });
    await s.minutes(45);
  });
  // I6 is checked at each decision; here: no two at once, and a quorum of etcd all the time.
  const reboots = story.happened.acts.filter(({ act }) => act === 'reboot');
  expect(new Set(reboots.map(({ machine }) => machine)).size).toBeLessThanOrEqual(1);
  expect(story.happened.releases).toEqual([]);
  expect(story.happened.acts.filter(({ machine }) => machine.startsWith('w'))).toEqual([]);
});

it('fault 75: removed while it was away, it comes back: refused by its certificate, and told to remove what is ours', async () => {
  const story = await Scenario.play({}, async (s) => {
    const { world } = s;
    s.machine('w0').powerOff();
    await s.minutes(1);
    await world.kernel.settle(
      world.commit('api', { kind: 'machine.spec', machineId: 'mch_w0', set: { retire: true } }),
    );
    const node = (await world.kernel.settle(world.store.read.nodes({ pageSize: 500 }))).items.find(
      ({ name }) => name === 'w0',
    );
    const removal = {
      atMs: world.wallMs,
      reason: 'MachineRetired',
      by: 'operator',
      drain: false,
      timeoutMs: 60_000,
      force: true,
    } as const;
    await world.kernel.settle(world.commit('api', { kind: 'node.remove', nodeId: node?.id ?? '', removal }));
    await s.minutes(70);
    const before = await world.kernel.settle(world.store.read.machine('mch_w0'));
    expect(before?.status.state).toBe(MachineState.RETIRED);
    s.machine('w0').powerOn();
    await s.minutes(10);
    const after = await world.kernel.settle(world.store.read.machine('mch_w0'));
    expect(after?.session).not.toBe(SessionState.CONNECTED);
    expect(s.machine('w0').joined).toBe(false);
    expect(s.machine('w0').host.content('/etc/kubernetes/kubelet.conf')).toBeUndefined();
    const live = (await world.kernel.settle(world.store.read.nodes({ pageSize: 500 }))).items;
    expect(live.every(({ name, status }) => name !== 'w0' || status.state === NodeState.DELETED)).toBe(true);
  });
  expect(story.happened.decisions.filter(({ machine }) => machine === 'w0')).toEqual([]);
  expect(story.happened.acts.filter(({ machine }) => !['w0', 's0'].includes(machine))).toEqual([]);
});
