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

it('fault 73: a sick member of the control plane is healed while the others keep the quorum, and two at once are left to a person', async () => {
  const one = await Scenario.play({ controlPlane: 3, workers: 2, spares: 0 }, async (s) => {
    s.machine('cp1').killUnit('kubelet.service', { broken: true });
    await s.minutes(12);
  });
  // I6 is checked at each decision, by the members of etcd that are really up.
  expect(one.decisions.slice(0, 3)).toEqual(['cp1 RESTART_KUBELET', 'cp1 RESTART_RUNTIME', 'cp1 REBOOT']);
  expect(one.happened.acts.filter(({ machine }) => machine !== 'cp1')).toEqual([]);

  const two = await Scenario.play({ controlPlane: 3, workers: 2, spares: 0 }, async (s) => {
    s.machine('cp1').killUnit('kubelet.service', { broken: true });
    s.machine('cp2').killUnit('kubelet.service', { broken: true });
    await s.minutes(12);
  });
  expect(two.disruptions).toEqual([]);
  expect(two.reasons).toContain('Held');
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
