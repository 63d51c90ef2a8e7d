import { SimClock } from '@flotilla/kit';
import { KubeletSettings, Maintenance, StepState } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeMachine } from '../../fake-machine.js';
import { FakePlane } from '../../fake-plane.js';
import { ok } from '../../host/fake-host.js';
import { containing } from '../../fake-match.js';
import { aTarget } from '../../work/fake-world.js';
import { settingsFile, settingsText } from '../kubelet-settings.js';

const settings = (part: Partial<KubeletSettings>): KubeletSettings => KubeletSettings.create(part);

async function aNode(kubelet = settings({ maxPods: 50 })) {
  const clock = new SimClock();
  const machine = new FakeMachine({ name: 'edge-7' });
  const plane = new FakePlane(clock, machine);
  plane.startAgent();
  plane.push(aTarget({ templateRevision: 1n, kubelet }));
  await clock.advance(30_000);
  expect(plane.last).toMatchObject({ converged: true, templateRevision: 1n });
  const restarts = (): number =>
    machine.host.ran.filter((argv) => argv.join(' ') === 'systemctl restart kubelet.service').length;
  return { clock, machine, plane, restarts };
}

/** A kubelet that ends at once with this in its settings. */
function refuses(machine: FakeMachine, word: string): void {
  machine.host.programs.unshift((argv, host) => {
    if (argv[0] === 'journalctl')
      return { ...ok, stdout: 'I1 starting\nE1 "command failed" err="maxPods must be positive"\n' };
    if (argv.join(' ') === 'systemctl restart kubelet.service')
      machine.unit('kubelet.service').broken = host.content(settingsFile)?.includes(word) ?? false;
    return undefined;
  });
}

describe('the settings of the kubelet', () => {
  it('a node joins with them, and nothing is restarted for it', async () => {
    const { machine, restarts } = await aNode();
    expect(JSON.parse(machine.host.content(settingsFile) ?? '')).toMatchObject({ maxPods: 50 });
    expect(restarts()).toBe(0);
  });

  it('the same settings give the same text; eviction keeps the defaults of what is not said', () => {
    const one = settings({
      systemReserved: { memory: '1Gi', cpu: '1' },
      evictionHard: { 'memory.available': '200Mi' },
    });
    const other = settings({
      systemReserved: { cpu: '1', memory: '1Gi' },
      evictionHard: { 'memory.available': '200Mi' },
    });
    expect(settingsText(one)).toBe(settingsText(other));
    expect(JSON.parse(settingsText(one))).toMatchObject({
      evictionHard: { 'memory.available': '200Mi', 'nodefs.available': '10%', 'imagefs.available': '15%' },
    });
    expect(JSON.parse(settingsText(undefined))).toEqual({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
    });
  });

  it('a change restarts the kubelet once, and the revision is told when the host has it', async () => {
    const { clock, machine, plane, restarts } = await aNode();
    plane.push(aTarget({ generation: 2n, templateRevision: 2n, kubelet: settings({ maxPods: 60 }) }));
    await clock.advance(1_000);
    expect(plane.last?.templateRevision).toBe(1n);
    await clock.advance(30_000);
    expect(plane.last).toMatchObject({ converged: true, templateRevision: 2n });
    expect(restarts()).toBe(1);
    expect(machine.kubeadm.calls.map(({ verb }) => verb)).toEqual(['join']);
  });

  it('a revision that changes something else restarts nothing', async () => {
    const { clock, plane, restarts } = await aNode();
    plane.push(aTarget({ generation: 2n, templateRevision: 2n, kubelet: settings({ maxPods: 50 }) }));
    await clock.advance(30_000);
    expect([plane.last?.templateRevision, restarts()]).toEqual([2n, 0]);
  });

  it('settings the kubelet does not live with are taken back, once, and a person is told its own words', async () => {
    const { clock, machine, plane, restarts } = await aNode();
    refuses(machine, '666');
    const before = machine.host.content(settingsFile);
    plane.push(aTarget({ generation: 2n, templateRevision: 2n, kubelet: settings({ maxPods: 666 }) }));
    await clock.advance(200_000);
    expect(machine.host.content(settingsFile)).toBe(before);
    expect([machine.kubeletRuns, restarts()]).toEqual([true, 2]);
    expect(plane.last).toMatchObject({ converged: false, templateRevision: 1n });
    expect(plane.last?.steps.at(-1)).toMatchObject({
      phase: 'maintenance',
      state: StepState.PARKED,
      problems: [{ code: 'KUBELET_SETTINGS_REFUSED', message: containing('maxPods must be positive') }],
    });
    // Neither time nor a new process tries it again; a person who says so does.
    machine.agent?.kill();
    plane.startAgent();
    await clock.advance(600_000);
    expect(restarts()).toBe(2);
    machine.host.programs.shift();
    const retry = Maintenance.create({ retryNonce: 'again/1' });
    plane.push(
      aTarget({ generation: 3n, templateRevision: 2n, kubelet: settings({ maxPods: 666 }), maintenance: retry }),
    );
    await clock.advance(60_000);
    expect(plane.last).toMatchObject({ converged: true, templateRevision: 2n });
  });

  it('killed between the new settings and their proof, the way back is not lost', async () => {
    const { clock, machine, plane } = await aNode();
    refuses(machine, '666');
    const before = machine.host.content(settingsFile);
    plane.push(aTarget({ generation: 2n, templateRevision: 2n, kubelet: settings({ maxPods: 666 }) }));
    await clock.advance(5_000);
    expect(machine.host.content(settingsFile)).not.toBe(before);
    machine.agent?.kill();
    plane.startAgent();
    await clock.advance(200_000);
    expect([machine.host.content(settingsFile), machine.kubeletRuns]).toEqual([before, true]);
  });
});

describe('the files of the kubelet', () => {
  it.each(['/var/lib/kubelet/config.yaml', '/etc/kubernetes/kubelet.conf'])(
    '%s that was damaged or removed is put back, and the node does not join anew',
    async (path) => {
      const { clock, machine, plane, restarts } = await aNode();
      const before = machine.host.content(path);
      machine.host.put(path, '{{{ rubbish');
      await clock.advance(61_000);
      expect([machine.host.content(path), restarts()]).toEqual([before, 1]);
      machine.host.entries.delete(path);
      await clock.advance(61_000);
      expect([machine.host.content(path), restarts()]).toEqual([before, 2]);
      expect(machine.kubeadm.calls.map(({ verb }) => verb)).toEqual(['join']);
      expect(plane.last).toMatchObject({ converged: true });
    },
  );

  it('a masked, disabled kubelet with a damaged configuration is whole again after one order to restart it', async () => {
    const { clock, machine, plane } = await aNode();
    Object.assign(machine.unit('kubelet.service'), { masked: true, enabled: false, active: false });
    machine.host.put('/var/lib/kubelet/config.yaml', 'rubbish');
    plane.push(
      aTarget({
        generation: 2n,
        templateRevision: 1n,
        kubelet: settings({ maxPods: 50 }),
        maintenance: Maintenance.create({ restartKubeletNonce: 'repair/1' }),
      }),
    );
    await clock.advance(10_000);
    expect(machine.unit('kubelet.service')).toMatchObject({ masked: false, enabled: true, active: true });
    expect(machine.kubeletRuns).toBe(true);
    expect(machine.kubeadm.calls.map(({ verb }) => verb)).toEqual(['join']);
  });
});
