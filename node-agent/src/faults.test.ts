import { FlotillaError, SimClock } from '@flotilla/kit';
import { ConditionStatus, MachineRole, Maintenance, NonceState } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeMachine } from './fake-machine.js';
import { FakePlane } from './fake-plane.js';
import { failed, ok } from './host/fake-host.js';
import { aTarget, stateDir } from './work/fake-world.js';

/** A machine with its agent, joined as a worker. */
async function aNode() {
  const clock = new SimClock();
  const machine = new FakeMachine({ name: 'edge-7' });
  const plane = new FakePlane(clock, machine);
  plane.startAgent();
  plane.push(aTarget());
  await clock.advance(30_000);
  expect(plane.last).toMatchObject({ converged: true });
  const ran = (words: string): number => machine.host.ran.filter((argv) => argv.join(' ').includes(words)).length;
  const verbs = (): readonly string[] => machine.kubeadm.calls.map(({ verb }) => verb);
  const settled = { dead: '' };
  const watch = (): void => {
    machine.agent?.ended.then(
      () => (settled.dead = 'ended'),
      (error: unknown) => (settled.dead = String(error)),
    );
  };
  watch();
  return { clock, machine, plane, ran, verbs, settled };
}

const disk = (code: string) => () => {
  throw new FlotillaError(code, `cannot write: ${code}`, { kind: 'unavailable', retry: 'later' });
};

describe('the agent and its machine', () => {
  it('fault 15: killed again and again, it says so; kubelet and pods are never touched', async () => {
    const { clock, machine, plane, ran, verbs } = await aNode();
    const before = { stops: ran('stop kubelet'), restarts: ran('restart'), kills: machine.host.killed.length };
    for (let kill = 0; kill < 5; kill++) {
      machine.agent?.kill();
      await clock.advance(5_000);
      plane.startAgent();
      await clock.advance(20_000);
    }
    expect(plane.probes.get('AgentCrashLoop')).toEqual({ status: ConditionStatus.TRUE, reason: 'RestartsOften' });
    expect(plane.last).toMatchObject({ converged: true });
    expect({ stops: ran('stop kubelet'), restarts: ran('restart'), kills: machine.host.killed.length }).toEqual(before);
    expect([verbs(), machine.kubeletRuns]).toEqual([['join'], true]);
    await clock.advance(700_000);
    expect(plane.probes.get('AgentCrashLoop')).toMatchObject({ status: ConditionStatus.FALSE });
  });

  it('fault 19: on a full disk heartbeats go on and say so; a target that cannot be kept is not acknowledged', async () => {
    const { clock, machine, plane, settled } = await aNode();
    machine.host.disk = { freeBytes: 0 };
    machine.host.onWrite = disk('DISK_FULL');
    plane.push(aTarget({ generation: 2n }));
    const beats = plane.beats;
    await clock.advance(120_000);
    expect(plane.beats - beats).toBeGreaterThan(20);
    expect(plane.probes.get('DiskPressure')).toMatchObject({ status: ConditionStatus.TRUE });
    expect(plane.probes.get('ReadonlyFilesystem')).toMatchObject({ status: ConditionStatus.FALSE });
    expect((await (await machine.agent?.core)?.worker.observe())?.acknowledgedGeneration).toBe(1n);
    machine.host.onWrite = () => undefined;
    plane.push(aTarget({ generation: 2n }));
    await clock.advance(30_000);
    expect(plane.last).toMatchObject({ acknowledgedGeneration: 2n, converged: true });
    expect([settled.dead, machine.kubeletRuns]).toEqual(['', true]);
  });

  it('fault 20: with its root read-only it runs on from memory, also through a new epoch, and reports', async () => {
    const { clock, machine, plane, verbs, settled } = await aNode();
    machine.host.onWrite = disk('FILESYSTEM_READ_ONLY');
    plane.epoch = 2n;
    plane.streams.at(-1)?.end();
    const beats = plane.beats;
    await clock.advance(180_000);
    expect(plane.beats - beats).toBeGreaterThan(25);
    expect(plane.probes.get('ReadonlyFilesystem')).toEqual({ status: ConditionStatus.TRUE, reason: 'MountedReadOnly' });
    expect([settled.dead, verbs(), machine.kubeletRuns]).toEqual(['', ['join'], true]);
    // A process that starts on such a disk lives too.
    machine.agent?.kill();
    plane.startAgent();
    await clock.advance(60_000);
    expect(plane.open).toBe(1);
    machine.host.onWrite = () => undefined;
    await clock.advance(60_000);
    expect(plane.probes.get('ReadonlyFilesystem')).toMatchObject({ status: ConditionStatus.FALSE });
  });

  it('fault 21: ended by the kernel in the middle of its work, at any moment, it starts clean and does nothing twice', async () => {
    const clock = new SimClock();
    const machine = new FakeMachine({ name: 'edge-7' });
    const plane = new FakePlane(clock, machine);
    plane.target = aTarget();
    for (let kill = 1; kill <= 40; kill++) {
      plane.startAgent();
      // Each life is one await longer than the one before: no clock is needed to be cut anywhere.
      for (let turn = 0; turn < kill * 8; turn++) await Promise.resolve();
      machine.agent?.kill();
    }
    plane.startAgent();
    await clock.advance(120_000);
    expect(plane.last).toMatchObject({ converged: true });
    expect(machine.kubeadm.calls.filter(({ verb }) => verb === 'join')).toHaveLength(1);
    expect(plane.open).toBe(1);
  });

  it('fault 22: frozen for 90 s it comes back by itself, and obeys no order of an older epoch on the way', async () => {
    const { clock, machine, plane, ran } = await aNode();
    machine.agent?.freeze();
    plane.streams.at(-1)?.say({
      $case: 'target',
      value: {
        target: aTarget({ epoch: 0n, generation: 9n, maintenance: Maintenance.create({ rebootNonce: 'old/1' }) }),
        secrets: undefined,
      },
    });
    await clock.advance(90_000);
    machine.agent?.thaw();
    await clock.advance(60_000);
    expect(plane.open).toBe(1);
    expect(ran('reboot')).toBe(0);
    expect(plane.last).toMatchObject({ acknowledgedEpoch: 1n, converged: true });
  });

  it('fault 23: rebooted by somebody else in the middle of an act, it says interrupted and does not repeat it', async () => {
    const { clock, machine, plane, ran } = await aNode();
    // The order hangs until the machine goes down.
    machine.host.programs.unshift((argv) =>
      argv.join(' ') === 'systemctl restart containerd.service' ? new Promise(() => undefined) : undefined,
    );
    plane.push(aTarget({ generation: 2n, maintenance: Maintenance.create({ restartRuntimeNonce: 'repair/1' }) }));
    await clock.advance(5_000);
    const { bootId } = machine;
    machine.restart();
    machine.host.programs.shift();
    plane.startAgent();
    await clock.advance(120_000);
    expect(plane.hellos.at(-1)?.bootId).not.toBe(bootId);
    expect(plane.last?.nonces).toEqual([{ act: 'restart-runtime', nonce: 'repair/1', state: NonceState.INTERRUPTED }]);
    expect(ran('restart containerd')).toBe(1);
    expect(ran('systemctl reboot')).toBe(0);
  });

  it('fault 23: a reboot by order that is cut short before it happens is not taken for done', async () => {
    const { clock, machine, plane, ran } = await aNode();
    plane.push(aTarget({ generation: 2n, maintenance: Maintenance.create({ rebootNonce: 'repair/1' }) }));
    await clock.advance(1_000);
    machine.agent?.kill();
    plane.startAgent();
    await clock.advance(60_000);
    expect(plane.last?.nonces).toEqual([{ act: 'reboot', nonce: 'repair/1', state: NonceState.INTERRUPTED }]);
    expect(ran('systemctl reboot')).toBe(1);
  });
});

