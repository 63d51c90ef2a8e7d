import { afterEach, describe, expect, test } from 'vitest';
import { HealthPolicy } from '@flotilla/proto';
import { Story, type StoryWish } from '../testing/story.js';

const minuteMs = 60_000;
let story: Story;
afterEach(() => story.world.close());

async function begin(wish: StoryWish = {}): Promise<Story> {
  story = await Story.open(wish);
  await story.begin();
  return story;
}
/** The first minute second by second: that is where silence is judged. */
async function pass(minutes: number): Promise<void> {
  await story.world.run(Math.min(minutes, 1) * minuteMs, 1_000);
  if (minutes > 1) await story.world.run((minutes - 1) * minuteMs, 10_000);
}
const golden = async (title: string, file: string): Promise<void> => {
  await expect(await story.transcript(title)).toMatchFileSnapshot(`${file}.txt`);
};

/** The kubelet stops; a restart of it by us helps when `helps`. */
function kubeletDies(name: string, helps: boolean): void {
  story.world.kubernetes.stopKubelet(name);
  story.say(name, 'KubeletHealthy', false, 'healthz on 127.0.0.1:10248 refused the connection');
  story.agent(name).cures.set('restart-kubelet', () => {
    if (!helps) return;
    story.say(name, 'KubeletHealthy', true);
    story.world.kubernetes.startKubelet(name, story.world.clock.now().wallMs);
  });
}

const named = (name: string, count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, i) => `${name}${i + from}`);

describe('stories of repair', { timeout: 240_000 }, () => {
  test('a kubelet crashes', async () => {
    await begin();
    story.mark('the kubelet of web1 crashes');
    kubeletDies('web1', true);
    await pass(8);
    expect(story.acts()).toEqual(['web1 restart-kubelet']);
    await golden('The kubelet of one node crashes and stays down; a restart is enough.', 'kubelet-crash');
  });

  test('fault 18: a kubelet flaps', async () => {
    await begin();
    const flap = async (minutes: number): Promise<void> => {
      for (let i = 0; i < minutes * 3; i++) {
        story.say('web1', 'KubeletHealthy', i % 2 === 1, i % 2 === 1 ? '' : 'healthz answered 500');
        await story.world.run(20_000, 10_000);
      }
      story.say('web1', 'KubeletHealthy', true);
    };
    story.mark('the kubelet of web1 goes down and up every 20 s, for 3 minutes');
    await flap(3);
    story.mark('it is quiet for 10 minutes');
    await pass(10);
    story.mark('it goes down and up again, for 10 minutes');
    await flap(10);
    await pass(5);
    expect(story.acts()).toEqual(['web1 restart-kubelet']);
    await golden('A kubelet goes down and up every 20 s: one repair, and not another within the hour.', 'flapping');
  });

  test('a disk fills up', async () => {
    await begin();
    story.mark('/var/lib of web2 fills up; unused images are what can be removed');
    story.say('web2', 'DiskPressure', true, '/var/lib is 96 % full (1.2 GiB free)');
    story.agent('web2').cures.set('free-disk', () => story.say('web2', 'DiskPressure', false));
    await pass(15);
    story.mark('/var/lib of web3 fills up with what is not ours to remove');
    story.say('web3', 'DiskPressure', true, '/var/lib is 97 % full (0.9 GiB free)');
    await pass(20);
    expect(story.acts()).toEqual(['web2 free-disk', 'web3 free-disk']);
    await golden('Two disks fill up: one can be freed, for the other a person is asked. Nothing is rebooted.', 'disk-full');
  });

  test('fault 36: a site is lost', async () => {
    const here = Object.fromEntries(named('web', 5).map((name) => [name, 'aws/eu-west']));
    const there = Object.fromEntries(['cp1', ...named('web', 3, 6), 'spare1'].map((name) => [name, 'home/attic']));
    await begin({ workers: 8, spares: 1, places: { ...here, ...there } });
    story.mark('the site aws/eu-west with web1 to web5 is cut off');
    for (const name of named('web', 5)) await story.world.powerOff(name);
    await pass(30);
    story.mark('the site is back');
    for (const name of named('web', 5)) await story.world.powerOn(name);
    await pass(5);
    expect(story.acts()).toEqual([]);
    await golden('A whole site is cut off for half an hour. A spare stands by and is not used.', 'site-loss');
  });

  test('fault 40: the power goes, one machine after the other', async () => {
    await begin({ workers: 6, spares: 3 });
    for (const name of named('web', 4)) {
      story.mark(`${name} loses power`);
      await story.world.powerOff(name);
      await pass(2);
    }
    await pass(20);
    story.mark('the power is back');
    for (const name of named('web', 4)) await story.world.powerOn(name);
    await pass(5);
    expect(story.acts()).toEqual([]);
    await golden('Four of six machines lose power, one every two minutes. None is replaced.', 'rolling-power-loss');
  });

  test('Flotilla restarts during an outage', async () => {
    await begin({ spares: 1 });
    story.mark('web1 loses power');
    await story.world.powerOff('web1');
    await pass(4);
    story.mark('Flotilla restarts');
    story.world.restart();
    await pass(6);
    expect(story.acts()).toEqual([]);
    await pass(9);
    expect(story.acts().filter((act) => !act.startsWith('spare1'))).toEqual([]);
    await golden('A machine is off; Flotilla restarts a minute before it would act, and waits its full time again.', 'own-restart');
  });

  test('fault 41: the spares are bad too', async () => {
    await begin({ spares: 3 });
    for (const name of named('spare', 3)) {
      const problem = { code: 'SWAP_ON', message: 'swap is on: /dev/sda2.', remedy: 'Run "swapoff -a".' };
      story.agent(name).parks.set('preflight', problem);
    }
    story.mark('web1 loses power; of three spares none is fit');
    await story.world.powerOff('web1');
    await pass(90);
    expect(story.acts().some((act) => /reboot|reset|restart/.test(act))).toBe(false);
    await golden('A machine is lost, and so is every spare that takes its place: it stops and asks.', 'spare-also-bad');
  });

  test('fault 73: quorum is at risk', async () => {
    await begin({ controlPlane: 3, workers: 1 });
    const pool = await story.world.store.read.pool('pol_prod_cp');
    if (pool === undefined) throw new Error('no pool');
    const health = HealthPolicy.create({ maxUnhealthy: '2' });
    await story.world.commit('api', { kind: 'pool.spec', pool: { ...pool, spec: { ...pool.spec, health } } });
    story.mark('cp3 loses power');
    await story.world.powerOff('cp3');
    await pass(1);
    story.mark('the kubelet of cp2 dies; only a reboot would help');
    kubeletDies('cp2', false);
    story.agent('cp2').cures.set('reboot', () => story.say('cp2', 'KubeletHealthy', true));
    await pass(20);
    expect(story.acts()).toEqual(['cp2 restart-kubelet', 'cp2 restart-runtime']);
    story.mark('cp3 is back');
    await story.world.powerOn('cp3');
    await pass(20);
    expect(story.acts()).toEqual(['cp2 restart-kubelet', 'cp2 restart-runtime', 'cp2 reboot']);
    await golden('Of three control-plane members one is off when another falls sick: it is not rebooted until the first is back.', 'quorum-at-risk');
  });
});
