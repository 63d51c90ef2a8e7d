import { Bootstrap, MachineRole, MachineTarget, NodePoolRole, NodeState } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { aClusterRecord, aMachineRecord, aMachineView, aNodeRecord, aPoolRecord, aTarget } from '../testing/records.js';
import { someNodeStatus } from '../testing/samples.js';
import { contentText, planTarget, stampTarget } from './target.js';

const mirrored = { manifestSha256: 'f'.repeat(64), tokenUsable: false };
const removal = { atMs: 1, reason: 'OperatorRemoved', by: 'me', drain: true } as const;

describe('the target of a machine', () => {
  test('without a node is a spare, written once', () => {
    const view = aMachineView({ node: undefined, pool: undefined, cluster: undefined });
    const plan = planTarget(view, mirrored);
    expect(plan).toMatchObject({ generation: 1, hold: undefined, content: { role: MachineRole.NONE, nodeId: '' } });
    expect(planTarget({ ...view, target: aTarget(plan.content, 1) }, mirrored).generation).toBeUndefined();
  });

  test('of a worker says everything that its host needs', () => {
    const { content, generation } = planTarget(
      aMachineView({ target: aTarget({ role: MachineRole.NONE }, 4) }),
      mirrored,
    );
    expect(generation).toBe(5);
    expect(content).toMatchObject({
      role: MachineRole.WORKER,
      nodeName: 'web-1',
      poolName: 'web',
      nodeId: 'nod_a',
      kubernetesVersion: 'v1.34.4',
      providerId: 'flotilla://mch_a',
      artifactManifestSha256: mirrored.manifestSha256,
      cluster: {
        endpoint: '10.0.0.5:6443',
        bootstrap: Bootstrap.JOIN,
        caCertHashes: [`sha256:${'a'.repeat(64)}`],
        apiServerSans: [],
      },
    });
    expect(content.cluster?.controlPlaneClientSpki).toHaveLength(0);
    expect(content.labels).toEqual({ 'flotilla.dev/machine-id': 'mch_a', 'flotilla.dev/node-pool': 'web' });
  });

  test('of the machine that initialises has no hash of a CA that it makes itself, and our key', () => {
    const cluster = aClusterRecord();
    const view = aMachineView({
      node: aNodeRecord({ role: NodePoolRole.CONTROL_PLANE }),
      pool: aPoolRecord({ role: NodePoolRole.CONTROL_PLANE, size: 1 }),
      cluster: { ...cluster, status: { ...cluster.status, initNodeId: 'nod_a', provisionedAtMs: undefined } },
    });
    const before = planTarget(view, mirrored);
    expect(before.content.cluster).toMatchObject({
      bootstrap: Bootstrap.INIT,
      caCertHashes: [],
      apiServerSans: ['10.0.0.5'],
    });
    expect([...(before.content.cluster?.controlPlaneClientSpki ?? [])]).toEqual([7]);
    const after = planTarget({ ...view, cluster, target: aTarget(before.content) }, mirrored);
    expect(after.hold).toBeUndefined();
  });

  test('does not move when only the order of labels does', () => {
    const content = planTarget(aMachineView(), mirrored).content;
    const reversed = Object.fromEntries(Object.entries(content.labels).reverse());
    const plan = planTarget(aMachineView({ target: aTarget({ ...content, labels: reversed }, 3) }), mirrored);
    expect(plan.generation).toBeUndefined();
  });

  test.each([
    [
      'the control plane is not up',
      { cluster: aClusterRecord({ status: { ...aClusterRecord().status, provisionedAtMs: undefined } }) },
      mirrored,
      'WaitingForControlPlane',
    ],
    [
      'there is no key of ours yet',
      { cluster: aClusterRecord({ access: undefined }) },
      mirrored,
      'WaitingForControlPlane',
    ],
    ['the software is not mirrored', {}, { ...mirrored, manifestSha256: undefined }, 'ArtifactsMissing'],
  ])('holds while %s: a new machine stays a spare, one at work keeps what it has', (_why, over, facts, reason) => {
    const fresh = planTarget(aMachineView(over), facts);
    expect(fresh).toMatchObject({ hold: { reason }, content: { role: MachineRole.NONE } });
    const atWork = aTarget({ role: MachineRole.WORKER, nodeId: 'nod_a', kubernetesVersion: 'v1.0.0' }, 9);
    expect(planTarget(aMachineView({ ...over, target: atWork }), facts)).toMatchObject({
      hold: { reason },
      generation: undefined,
      content: { role: MachineRole.WORKER },
    });
  });

  test('of a node that is removed becomes a spare only once its pods are out', () => {
    const working = aTarget({ role: MachineRole.WORKER, nodeId: 'nod_a' }, 2);
    const draining = planTarget(aMachineView({ target: working, node: aNodeRecord({ removal }) }), mirrored);
    expect(draining).toMatchObject({ generation: undefined, content: { role: MachineRole.WORKER } });
    const drained = aNodeRecord({ removal, status: someNodeStatus(NodeState.DELETING, { drainedAtMs: 5 }) });
    expect(planTarget(aMachineView({ target: working, node: drained }), mirrored)).toMatchObject({
      generation: 3,
      content: { role: MachineRole.NONE },
    });
    const undrained = aNodeRecord({ removal: { ...removal, drain: false } });
    expect(planTarget(aMachineView({ target: working, node: undrained }), mirrored).generation).toBe(3);
  });

  test('a retry is a nonce of the node and its number', () => {
    const { content } = planTarget(aMachineView({ node: aNodeRecord({ retryCount: 2 }) }), mirrored);
    expect(content.maintenance?.retryNonce).toBe('nod_a/retry-2');
  });

  test('labels that NodeRestriction forbids the kubelet are left to the API server', () => {
    const pool = aPoolRecord({
      template: { labels: { 'node-role.kubernetes.io/gpu': '', 'a.k8s.io/b': 'c', team: 'web' } },
    });
    const machine = aMachineRecord({ location: { provider: 'home', region: 'eu west', zone: '' } });
    const { content } = planTarget(aMachineView({ pool, machine }), mirrored);
    expect(Object.keys(content.labels).sort()).toEqual([
      'flotilla.dev/machine-id',
      'flotilla.dev/node-pool',
      'team',
      'topology.kubernetes.io/region',
    ]);
    expect(content.labels['topology.kubernetes.io/region']).toBe('eu-west');
  });
});

test('is sent with our epoch and its own generation', () => {
  expect(stampTarget(aTarget({ role: MachineRole.NONE }, 12), 99)).toMatchObject({ epoch: 99n, generation: 12n });
  expect(contentText(MachineTarget.create({ epoch: 1n }))).toBe(contentText(MachineTarget.create({ generation: 7n })));
});
