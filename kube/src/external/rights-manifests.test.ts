import { expect, test } from 'vitest';
import { neededRights } from './rights.js';
import { rightsManifests } from './rights-manifests.js';

const subject = { kind: 'ServiceAccount', namespace: 'kube-system', name: 'flotilla' } as const;

test('roles grant the list and nothing more, each where it is needed', () => {
  const manifests = rightsManifests(subject);
  const roles = manifests.filter(({ kind }) => !kind.endsWith('Binding'));
  expect(roles.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}`)).toEqual([
    'ClusterRole ',
    'Role kube-node-lease',
    'Role kube-system',
    'Role kube-public',
  ]);
  const rules = roles.flatMap((role) => role['rules'] as unknown as { verbs: string[] }[]);
  expect(rules.flatMap(({ verbs }) => verbs)).toHaveLength(neededRights.length);
  expect(JSON.stringify(roles)).not.toContain('"*"');
  expect(JSON.stringify(roles)).toContain(
    '{"apiGroups":["certificates.k8s.io"],"resources":["signers"],"verbs":["approve"],"resourceNames":["kubernetes.io/kubelet-serving"]}',
  );
});

test('each role is bound to the subject, a person with the group of RBAC', () => {
  const bindings = rightsManifests(subject).filter(({ kind }) => kind.endsWith('Binding'));
  expect(bindings).toHaveLength(4);
  for (const { subjects } of bindings) expect(subjects).toEqual([subject]);
  expect(JSON.stringify(rightsManifests({ kind: 'User', name: 'u' }))).toContain(
    '{"kind":"User","name":"u","apiGroup":"rbac.authorization.k8s.io"}',
  );
});