describe('the network', () => {
  it('fault 27: when answers are lost it dials anew; one stream at a time, the same machine, nothing done again', async () => {
    const { clock, machine, plane, verbs } = await aNode();
    plane.mute = true;
    const streams = plane.streams.length;
    await clock.advance(120_000);
    expect(plane.streams.length).toBeGreaterThan(streams);
    expect(plane.open).toBeLessThanOrEqual(1);
    plane.mute = false;
    await clock.advance(90_000);
    expect(plane.open).toBe(1);
    expect(new Set(plane.hellos.map(({ processId }) => processId)).size).toBe(1);
    expect([verbs(), machine.kubeletRuns]).toEqual([['join'], true]);
  });

  it('fault 28: a half-open connection is dead within three intervals, and its stream is destroyed', async () => {
    const { clock, plane } = await aNode();
    const stream = plane.streams.at(-1);
    plane.mute = true;
    await clock.advance(17_000);
    expect(stream?.destroyed).toBe(true);
    plane.mute = false;
    await clock.advance(60_000);
    expect([plane.open, plane.streams.at(-1)?.destroyed]).toEqual([1, false]);
  });

  it('fault 30: on a link that takes little, progress is left out; heartbeats and what happened go through', async () => {
    const clock = new SimClock();
    const machine = new FakeMachine({ name: 'edge-7' });
    const plane = new FakePlane(clock, machine);
    plane.startAgent();
    await clock.advance(10_000);
    const [stream] = plane.streams;
    if (stream !== undefined) stream.congested = true;
    // The next heartbeat feels it.
    await clock.advance(6_000);
    const before = plane.reports.length;
    const { board } = (await machine.agent?.core) ?? {};
    board?.start('load-images', 'load-images');
    for (let second = 0; second < 20; second++) {
      board?.progress('load-images', `${second} of 20 MB`);
      await clock.advance(1_500);
    }
    board?.done('load-images');
    await clock.advance(1);
    // Begun and done: two transitions, and no word between them.
    expect(plane.reports.length - before).toBe(2);
    expect(plane.beats).toBeGreaterThan(6);
    expect(stream?.destroyed).toBe(false);
  });

  it('fault 33: with another address it is the same machine; no node is made or left', async () => {
    const { clock, machine, plane, verbs } = await aNode();
    machine.host.address = '192.168.1.9';
    plane.streams.at(-1)?.end(new FlotillaError('SERVER_UNREACHABLE', 'connection reset'));
    await clock.advance(120_000);
    expect(plane.open).toBe(1);
    expect(verbs()).toEqual(['join']);
    expect(plane.last).toMatchObject({ converged: true, membership: { nodeName: 'edge-7' } });
  });
});

