import { MachineRole, Maintenance, NonceState, StepState } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { failed } from '../host/fake-host.js';
import { aCluster, aTarget, FakeWorld, someSecrets } from './fake-world.js';

async function joined(): Promise<FakeWorld> {
  const world = await FakeWorld.create();
  world.start();
  await world.worker.accept(aTarget(), someSecrets);
  expect(await world.converge()).toBe(true);
  return world;
}

describe('joining', () => {
  it('takes a clean host to a joined node, each step once, and reports every phase', async () => {
    const world = await joined();
    expect(world.applied).toEqual([
      'preflight',
      'claim-directories',
      'load-modules',
      'set-sysctls',
      'hosts-entry',
      'note-others',
      'install-runtime',
      'configure-runtime',
      'run-runtime',
      'install-kubernetes',
      'configure-kubelet',
      'load-images',
      'kubeadm-join',
    ]);
    const observed = await world.worker.observe();
    expect(observed).toMatchObject({
      converged: true,
      clean: false,
      acknowledgedGeneration: 1n,
      observedGeneration: 1n,
    });
    expect(observed.membership).toMatchObject({
      role: MachineRole.WORKER,
      clusterId: 'clu_1',
      nodeName: 'edge-7',
      kubeletVersion: 'v1.34.4',
    });
    expect(observed.steps.map(({ phase, state }) => [phase, state])).toEqual(
      ['assign', 'preflight', 'prepare-host', 'install-runtime', 'install-kubernetes', 'load-images', 'join'].map(
        (phase) => [phase, StepState.DONE],
      ),
    );
    await world.stop();
  });

  it('never puts the token into arguments, the journal or a file that stays', async () => {
    const world = await joined();
    const secret = someSecrets.bootstrapToken;
    expect(world.host.ran.flat().filter((word) => word.includes(secret))).toEqual([]);
    expect(Object.entries(world.host.picture()).filter(([, content]) => content.includes(secret))).toEqual([]);
    expect(world.kubeadm.calls.map(({ config }) => config.includes(secret))).toEqual([true]);
    await world.stop();
  });

  it('waits for a token without failing, and joins when it comes', async () => {
    const world = await FakeWorld.create();
    world.start();
    await world.worker.accept(aTarget(), undefined);
    await world.work(30_000);
    expect(world.board.view('bootstrap')).toMatchObject({
      state: 'waiting',
      problems: [{ code: 'BOOTSTRAP_TOKEN_NEEDED' }],
    });
    await world.worker.accept(aTarget(), someSecrets);
    expect(await world.converge()).toBe(true);
    await world.stop();
  });

  it('fault 14: waits with back-off while the API server is down, and is not parked', async () => {
    const world = await FakeWorld.create();
    world.start();
    await world.worker.accept(aTarget({ skippedChecks: ['api-endpoint'] }), someSecrets);
    world.host.reachable.clear();
    await world.work(120_000);
    expect(world.board.view('bootstrap')).toMatchObject({
      state: 'waiting',
      problems: [{ code: 'API_SERVER_UNREACHABLE' }],
    });
    expect(world.kubeadm.calls).toEqual([]);
    world.host.reachable.add('10.0.0.5:6443');
    expect(await world.converge()).toBe(true);
    await world.stop();
  });

  it('fault 3: resets its own half-finished join before each try, and is parked after three', async () => {
    const world = await FakeWorld.create();
    world.start();
    for (let attempt = 1; attempt <= 3; attempt++) {
      world.kubeadm.failures.push(failed('error execution phase kubelet-start: timed out'));
    }
    await world.worker.accept(aTarget(), someSecrets);
    await world.work(360_000);
    expect(world.kubeadm.calls.map(({ verb }) => verb)).toEqual(['join', 'reset', 'join', 'reset', 'join']);
    expect(world.board.view('bootstrap')).toMatchObject({
      state: 'parked',
      problems: [{ code: 'KUBEADM_JOIN_FAILED' }],
    });
    await world.work(600_000);
    expect(world.kubeadm.calls).toHaveLength(5);
    // A person, or a new generation, asks again.
    await world.worker.accept(
      aTarget({ generation: 2n, maintenance: Maintenance.create({ retryNonce: 'retry/1' }) }),
      someSecrets,
    );
    expect(await world.converge()).toBe(true);
    await world.stop();
  });

  it('fault 5: refuses a host that belongs to another cluster, and touches nothing of it', async () => {
    const world = await FakeWorld.create();
    world.host.put('/etc/kubernetes/kubelet.conf', 'of others');
    world.systemd.units.set('kubelet.service', { enabled: true, active: true });
    const before = world.host.picture();
    world.start();
    await world.worker.accept(aTarget(), someSecrets);
    await world.work(300_000);
    expect(world.board.view('preflight')?.problems.map(({ code }) => code)).toContain('FOREIGN_CLUSTER');
    const after = world.host.picture();
    for (const path of Object.keys(before)) expect(after[path], path).toBe(before[path]);
    expect(
      Object.keys(after).filter((path) => !(path in before) && !path.startsWith('/var/lib/flotilla-agent')),
    ).toEqual([]);
    expect(world.kubeadm.calls).toEqual([]);
    await world.stop();
  });
});

