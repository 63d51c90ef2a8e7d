import {
  Bootstrap,
  MachineRole,
  NodePoolRole,
  NodeState,
  RepairRung,
  RepairState,
  TargetCluster,
} from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { rungNonce } from '../domain/health-records.js';
import type { MachineView } from '../domain/views.js';
import {
  aClusterRecord,
  aMachineRecord,
  aMachineView,
  aNodeRecord,
  aPoolRecord,
  aRepair,
  aSeat,
  aTarget,
} from '../testing/records.js';
import { someNodeStatus } from '../testing/samples.js';
import { planTarget } from './target.js';

const facts = { manifestSha256: 'f'.repeat(64), tokenUsable: true };
const content = (over: Partial<MachineView>) => planTarget(aMachineView(over), facts).content;

describe('a live repair', () => {
  test.each([
    [RepairRung.RESTART_KUBELET, 'restartKubeletNonce'],
    [RepairRung.RESTART_RUNTIME, 'restartRuntimeNonce'],
    [RepairRung.RENEW_CERTIFICATES, 'renewCertificatesNonce'],
    [RepairRung.FREE_DISK, 'freeDiskNonce'],
    [RepairRung.REBOOT, 'rebootNonce'],
    [RepairRung.REJOIN, 'resetNonce'],
  ] as const)('puts the nonce of rung %s into %s, and into nothing else', (rung, field) => {
    const { maintenance } = content({ repair: aRepair({ rung, attempt: 2 }) });
    expect(maintenance?.[field]).toBe(`rep_a/${rung}-2`);
    const others = Object.entries(maintenance ?? {}).filter(
      ([key, value]) => key !== field && value !== '' && value !== false,
    );
    expect(others).toEqual([]);
  });

  test('that is parked, or at a rung of ours, asks the host for nothing', () => {
    for (const repair of [
      aRepair({ state: RepairState.PARKED }),
      aRepair({ rung: RepairRung.REPLACE }),
      aRepair({ rung: RepairRung.ASK }),
    ]) {
      expect(content({ repair }).maintenance).toEqual(content({}).maintenance);
    }
  });
});

describe('renewal of certificates on a worker', () => {
  const repair = aRepair({ rung: RepairRung.RENEW_CERTIFICATES });
  const nonceOf = (over: Partial<MachineView>, tokenUsable: boolean): string | undefined =>
    planTarget(aMachineView({ repair, ...over }), { ...facts, tokenUsable }).content.maintenance
      ?.renewCertificatesNonce;

  test('is ordered only when the bootstrap token that it needs goes with the order', () => {
    expect(nonceOf({}, false)).toBe('');
    expect(nonceOf({}, true)).toBe(rungNonce(repair));
  });

  test('stays ordered when the token is spent', () => {
    const ordered = planTarget(aMachineView({ repair }), facts).content;
    const plan = planTarget(aMachineView({ repair, target: aTarget(ordered, 2) }), { ...facts, tokenUsable: false });
    expect(plan.generation).toBeUndefined();
  });

  test('needs no token on a member of the control plane, which has the CA', () => {
    expect(nonceOf({ node: aNodeRecord({ role: NodePoolRole.CONTROL_PLANE }) }, false)).toBe(rungNonce(repair));
  });
});

describe('a machine that is kept as it is', () => {
  const had = aTarget({ role: MachineRole.WORKER, nodeId: 'nod_a', kubernetesVersion: 'v1.34.4' }, 4);
  const preserved = aMachineRecord({ preserved: true, quarantined: true });

  test('is isolated with everything else as it was, whether its node is still there or not', () => {
    const plan = planTarget(aMachineView({ machine: preserved, node: undefined, target: had }), facts);
    expect(plan).toMatchObject({
      generation: 5,
      content: { role: MachineRole.WORKER, maintenance: { isolated: true } },
    });
    expect(plan.content.kubernetesVersion).toBe('v1.34.4');
    const again = aTarget(plan.content, 5);
    expect(
      planTarget(aMachineView({ machine: preserved, node: undefined, target: again }), facts).generation,
    ).toBeUndefined();
  });

  test('is drained first where it can be', () => {
    const removal = { atMs: 1, reason: 'Unhealthy', by: 'rule:pool', drain: true, preserve: true } as const;
    const draining = aNodeRecord({ removal });
    expect(
      planTarget(aMachineView({ machine: preserved, node: draining, target: had }), facts).generation,
    ).toBeUndefined();
    const drained = aNodeRecord({ removal, status: someNodeStatus(NodeState.DELETING, { drainedAtMs: 5 }) });
    const { content: kept } = planTarget(aMachineView({ machine: preserved, node: drained, target: had }), facts);
    expect(kept.maintenance?.isolated).toBe(true);
  });

  test('is cleaned when it is released', () => {
    const released = aMachineRecord({ preserved: false });
    expect(planTarget(aMachineView({ machine: released, node: undefined, target: had }), facts).content.role).toBe(
      MachineRole.NONE,
    );
  });
});

