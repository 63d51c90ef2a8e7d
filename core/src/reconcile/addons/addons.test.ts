import { ClusterSpec, Cni, ControlPlaneKind } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import type { ClusterRecord } from '../../domain/records.js';
import { clusterAddons } from './addons.js';
import { roleGroup, roleManifests } from './rbac.js';

const cluster = (cni: Cni): ClusterRecord =>
  ({
    spec: ClusterSpec.create({ cni, podCidr: '10.9.0.0/16', kubernetesVersion: 'v1.34.4' }),
    status: { endpoint: '10.0.0.5:6443' },
  }) as ClusterRecord; // only these are read

const mirror = (flannel: string | undefined, text?: string) => ({
  flannelImage: () => flannel,
  cniManifests: () => (text === undefined ? undefined : { text }),
});

const kinds = (manifests: readonly { kind: string }[]): string[] => manifests.map((m) => m.kind);

describe('add-ons', () => {
  test('flannel gets the network of the pods, and the API server as soon as it is known', () => {
    const wanted = clusterAddons(cluster(Cni.FLANNEL), 'default', mirror('ghcr.io/flannel-io/flannel:v1'));
    const text = JSON.stringify(wanted);
    expect(text).toContain(String.raw`{\"Network\":\"10.9.0.0/16\"`);
    expect(text).toContain('"image":"ghcr.io/flannel-io/flannel:v1"');
    expect(text).toContain('{"name":"KUBERNETES_SERVICE_HOST","value":"10.0.0.5"}');
    expect('manifests' in wanted && kinds(wanted.manifests).slice(-6)).toEqual([
      'Namespace',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'ConfigMap',
      'DaemonSet',
    ]);
  });

  test('without flannel only the roles are applied', () => {
    const none = clusterAddons(cluster(Cni.NONE), 'default', mirror(undefined));
    expect('manifests' in none && new Set(kinds(none.manifests))).toEqual(
      new Set(['ClusterRole', 'ClusterRoleBinding']),
    );
  });

  test('a plugin of others that is not mirrored is a problem with its cure', () => {
    const wanted = clusterAddons(cluster(Cni.CALICO), 'default', mirror(undefined));
    const problem = 'problem' in wanted ? wanted.problem : '';
    expect(problem).toContain('CALICO');
    expect(problem).toContain('pin-cni calico');
  });

  test('in an imported cluster nothing is applied', () => {
    const imported = cluster(Cni.NONE);
    const spec = { ...imported.spec, controlPlaneKind: ControlPlaneKind.EXTERNAL };
    expect(clusterAddons({ ...imported, spec }, 'default', mirror(undefined))).toEqual({ manifests: [] });
  });

  test('a version without a known flannel is a problem, not an empty network', () => {
    expect(clusterAddons(cluster(Cni.FLANNEL), 'default', mirror(undefined))).toEqual({
      problem: 'The catalogue names no flannel for Kubernetes v1.34.4.',
    });
  });
});

test('each role is a group of its project, and no reader reads secrets', () => {
  expect(roleGroup('shop', 'reader')).toBe('flotilla:shop:reader');
  const bindings = roleManifests('shop').filter((m) => m.kind === 'ClusterRoleBinding');
  const readers = bindings.filter((b) => JSON.stringify(b['subjects']).includes('flotilla:shop:reader'));
  expect(readers.map((b) => (b['roleRef'] as { name: string }).name).sort()).toEqual([
    'flotilla:cluster-reader',
    'view',
  ]); // a roleRef has a name
  expect(JSON.stringify(roleManifests('shop'))).not.toContain('secrets');
});