describe('leaving', () => {
  it('undoes exactly what was done and proves it', async () => {
    const world = await FakeWorld.create();
    const before = world.host.picture();
    world.start();
    await world.worker.accept(aTarget(), someSecrets);
    expect(await world.converge()).toBe(true);
    await world.worker.accept(aTarget({ generation: 2n, role: MachineRole.NONE }), undefined);
    expect(await world.converge()).toBe(true);
    const observed = await world.worker.observe();
    expect(observed).toMatchObject({ converged: true, clean: true, observedGeneration: 2n });
    const ours = (path: string): boolean =>
      path.startsWith('/var/lib/flotilla-agent/') || path.startsWith('/run/flotilla-agent');
    const after = Object.fromEntries(Object.entries(world.host.picture()).filter(([path]) => !ours(path)));
    expect(after).toEqual(before);
    expect([...world.systemd.units]).toEqual([
      ['containerd.service', { enabled: false, active: false }],
      ['kubelet.service', { enabled: false, active: false }],
    ]);
    await world.stop();
  });

  it('a target of another cluster leaves the first before it joins the second', async () => {
    const world = await joined();
    const other = aTarget({ generation: 2n, nodeId: 'nod_2' });
    await world.worker.accept({ ...other, cluster: { ...aCluster(), id: 'clu_2' } }, someSecrets);
    expect(await world.converge()).toBe(true);
    expect(world.kubeadm.calls.map(({ verb }) => verb)).toEqual(['join', 'reset', 'join']);
    expect(world.journal.membership()).toMatchObject({ clusterId: 'clu_2', state: 'joined' });
    await world.stop();
  });

  it('a retired machine leaves without a target that says so', async () => {
    const world = await joined();
    await world.worker.retire();
    await world.work(60_000);
    expect((await world.worker.observe()).clean).toBe(true);
    await world.stop();
  });
});

describe('nonces', () => {
  it('carries an act out once, also when the target comes again and after a restart', async () => {
    const world = await joined();
    const target = aTarget({ generation: 2n, maintenance: Maintenance.create({ restartKubeletNonce: 'repair-1/1' }) });
    const restarts = (): number =>
      world.host.ran.filter((argv) => argv.join(' ') === 'systemctl restart kubelet.service').length;
    await world.worker.accept(target, undefined);
    await world.work(1_000);
    await world.worker.accept(target, undefined);
    await world.work(120_000);
    await world.stop();
    await world.open();
    world.start();
    await world.work(120_000);
    expect(restarts()).toBe(1);
    expect((await world.worker.observe()).nonces).toEqual([
      { act: 'restart-kubelet', nonce: 'repair-1/1', state: NonceState.DONE },
    ]);
    await world.stop();
  });

  it('an empty journal counts the nonces of its first target as spent', async () => {
    const world = await FakeWorld.create();
    world.start();
    await world.worker.accept(
      aTarget({ role: MachineRole.NONE, maintenance: Maintenance.create({ rebootNonce: 'repair-1/1' }) }),
      undefined,
    );
    await world.work(60_000);
    expect(world.host.ran.filter((argv) => argv.includes('reboot'))).toEqual([]);
    await world.worker.accept(
      aTarget({
        generation: 2n,
        role: MachineRole.NONE,
        maintenance: Maintenance.create({ rebootNonce: 'repair-1/2' }),
      }),
      undefined,
    );
    await world.work(60_000);
    expect(world.host.ran.filter((argv) => argv.includes('reboot'))).toHaveLength(1);
    await world.stop();
  });

  it.each([
    ['boot-2', NonceState.DONE],
    ['boot-1', NonceState.INTERRUPTED],
  ])('a reboot is done when the boot id has changed (%s)', async (bootId, state) => {
    const world = await joined();
    await world.worker.accept(
      aTarget({ generation: 2n, maintenance: Maintenance.create({ rebootNonce: 'repair-1/1' }) }),
      undefined,
    );
    await world.work(1_000);
    await world.stop();
    world.bootId = bootId;
    await world.open();
    world.start();
    await world.work(120_000);
    expect((await world.worker.observe()).nonces).toEqual([{ act: 'reboot', nonce: 'repair-1/1', state }]);
    expect(world.host.ran.filter((argv) => argv.includes('reboot'))).toHaveLength(1);
    await world.stop();
  });

  it('a reset leaves and joins anew under the same target', async () => {
    const world = await joined();
    await world.worker.accept(
      aTarget({ generation: 2n, maintenance: Maintenance.create({ resetNonce: 'repair-1/5' }) }),
      someSecrets,
    );
    expect(await world.converge()).toBe(true);
    expect(world.kubeadm.calls.map(({ verb }) => verb)).toEqual(['join', 'reset', 'join']);
    await world.stop();
  });
});

describe('targets', () => {
  it('refuses an older target and keeps the newer', async () => {
    const world = await joined();
    expect(await world.worker.accept(aTarget({ epoch: 0n, generation: 9n, role: MachineRole.NONE }), undefined)).toBe(
      'older',
    );
    expect(world.worker.acknowledged()).toEqual({ epoch: 1n, generation: 1n });
    await world.work(60_000);
    expect(world.journal.membership()?.state).toBe('joined');
    await world.stop();
  });

  it('a joined node is not given another version by installing over it', async () => {
    const world = await joined();
    await world.worker.accept(aTarget({ generation: 2n, kubernetesVersion: 'v1.35.4' }), undefined);
    await world.work(60_000);
    expect(world.board.view('maintenance')).toMatchObject({
      state: 'parked',
      problems: [{ code: 'UPGRADE_NOT_SUPPORTED' }],
    });
    await world.stop();
  });
});