describe('a template of a newer revision', () => {
  const pool = aPoolRecord(
    { template: { maxPods: 50, systemReserved: { memory: '200Mi' }, labels: { tier: 'gold' } } },
    { templateRevision: 3, rolloutRevision: 3 },
  );
  const before = aTarget({
    role: MachineRole.WORKER,
    nodeId: 'nod_a',
    templateRevision: 2n,
    kubelet: { maxPods: 20, systemReserved: {}, kubeReserved: {}, evictionHard: {} },
  });

  test('does not reach a node that the rollout has not reached; labels do', () => {
    const target = content({ pool, target: before, node: aNodeRecord({ templateRevision: 2 }) });
    expect(target).toMatchObject({ templateRevision: 2n, kubelet: { maxPods: 20 } });
    expect(target.labels).toMatchObject({ tier: 'gold' });
  });

  test('reaches a node that may take it, and one that was told nothing yet', () => {
    const settings = { maxPods: 50, systemReserved: { memory: '200Mi' }, kubeReserved: {}, evictionHard: {} };
    const allowed = content({ pool, target: before, node: aNodeRecord({ templateRevision: 3 }) });
    expect([allowed.templateRevision, allowed.kubelet]).toEqual([3n, settings]);
    expect(content({ pool, node: aNodeRecord({ templateRevision: 2 }) }).kubelet).toEqual(settings);
  });
});

describe('a member of a control plane', () => {
  const role = NodePoolRole.CONTROL_PLANE;
  const cluster = aClusterRecord();
  const three = { ...cluster, status: { ...cluster.status, controlPlaneReplicas: 3 } };
  const member = (id: string) => aNodeRecord({ id, role });
  const joining = (id: string) => aSeat(id, { joined: false, running: false });

  test.each([
    ['the next', 'nod_b', [aSeat('nod_init'), joining('nod_b'), joining('nod_c')], undefined],
    [
      'the one after',
      'nod_c',
      [aSeat('nod_init'), joining('nod_b'), joining('nod_c')],
      'b joins the control plane first: one at a time.',
    ],
    [
      'one beside another that leaves',
      'nod_b',
      [aSeat('nod_init', { removing: true }), joining('nod_b')],
      'init leaves the control plane first: one at a time.',
    ],
    [
      'one beside another that leaves and is dead',
      'nod_b',
      [aSeat('nod_init', { removing: true, running: false }), joining('nod_b')],
      undefined,
    ],
  ] as const)('joins one at a time: %s', (_what, id, controlPlane, message) => {
    const { hold } = planTarget(
      aMachineView({ cluster: three, node: member(id), controlPlane: [...controlPlane] }),
      facts,
    );
    expect(hold?.message).toBe(message);
  });

  const initialised = aTarget({
    role: MachineRole.CONTROL_PLANE,
    nodeId: 'nod_init',
    cluster: TargetCluster.create({ bootstrap: Bootstrap.INIT }),
  });

  test('uploads its certificates whoever leads, when there are others', () => {
    const told = (id: string, over: Partial<MachineView> = {}) =>
      content({ cluster: three, node: member(id), controlPlane: [aSeat(id)], ...over }).cluster;
    expect(told('nod_init', { target: initialised })).toMatchObject({
      bootstrap: Bootstrap.INIT,
      uploadCertificates: true,
      caCertHashes: [],
    });
    expect(told('nod_b')).toMatchObject({ bootstrap: Bootstrap.JOIN, uploadCertificates: true });
    expect(told('nod_init', { target: initialised, cluster })).toMatchObject({ uploadCertificates: false });
  });

  test('never initialises a cluster that is there, unless it did', () => {
    const node = member('nod_init');
    expect(content({ cluster: three, node, controlPlane: [aSeat('nod_init')] }).cluster?.bootstrap).toBe(
      Bootstrap.JOIN,
    );
  });

  test('that initialised joins when it is repaired by joining again, and stays one that joined', () => {
    const repair = aRepair({ rung: RepairRung.REJOIN, nodeId: 'nod_init' });
    const controlPlane = [aSeat('nod_init', { running: false }), aSeat('nod_b'), aSeat('nod_c')];
    const view = { cluster: three, node: member('nod_init'), target: initialised, controlPlane };
    const again = content({ ...view, repair });
    expect(again.maintenance?.resetNonce).toBe(rungNonce(repair));
    expect(again.cluster).toMatchObject({ bootstrap: Bootstrap.JOIN, caCertHashes: three.status.caCertHashes });
    const after = content({ ...view, target: aTarget(again, 2) });
    expect(after.cluster?.bootstrap).toBe(Bootstrap.JOIN);
    expect(content({ ...view, repair, controlPlane: [aSeat('nod_init')] }).cluster?.bootstrap).toBe(Bootstrap.INIT);
  });

  test('to which the leading part passes on stays one that joined', () => {
    const passed = { ...three, status: { ...three.status, initNodeId: 'nod_b' } };
    const told = aTarget({
      role: MachineRole.CONTROL_PLANE,
      nodeId: 'nod_b',
      cluster: content({ cluster: three, node: member('nod_b') }).cluster,
    });
    const { cluster: target } = content({
      cluster: passed,
      node: member('nod_b'),
      target: told,
      controlPlane: [aSeat('nod_b')],
    });
    expect(target).toMatchObject({ bootstrap: Bootstrap.JOIN, uploadCertificates: true });
    expect(target?.caCertHashes).toEqual(three.status.caCertHashes);
  });
});
