import { FlotillaError, SimClock } from '@flotilla/kit';
import { Maintenance, MachineRole, NonceState } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeMachine } from '../fake-machine.js';
import { FakePlane } from '../fake-plane.js';
import { aTarget, stateDir } from './fake-world.js';

const readOnly = (path: string): void => {
  if (path.startsWith('/run/')) return;
  throw new FlotillaError('FILESYSTEM_READ_ONLY', `cannot write ${path}: EROFS`, { kind: 'unavailable' });
};
const writable = (): void => undefined;
const asks = (generation: bigint, maintenance: Partial<Maintenance>, epoch = 1n) =>
  aTarget({ epoch, generation, maintenance: Maintenance.create(maintenance) });

/** A joined worker that has heard its control plane in this boot, and whose disk has become read-only since. */
async function aReadOnlyNode() {
  const clock = new SimClock();
  const machine = new FakeMachine({ name: 'edge-7' });
  const plane = new FakePlane(clock, machine);
  plane.startAgent();
  plane.push(aTarget());
  await clock.advance(30_000);
  expect(plane.last).toMatchObject({ converged: true, acknowledgedGeneration: 1n });
  machine.host.onWrite = readOnly;
  const order = (words: string): number => machine.host.ran.filter((argv) => argv.join(' ') === words).length;
  const reboots = (): number => order('systemctl reboot');
  const observed = async () => (await machine.agent?.core)?.worker.observe();
  const startAnew = async (): Promise<void> => {
    machine.agent?.kill();
    plane.startAgent();
    await clock.advance(60_000);
  };
  return { clock, machine, plane, order, reboots, observed, startAnew };
}

