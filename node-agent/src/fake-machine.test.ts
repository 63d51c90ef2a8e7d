import { SimClock } from '@flotilla/kit';
import { Maintenance, NonceState } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeMachine } from './fake-machine.js';
import { FakePlane } from './fake-plane.js';
import { aTarget } from './work/fake-world.js';

function aFleet(count: number) {
  const clock = new SimClock();
  const all = Array.from({ length: count }, (_, index) => {
    const machine = new FakeMachine({ name: `edge-${index}` });
    const plane = new FakePlane(clock, machine);
    const start = () => plane.startAgent();
    return { machine, plane, start };
  });
  return { clock, all };
}

describe('a machine in memory', () => {
  it('fifty of them join in one process, each by the real worker and session', async () => {
    const { clock, all } = aFleet(50);
    for (const { start, plane, machine } of all) {
      start();
      plane.push(aTarget({ nodeName: machine.name }));
    }
    await clock.advance(30_000);
    expect(all.filter(({ machine }) => machine.kubeletRuns)).toHaveLength(50);
    expect(all.every(({ plane }) => plane.reports.at(-1)?.converged)).toBe(true);
    for (const { machine } of all) await machine.agent?.stop();
    expect(clock.sleeping).toBe(0);
  });

  it('killed, it stops in the middle; started again, it goes on and does nothing twice', async () => {
    const { clock, all } = aFleet(1);
    const [{ machine, plane, start } = never()] = all;
    start();
    plane.push(aTarget());
    await clock.advance(1);
    machine.agent?.kill();
    const ran = machine.host.ran.length;
    const beats = plane.beats;
    await clock.advance(60_000);
    expect([machine.host.ran.length, plane.beats]).toEqual([ran, beats]);
    expect(plane.streams.at(-1)?.destroyed).toBe(true);
    start();
    await clock.advance(30_000);
    expect(plane.reports.at(-1)).toMatchObject({ converged: true });
    expect(machine.kubeadm.calls.filter(({ verb }) => verb === 'join')).toHaveLength(1);
  });

  it('frozen, it says nothing and does nothing; thawed, it comes back by itself', async () => {
    const { clock, all } = aFleet(1);
    const [{ machine, plane, start } = never()] = all;
    start();
    await clock.advance(20_000);
    machine.agent?.freeze();
    const beats = plane.beats;
    await clock.advance(90_000);
    expect(plane.beats).toBe(beats);
    machine.agent?.thaw();
    await clock.advance(30_000);
    expect(plane.beats).toBeGreaterThan(beats);
  });

  it('a reboot by order is proven by the boot id, and the kubelet comes up with the machine', async () => {
    const { clock, all } = aFleet(1);
    const [{ machine, plane, start } = never()] = all;
    machine.systemd.onReboot = () => machine.restart();
    start();
    plane.push(aTarget());
    await clock.advance(30_000);
    const before = machine.bootId;
    plane.push(aTarget({ generation: 2n, maintenance: Maintenance.create({ rebootNonce: 'repair/1' }) }));
    await clock.advance(1_000);
    expect(machine.bootId).not.toBe(before);
    start();
    await clock.advance(30_000);
    expect(plane.reports.at(-1)?.nonces).toEqual([{ act: 'reboot', nonce: 'repair/1', state: NonceState.DONE }]);
    expect(machine.kubeletRuns).toBe(true);
  });
});

function never(): never {
  throw new Error('the fleet is empty');
}
