import {
  Availability,
  ClusterSpec,
  ControlPlaneKind,
  MachineSelector,
  NodePoolRole,
  NodePoolSpec,
  NodeTemplate,
} from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { completePoolSpec, needsRollout, nextTemplateRevision, poolUpdateViolations } from './pool-spec.js';

const catalogue = [
  { version: 'v1.34.4', availableForNewClusters: true },
  { version: 'v1.35.4', availableForNewClusters: true },
];
const cluster = ClusterSpec.create({ kubernetesVersion: 'v1.34.4' });
const complete = (spec: Parameters<typeof NodePoolSpec.fromPartial>[0]): ReturnType<typeof completePoolSpec> =>
  completePoolSpec(NodePoolSpec.fromPartial(spec), { catalogue, cluster });
const problems = (spec: Parameters<typeof NodePoolSpec.fromPartial>[0]): string[] =>
  complete(spec).violations.map((v) => `${v.field}: ${v.description}`);

describe('completePoolSpec', () => {
  test('an empty spec is an open pool of workers of the cluster version', () => {
    const { value, violations } = complete({});
    expect(violations).toEqual([]);
    expect(value.role).toBe(NodePoolRole.WORKER);
    expect(value.size).toBeUndefined();
    expect(value.template?.kubernetesVersion).toBe('v1.34.4');
    expect(value.selector).toEqual(MachineSelector.create());
  });

  test.each([0, 1, 1000])('size %d is fine', (size) => expect(problems({ size })).toEqual([]));
  test.each([-1, 1001, 1.5])('size %d is not', (size) =>
    expect(problems({ size })).toEqual(['spec.size: must be 0 to 1000']),
  );

  test('a control plane has 1, 3 or 5', () => {
    expect(problems({ role: NodePoolRole.CONTROL_PLANE, size: 3 })).toEqual([]);
    expect(problems({ role: NodePoolRole.CONTROL_PLANE, size: 2 })).toHaveLength(1);
    expect(problems({ role: NodePoolRole.CONTROL_PLANE })).toHaveLength(1);
  });

  test('all problems come at once', () => {
    const template = {
      labels: { 'flotilla.dev/x': 'a' },
      taints: [{ key: 'a', effect: 'No' }],
      maxPods: 501,
      skippedChecks: ['Swap!'],
    };
    expect(problems({ size: -1, template, selector: { arch: 'mips', minCpus: -1 } })).toHaveLength(7);
  });

  test('a kubelet newer than the cluster is refused', () => {
    expect(problems({ template: { kubernetesVersion: 'v1.35.4' } })).toEqual([
      "spec.template.kubernetesVersion: is newer than the cluster's v1.34.4",
    ]);
  });
});

describe('updates', () => {
  test('the role stays, the control plane does not shrink', () => {
    const stored = complete({ role: NodePoolRole.CONTROL_PLANE, size: 3 }).value;
    const fields = poolUpdateViolations(stored, { ...stored, size: 1, role: NodePoolRole.WORKER }).map((v) => v.field);
    expect(fields).toEqual(['spec.role', 'spec.size']);
  });

  test('only a changed template raises the revision', () => {
    const stored = complete({ size: 1, template: { labels: { a: '1', b: '2' } } }).value;
    expect(nextTemplateRevision(stored, { ...stored, size: 2 }, 4)).toBe(4);
    const reordered = { ...stored, template: NodeTemplate.create({ ...stored.template, labels: { b: '2', a: '1' } }) };
    expect(nextTemplateRevision(stored, reordered, 4)).toBe(4);
    expect(nextTemplateRevision(stored, complete({ template: { labels: { a: '2' } } }).value, 4)).toBe(5);
  });
});

test('a control plane grows only where its cluster has an endpoint and is REGIONAL', () => {
  const spec = (size: number) => NodePoolSpec.create({ role: NodePoolRole.CONTROL_PLANE, size });
  const fields = (over: Partial<ClusterSpec>): string[] =>
    poolUpdateViolations(spec(1), spec(3), ClusterSpec.create(over)).map((v) => `${v.field}: ${v.description}`);
  expect(fields({ endpoint: 'api.example.org', availability: Availability.REGIONAL })).toEqual([]);
  expect(fields({ availability: Availability.MULTI_ZONE })).toEqual([
    'spec.size: of a control plane cannot grow: the cluster was made without an endpoint, so its address is that of one machine',
    'spec.size: of a control plane above 1 needs spec.availability REGIONAL of the cluster',
  ]);
});

test('a pool of an imported cluster takes the newest version that fits under that of the cluster', () => {
  const imported = (kubernetesVersion: string) =>
    completePoolSpec(undefined, {
      catalogue,
      cluster: ClusterSpec.create({ controlPlaneKind: ControlPlaneKind.EXTERNAL, kubernetesVersion }),
    });
  expect(imported('v1.35.9').value.template?.kubernetesVersion).toBe('v1.35.4');
  expect(imported('v1.34.1').value.template?.kubernetesVersion).toBe('v1.34.4');
  expect(imported('v1.34.1').violations).toEqual([]);
  expect(imported('v1.20.0').violations).toHaveLength(1);
});

test('labels and taints need no rollout, kubelet settings do', () => {
  const spec = (template: Partial<NodeTemplate>) => NodePoolSpec.create({ template: NodeTemplate.create(template) });
  const base = spec({ maxPods: 10, systemReserved: { cpu: '1', memory: '1Gi' } });
  expect(
    needsRollout(base, spec({ maxPods: 10, systemReserved: { memory: '1Gi', cpu: '1' }, labels: { a: 'b' } })),
  ).toBe(false);
  expect(needsRollout(base, spec({ maxPods: 11, systemReserved: { cpu: '1', memory: '1Gi' } }))).toBe(true);
  expect(needsRollout(base, spec({ maxPods: 10, evictionHard: { 'memory.available': '5%' } }))).toBe(true);
});