describe('orders', () => {
  it('fault 62: repeated, reordered and doubled targets have each act done once, and the newest stands', async () => {
    const { clock, machine, plane, ran } = await aNode();
    const at = (generation: bigint, nonce: string) =>
      aTarget({ generation, maintenance: Maintenance.create({ restartKubeletNonce: nonce }) });
    for (const target of [at(3n, 'b'), at(2n, 'a'), at(3n, 'b'), at(2n, 'a'), at(3n, 'b')])
      plane.streams.at(-1)?.say({ $case: 'target', value: { target, secrets: undefined } });
    await clock.advance(120_000);
    expect(ran('systemctl restart kubelet.service')).toBe(1);
    expect(plane.last).toMatchObject({
      acknowledgedGeneration: 3n,
      nonces: [{ act: 'restart-kubelet', nonce: 'b', state: NonceState.DONE }],
    });
    plane.target = at(2n, 'a');
    machine.agent?.kill();
    plane.startAgent();
    await clock.advance(60_000);
    expect(ran('systemctl restart kubelet.service')).toBe(1);
  });

  it('fault 75: removed while it was away, it takes back what is ours and nothing else', async () => {
    const { clock, machine, plane } = await aNode();
    machine.host.put('/etc/kubernetes.txt', 'of a person');
    machine.host.put('/var/lib/other/data', 'of a person');
    const core = await machine.agent?.core;
    await core?.worker.retire();
    await clock.advance(60_000);
    expect(await core?.worker.observe()).toMatchObject({ clean: true, membership: { role: MachineRole.NONE } });
    expect([machine.host.content('/etc/kubernetes.txt'), machine.host.content('/var/lib/other/data')]).toEqual([
      'of a person',
      'of a person',
    ]);
    // Who it is stays with it: an operator may want it back.
    expect(machine.host.entries.has(stateDir)).toBe(true);
    expect(plane.last?.nonces).toEqual([]);
    expect(machine.kubeletRuns).toBe(false);
  });
});

describe('joining', () => {
  it('fault 3: a join that dies half way is reset and tried with a fresh token; others’ files are not touched', async () => {
    const clock = new SimClock();
    const machine = new FakeMachine({ name: 'edge-7' });
    const plane = new FakePlane(clock, machine);
    machine.host.put('/etc/cni/net.d/99-mine.conf', 'of a person');
    machine.kubeadm.failures.push(failed('error execution phase kubelet-start: timed out'));
    plane.startAgent();
    plane.push(aTarget({ skippedChecks: ['foreign-cluster'] }));
    await clock.advance(60_000);
    expect(machine.kubeadm.calls.map(({ verb }) => verb)).toEqual(['join', 'reset', 'join']);
    expect(machine.host.content('/etc/cni/net.d/99-mine.conf')).toBe('of a person');
    expect(plane.last).toMatchObject({ converged: true });
  });

  it('fault 4: a join that hangs is ended at its deadline, reset and tried again', async () => {
    const clock = new SimClock();
    const machine = new FakeMachine({ name: 'edge-7' });
    const plane = new FakePlane(clock, machine);
    const ended: string[] = [];
    machine.host.programs.unshift(([program, verb], _host, { signal }) => {
      if (!program.endsWith('/kubeadm') || verb !== 'join' || ended.length > 0) return undefined;
      return new Promise((resolve) =>
        signal?.addEventListener('abort', () => {
          ended.push('killed');
          resolve({ ...ok, exitCode: 137, timedOut: true });
        }),
      );
    });
    plane.startAgent();
    plane.push(aTarget());
    await clock.advance(300_000);
    expect([ended, plane.last?.converged]).toEqual([[], false]);
    await clock.advance(330_000);
    // The token is good for fifteen minutes: the fake sends it with the target only.
    plane.push(aTarget());
    await clock.advance(60_000);
    expect(ended).toEqual(['killed']);
    expect(machine.kubeadm.calls.map(({ verb }) => verb)).toEqual(['reset', 'join']);
    expect(plane.last).toMatchObject({ converged: true });
  });
});
