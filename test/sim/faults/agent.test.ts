import { expect, it, vi } from 'vitest';
import { minute, Scenario } from '../scenario.js';

/** What happens to an agent or its machine. Each test says also what did not happen. */

// Half an hour of a cluster takes seconds.
vi.setConfig({ testTimeout: 120_000 });

it('fault 15: an agent that is killed again and again is no reason to touch the node', async () => {
  const story = await Scenario.play({}, async (s) => {
    const untilMs = s.world.nowMs + 10 * minute;
    while (s.world.nowMs < untilMs) {
      s.machine('w0').killAgent({ restartAfterMs: 5_000 });
      await s.seconds(20);
    }
    await s.minutes(5);
    expect((await s.verdicts())['w0']).toBe(1);
    expect((await s.nodes())['w0']).toMatchObject({ ready: true, pool: 'web' });
  });
  expect(story.disruptions).toEqual([]);
  expect(story.reasons).toContain('AgentConnected');
});

it('fault 16: a dead kubelet is restarted, and when that does not help the next rung is taken', async () => {
  const helped = await Scenario.play({}, async (s) => {
    s.machine('w0').killUnit('kubelet.service', { broken: false });
    await s.minutes(8);
    expect((await s.verdicts())['w0']).toBe(1);
  });
  expect(helped.disruptions).toEqual(['w0 RESTART_KUBELET', 'w0 restart-kubelet']);
  expect(helped.reasons).toContain('RepairSucceeded');

  const climbed = await Scenario.play({}, async (s) => {
    s.machine('w0').killUnit('kubelet.service', { broken: true });
    await s.minutes(30);
  });
  expect(climbed.decisions.slice(0, 3)).toEqual(['w0 RESTART_KUBELET', 'w0 RESTART_RUNTIME', 'w0 REBOOT']);
  // Each rung once, on this machine alone, and nothing was taken out of the cluster before the host was tried.
  expect(climbed.actsOn('w0').filter((act) => act === 'reboot')).toHaveLength(1);
  expect(climbed.happened.acts.filter(({ machine }) => machine !== 'w0')).toEqual([]);
  expect(climbed.happened.apiWrites.filter(({ node }) => node !== 'w0')).toEqual([]);
});

it('fault 17: kubelet up, agent dead: management is lost and nothing else', async () => {
  const story = await Scenario.play({}, async (s) => {
    s.machine('w0').killAgent({ restartAfterMs: 40 * minute });
    await s.minutes(30);
    expect((await s.verdicts())['w0']).toBe(3);
    expect((await s.nodes())['w0']).toMatchObject({ ready: true });
    await s.minutes(15);
    expect((await s.verdicts())['w0']).toBe(1);
  });
  expect(story.disruptions).toEqual([]);
  expect(story.reasons).toContain('AgentSilent');
});

it('fault 18: a kubelet that goes up and down every 20 s gets at most one run of the ladder in an hour', async () => {
  const story = await Scenario.play({}, async (s) => {
    const machine = s.machine('w0');
    const untilMs = s.world.nowMs + 40 * minute;
    while (s.world.nowMs < untilMs) {
      machine.killUnit('kubelet.service', { broken: false });
      await s.seconds(20);
      machine.reviveUnit('kubelet.service');
      await s.seconds(20);
    }
  });
  const runs = story.happened.decisions.filter(({ rung }) => rung === 'RESTART_KUBELET');
  expect(runs.length).toBeLessThanOrEqual(1);
  expect(story.happened.decisions.every(({ machine }) => machine === 'w0')).toBe(true);
  expect(story.happened.releases).toEqual([]);
  // Not an event for each of the 60 falls.
  expect(story.happened.events.length).toBeLessThan(200);
});

it('fault 22: a machine that was frozen for 90 s comes back by itself, and obeys nothing of an old epoch', async () => {
  const story = await Scenario.play({}, async (s) => {
    const machine = s.machine('w0');
    machine.freeze(90_000);
    await s.seconds(30);
    // A new life of the control plane meanwhile.
    s.world.crashServer(5_000, 'restarted while a machine is frozen');
    await s.minutes(6);
    expect((await s.verdicts())['w0']).toBe(1);
    const held = JSON.parse(machine.host.content('/var/lib/flotilla-agent/target.json') ?? '{}') as { epoch: string };
    expect(Number(held.epoch)).toBe(s.world.server?.epoch);
  });
  expect(story.disruptions).toEqual([]);
});

it('fault 23: rebooted by somebody else in the middle of an act: the act counts as interrupted and is not repeated', async () => {
  const story = await Scenario.play({ health: { kubeletUnhealthyTimeout: { seconds: 30n, nanos: 0 } } }, async (s) => {
    const machine = s.machine('w0');
    machine.killUnit('kubelet.service', { broken: false });
    let rebooted = false;
    const observer = {
      journalLine: (of: { readonly name: string }, line: string): void => {
        if (rebooted || of.name !== 'w0' || !line.includes('"restart-kubelet"') || !line.includes('"started"')) return;
        rebooted = true;
        machine.reboot();
      },
    };
    s.world.observers.push(observer);
    await s.minutes(12);
    expect(rebooted).toBe(true);
    expect((await s.verdicts())['w0']).toBe(1);
    const record = await s.world.kernel.settle(s.world.store.read.machine('mch_w0'));
    expect(record?.observed?.nonces.find(({ act }) => act === 'restart-kubelet')?.state).toBe(3);
    expect(record?.observed?.bootId).toBe(machine.fake.bootId);
  });
  // The order to restart never reached systemd, and nobody gave it again under the same name.
  expect(story.actsOn('w0').filter((act) => act === 'restart-kubelet').length).toBeLessThanOrEqual(1);
  expect(story.happened.releases).toEqual([]);
});
