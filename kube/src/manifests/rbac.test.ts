import { expect, test } from 'vitest';
import { projectGroup, rbacManifests } from './rbac.js';

test('each role of a project gets its rights, through its group and no other', () => {
  const bindings = rbacManifests('prj_a').filter(({ kind }) => kind === 'ClusterRoleBinding');
  const granted = bindings.map((binding) => {
    const [subject] = binding['subjects'] as readonly { readonly kind: string; readonly name: string }[];
    return `${subject?.kind ?? ''} ${subject?.name ?? ''} ${(binding['roleRef'] as { readonly name: string }).name}`;
  });
  expect(granted).toEqual([
    'Group flotilla:prj_a:admin cluster-admin',
    'Group flotilla:prj_a:member edit',
    'Group flotilla:prj_a:member flotilla:node-reader',
    'Group flotilla:prj_a:reader view',
    'Group flotilla:prj_a:reader flotilla:node-reader',
  ]);
  const names = bindings.map(({ metadata }) => metadata.name);
  expect(new Set(names).size).toBe(names.length);
});

test('what readers get beyond Kubernetes’ own roles only reads', () => {
  const role = rbacManifests('prj_a').find(({ kind }) => kind === 'ClusterRole');
  const verbs = (role?.['rules'] as readonly { readonly verbs: readonly string[] }[]).flatMap((rule) => rule.verbs);
  expect([...new Set(verbs)].sort()).toEqual(['get', 'list', 'watch']);
});

test.each(['', 'a:b', 'a/b', 'A', 'x'.repeat(64)])('%j is no project', (projectId) => {
  expect(() => projectGroup(projectId, 'admin')).toThrow(
    expect.objectContaining({ kind: 'invalid-argument' }) as Error,
  );
});