describe('acts that need no disk', () => {
  it('fault 20: a reboot is ordered once from memory, however often it is asked for, and is not acknowledged', async () => {
    const { clock, machine, plane, reboots } = await aReadOnlyNode();
    const before = machine.host.content(`${stateDir}/target.json`);
    for (let push = 0; push < 5; push++) {
      plane.push(asks(2n, { rebootNonce: 'repair/1' }));
      await clock.advance(30_000);
    }
    expect(reboots()).toBe(1);
    expect(plane.last).toMatchObject({
      acknowledgedGeneration: 1n,
      nonces: [{ act: 'reboot', nonce: 'repair/1', state: NonceState.STARTED }],
    });
    expect(machine.host.content(`${stateDir}/target.json`)).toBe(before);
  });

  it('fault 20: an agent that is started anew in between does not order the reboot again', async () => {
    const { clock, plane, reboots, startAnew } = await aReadOnlyNode();
    plane.push(asks(2n, { rebootNonce: 'repair/1' }));
    await clock.advance(5_000);
    await startAnew();
    await startAnew();
    expect(reboots()).toBe(1);
    expect(plane.last).toMatchObject({
      acknowledgedGeneration: 1n,
      nonces: [{ act: 'reboot', nonce: 'repair/1', state: NonceState.INTERRUPTED }],
    });
    // Another order is another matter.
    plane.push(asks(3n, { rebootNonce: 'repair/2' }));
    await clock.advance(5_000);
    expect(reboots()).toBe(2);
  });

  it('fault 20: after the reboot with a writable disk the order is not carried out again, and all goes on', async () => {
    const { clock, machine, plane, reboots, startAnew } = await aReadOnlyNode();
    machine.systemd.onReboot = () => machine.restart();
    const { bootId } = machine;
    plane.push(asks(2n, { rebootNonce: 'repair/1' }));
    await clock.advance(5_000);
    expect(machine.bootId).not.toBe(bootId);
    machine.host.onWrite = writable;
    plane.startAgent();
    await clock.advance(60_000);
    expect(reboots()).toBe(1);
    expect(plane.last).toMatchObject({
      acknowledgedGeneration: 2n,
      converged: true,
      nonces: [{ act: 'reboot', nonce: 'repair/1', state: NonceState.INTERRUPTED }],
    });
    // The journal knows it now, so also the next boots do.
    machine.restart();
    plane.startAgent();
    await clock.advance(60_000);
    await startAnew();
    expect(reboots()).toBe(1);
    machine.systemd.onReboot = () => undefined;
    plane.push(asks(3n, { rebootNonce: 'repair/2' }));
    await clock.advance(5_000);
    expect(reboots()).toBe(2);
  });

  it('fault 20: a disk that is read-only after the reboot too does not make a loop of reboots', async () => {
    const { clock, machine, plane, reboots, startAnew } = await aReadOnlyNode();
    machine.systemd.onReboot = () => machine.restart();
    plane.push(asks(2n, { rebootNonce: 'repair/1' }));
    await clock.advance(5_000);
    for (let life = 0; life < 3; life++) {
      await startAnew();
      machine.restart();
    }
    await startAnew();
    expect(reboots()).toBe(1);
    expect(plane.last).toMatchObject({
      acknowledgedGeneration: 1n,
      nonces: [{ act: 'reboot', nonce: 'repair/1', state: NonceState.INTERRUPTED }],
    });
    // Asked for since this boot: that one is new.
    plane.push(asks(3n, { rebootNonce: 'repair/2' }));
    await clock.advance(5_000);
    expect(reboots()).toBe(2);
  });

  it('fault 20: kubelet and runtime are restarted once; what needs the disk is not begun', async () => {
    const { clock, machine, plane, order, startAnew } = await aReadOnlyNode();
    const verbs = machine.kubeadm.calls.map(({ verb }) => verb);
    const restarts = () => [
      order('systemctl restart containerd.service'),
      order('systemctl restart kubelet.service'),
      order('systemctl reboot'),
    ];
    const [runtime = 0, kubelet = 0] = restarts();
    const target = asks(2n, {
      restartKubeletNonce: 'repair/k',
      restartRuntimeNonce: 'repair/r',
      resetNonce: 'repair/x',
      renewCertificatesNonce: 'repair/c',
    });
    plane.push(target);
    await clock.advance(60_000);
    const both = [
      { act: 'restart-runtime', nonce: 'repair/r', state: NonceState.DONE },
      { act: 'restart-kubelet', nonce: 'repair/k', state: NonceState.DONE },
    ];
    expect(plane.last?.nonces).toEqual(both);
    await startAnew();
    expect(plane.last).toMatchObject({ acknowledgedGeneration: 1n, nonces: both });
    expect(restarts()).toEqual([runtime + 1, kubelet + 1, 0]);
    expect(machine.kubeadm.calls.map(({ verb }) => verb)).toEqual(verbs);
    // The disk comes back: the journal takes over what was done.
    machine.host.onWrite = writable;
    plane.push(asks(3n, { restartKubeletNonce: 'repair/k', restartRuntimeNonce: 'repair/r' }));
    await clock.advance(120_000);
    machine.restart();
    plane.startAgent();
    await clock.advance(60_000);
    expect(plane.last).toMatchObject({ acknowledgedGeneration: 3n, converged: true });
    expect(plane.last?.nonces).toEqual(both);
    expect(restarts()).toEqual([runtime + 1, kubelet + 1, 0]);
  });

  it('fault 20: a target of a new epoch is obeyed too, one of an older epoch is not', async () => {
    const { clock, plane, reboots, observed } = await aReadOnlyNode();
    plane.push(asks(1n, { rebootNonce: 'repair/1' }, 2n));
    await clock.advance(5_000);
    expect(reboots()).toBe(1);
    plane.push(asks(9n, { rebootNonce: 'ghost/1' }));
    await clock.advance(30_000);
    expect(reboots()).toBe(1);
    expect(await observed()).toMatchObject({ acknowledgedEpoch: 1n, acknowledgedGeneration: 1n });
  });

  it('fault 20: read-only between the target and the journal, it is done from memory once', async () => {
    const { clock, machine, plane, reboots, startAnew } = await aReadOnlyNode();
    machine.host.onWrite = (path) => (path.endsWith('journal.jsonl') ? readOnly(path) : undefined);
    plane.push(asks(2n, { rebootNonce: 'repair/1' }));
    await clock.advance(60_000);
    expect(reboots()).toBe(1);
    machine.host.onWrite = writable;
    await startAnew();
    expect(reboots()).toBe(1);
    expect(plane.last?.nonces).toEqual([{ act: 'reboot', nonce: 'repair/1', state: NonceState.INTERRUPTED }]);
  });

  it('fault 20: what cannot be marked in /run is not done', async () => {
    const { clock, machine, plane, reboots } = await aReadOnlyNode();
    machine.host.onWrite = () => readOnly('/');
    plane.push(asks(2n, { rebootNonce: 'repair/1' }));
    await clock.advance(120_000);
    expect(reboots()).toBe(0);
    expect(plane.last?.nonces).toEqual([]);
    machine.host.onWrite = readOnly;
    await clock.advance(120_000);
    expect(reboots()).toBe(1);
  });

  it('fault 20: an isolated machine, or one that is retired, restarts nothing', async () => {
    const { clock, machine, plane, order, reboots, startAnew } = await aReadOnlyNode();
    const restarts = order('systemctl restart kubelet.service');
    plane.push(asks(2n, { restartKubeletNonce: 'repair/k', isolated: true }));
    await clock.advance(30_000);
    expect(order('systemctl restart kubelet.service')).toBe(restarts);
    expect(plane.last?.nonces).toEqual([{ act: 'restart-kubelet', nonce: 'repair/k', state: NonceState.FAILED }]);
    machine.host.put(`${stateDir}/retired.json`, '{}\n');
    plane.push(asks(3n, { rebootNonce: 'repair/1' }));
    await clock.advance(30_000);
    await startAnew();
    expect(reboots()).toBe(0);
  });

  it('fault 20: a full disk is no reason: there the ordinary way is waited for', async () => {
    const { clock, machine, plane, reboots } = await aReadOnlyNode();
    machine.host.onWrite = (path) => {
      if (!path.startsWith('/run/')) throw new FlotillaError('DISK_FULL', 'ENOSPC', { kind: 'unavailable' });
    };
    plane.push(asks(2n, { rebootNonce: 'repair/1' }));
    await clock.advance(60_000);
    expect(reboots()).toBe(0);
  });

  it('fault 20: an order that was given while the machine was down, or cut off since its boot, is not carried out', async () => {
    const { clock, machine, plane, order, startAnew } = await aReadOnlyNode();
    machine.host.onWrite = writable;
    machine.restart();
    const restarts = order('systemctl restart kubelet.service');
    plane.target = asks(2n, { restartKubeletNonce: 'repair/1' });
    plane.startAgent();
    await clock.advance(60_000);
    const interrupted = [{ act: 'restart-kubelet', nonce: 'repair/1', state: NonceState.INTERRUPTED }];
    expect(plane.last).toMatchObject({ acknowledgedGeneration: 2n, converged: true, nonces: interrupted });
    await startAnew();
    expect(plane.last?.nonces).toEqual(interrupted);
    expect(order('systemctl restart kubelet.service')).toBe(restarts);
    plane.push(asks(3n, { restartKubeletNonce: 'repair/2' }));
    await clock.advance(60_000);
    expect(order('systemctl restart kubelet.service')).toBe(restarts + 1);
  });

  it('fault 20: an order that comes while the agent is started anew is carried out: this boot has heard before', async () => {
    const { clock, machine, plane, order } = await aReadOnlyNode();
    machine.host.onWrite = writable;
    const restarts = order('systemctl restart kubelet.service');
    machine.agent?.kill();
    plane.target = asks(2n, { restartKubeletNonce: 'repair/1' });
    plane.startAgent();
    await clock.advance(60_000);
    expect(order('systemctl restart kubelet.service')).toBe(restarts + 1);
  });

  it('marks are of members only: a machine that has left keeps none', async () => {
    const { clock, machine, plane } = await aReadOnlyNode();
    machine.host.onWrite = writable;
    expect(machine.host.content('/run/flotilla-agent/acts.json')).toBeDefined();
    plane.push(aTarget({ generation: 2n, role: MachineRole.NONE }));
    await clock.advance(120_000);
    expect(plane.last).toMatchObject({ clean: true, converged: true });
    expect([...machine.host.entries.keys()].filter((path) => path.startsWith('/run/flotilla-agent'))).toEqual([]);
  });

  it('a target that is wrong is not obeyed from memory either', async () => {
    const { clock, plane, reboots } = await aReadOnlyNode();
    plane.push({ ...asks(2n, { rebootNonce: 'repair/1' }, 2n), role: MachineRole.UNSPECIFIED });
    await clock.advance(60_000);
    expect(reboots()).toBe(0);
    expect(plane.open).toBe(1);
  });
});
