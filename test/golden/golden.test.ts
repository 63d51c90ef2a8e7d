import { expect, it, vi } from 'vitest';
import { Scenario } from '../sim/scenario.js';
import { transcriptOf } from './transcript.js';

// Half an hour of a cluster takes seconds.
vi.setConfig({ testTimeout: 120_000 });

it('a kubelet ends and is restarted', async () => {
  let fromMs = 0;
  const story = await Scenario.play({}, async (s) => {
    fromMs = s.world.nowMs;
    s.machine('w0').killUnit('kubelet.service', { broken: false });
    await s.minutes(6);
  });
  const text = transcriptOf('The kubelet of w0 ends; nobody but Flotilla starts it again.', story, fromMs);
  await expect(text).toMatchFileSnapshot('kubelet-ends.txt');
});

it('a machine loses power and a spare takes its place; it comes back and is kept as it is', async () => {
  let fromMs = 0;
  const story = await Scenario.play({}, async (s) => {
    fromMs = s.world.nowMs;
    s.machine('w0').powerOff();
    await s.minutes(12);
    s.machine('w0').powerOn();
    await s.minutes(4);
  });
  const text = transcriptOf('w0 loses power for 12 minutes; the spare s0 takes its place.', story, fromMs);
  await expect(text).toMatchFileSnapshot('power-lost.txt');
});
