import { SimClock } from '@flotilla/kit';
import { ConditionStatus, MachineRole, Maintenance, NonceState } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeMachine } from '../../fake-machine.js';
import { FakePlane } from '../../fake-plane.js';
import { aTarget } from '../../work/fake-world.js';

const isolated = (part: Partial<Maintenance> = {}) => Maintenance.create({ isolated: true, ...part });

async function aNode() {
  const clock = new SimClock();
  const machine = new FakeMachine({ name: 'edge-7' });
  const plane = new FakePlane(clock, machine);
  // A unit with our condition does not start.
  const condition = '/etc/systemd/system/kubelet.service.d/05-flotilla-isolated.conf';
  machine.host.programs.unshift((argv, host) => {
    if (argv[0] === 'systemctl' && ['start', 'restart'].includes(argv[1] ?? ''))
      machine.unit('kubelet.service').broken = host.entries.has(condition);
    return undefined;
  });
  const before = machine.host.picture();
  plane.startAgent();
  plane.push(aTarget());
  await clock.advance(30_000);
  return { clock, machine, plane, before, condition };
}

describe('isolation', () => {
  it('stops the kubelet and its containers, keeps them stopped over boots, and removes nothing', async () => {
    const { clock, machine, plane } = await aNode();
    machine.host.put('/proc/77/cgroup', '0::/kubepods.slice/pod1\n');
    machine.host.link('/proc/77/exe', '/app/web');
    const paths = Object.keys(machine.host.picture()).filter((path) => !path.startsWith('/proc/'));
    plane.push(aTarget({ generation: 2n, maintenance: isolated() }));
    await clock.advance(12_000);
    expect(machine.host.killed).toContain(77);
    for (const path of ['/proc/77', '/proc/77/cgroup', '/proc/77/exe']) machine.host.entries.delete(path);
    await clock.advance(61_000);
    expect(plane.last).toMatchObject({ isolated: true, converged: true, membership: { nodeName: 'edge-7' } });
    expect(plane.probes.get('KubeletHealthy')).toEqual({ status: ConditionStatus.UNKNOWN, reason: 'Isolated' });
    expect(paths.filter((path) => !machine.host.entries.has(path))).toEqual([]);
    expect(machine.kubeadm.calls.map(({ verb }) => verb)).toEqual(['join']);
    machine.restart();
    machine.unit('kubelet.service').active = false;
    plane.startAgent();
    await clock.advance(120_000);
    expect([machine.kubeletRuns, plane.last?.isolated]).toEqual([false, true]);
  });

  it('acts that would start the kubelet are refused while it lasts', async () => {
    const { clock, machine, plane } = await aNode();
    plane.push(aTarget({ generation: 2n, maintenance: isolated() }));
    await clock.advance(20_000);
    plane.push(aTarget({ generation: 3n, maintenance: isolated({ restartKubeletNonce: 'r/1', resetNonce: 'r/2' }) }));
    await clock.advance(20_000);
    expect(plane.last?.nonces.map(({ act, state }) => [act, state])).toEqual([
      ['restart-kubelet', NonceState.FAILED],
      ['reset', NonceState.FAILED],
    ]);
    expect([machine.kubeletRuns, machine.kubeadm.calls.length]).toEqual([false, 1]);
  });

  it('ends exactly as it began: released, the kubelet runs as before', async () => {
    const { clock, machine, plane, condition } = await aNode();
    const before = machine.host.picture();
    plane.push(aTarget({ generation: 2n, maintenance: isolated() }));
    await clock.advance(20_000);
    plane.push(aTarget({ generation: 3n }));
    await clock.advance(20_000);
    expect([machine.kubeletRuns, plane.last?.isolated, machine.host.entries.has(condition)]).toEqual([
      true,
      false,
      false,
    ]);
    const state = (picture: Record<string, string>) =>
      Object.fromEntries(Object.entries(picture).filter(([path]) => !path.startsWith('/var/lib/flotilla-agent/')));
    expect(state(machine.host.picture())).toEqual(state(before));
  });

  it('a target that leaves cleans the machine, isolated or not', async () => {
    const { clock, machine, plane, condition } = await aNode();
    plane.push(aTarget({ generation: 2n, maintenance: isolated() }));
    await clock.advance(20_000);
    plane.push(aTarget({ generation: 3n, role: MachineRole.NONE }));
    await clock.advance(60_000);
    expect(plane.last).toMatchObject({ clean: true, isolated: false });
    expect(machine.host.entries.has(condition)).toBe(false);
  });

  it('a machine that has nothing of ours is not joined to be isolated', async () => {
    const clock = new SimClock();
    const machine = new FakeMachine({ name: 'edge-8' });
    const plane = new FakePlane(clock, machine);
    plane.startAgent();
    plane.push(aTarget({ maintenance: isolated() }));
    await clock.advance(60_000);
    expect([machine.kubeadm.calls, plane.last?.isolated]).toEqual([[], false]);
  });
});
