import { expect, test } from 'vitest';
import { apiRoot, collectionPath, knownPlace, objectPath, resourcePlaces } from './paths.js';

test('paths of the core and of groups, of the cluster and of namespaces', () => {
  expect(collectionPath(resourcePlaces.nodes, undefined)).toBe('/api/v1/nodes');
  expect(collectionPath(resourcePlaces.pods, undefined)).toBe('/api/v1/pods');
  expect(collectionPath(resourcePlaces.leases, 'kube-node-lease')).toBe(
    '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
  );
  expect(objectPath(resourcePlaces.pods, { namespace: 'a', name: 'b' }, 'eviction')).toBe(
    '/api/v1/namespaces/a/pods/b/eviction',
  );
  expect(objectPath(resourcePlaces.nodes, { namespace: '', name: 'n1' })).toBe('/api/v1/nodes/n1');
});

test('names with colons stay names', () => {
  const place = knownPlace('rbac.authorization.k8s.io/v1', 'ClusterRole');
  expect(place).toBeDefined();
  if (place !== undefined) {
    expect(objectPath(place, { name: 'system:node' })).toBe(
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode',
    );
  }
});

test.each(['', '.', '..', 'a/b', 'a%2Fb', 'a?b c', 'a\nb', 'x'.repeat(254)])('%j cannot lead elsewhere', (name) => {
  const refusal = expect.objectContaining({ code: 'KUBE_INVALID' }) as Error;
  expect(() => objectPath(resourcePlaces.nodes, { name })).toThrow(refusal);
  expect(() => objectPath(resourcePlaces.pods, { namespace: name, name: 'p' })).toThrow(refusal);
});

test('no namespace is guessed, none is put where there is none', () => {
  expect(() => objectPath(resourcePlaces.pods, { name: 'p' })).toThrow(/namespace/);
  expect(() => objectPath(resourcePlaces.nodes, { namespace: 'a', name: 'n' })).toThrow(/namespace/);
});

test('an apiVersion has at most one slash', () => {
  expect(apiRoot('v1')).toBe('/api/v1');
  expect(apiRoot('apps/v1')).toBe('/apis/apps/v1');
  expect(() => apiRoot('a/b/c')).toThrow(/apiVersion/);
  expect(() => apiRoot('../v1')).toThrow(/apiVersion/);
});
