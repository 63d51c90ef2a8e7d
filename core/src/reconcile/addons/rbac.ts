import type { KubeManifest as Manifest } from '@flotilla/kube';

/** The groups that a project's roles are in Kubernetes. */
export function roleGroup(projectName: string, role: 'admin' | 'member' | 'reader'): string {
  return `flotilla:${projectName}:${role}`;
}

const read = ['get', 'list', 'watch'];

/**
 * Rights of the project's roles. Admins own the cluster. Members do everything inside namespaces, make and delete
 * namespaces, and see the cluster. Readers see what is no secret.
 */
export function roleManifests(projectName: string): Manifest[] {
  return [
    clusterRole('flotilla:cluster-reader', [
      { apiGroups: [''], resources: ['nodes', 'namespaces', 'persistentvolumes'], verbs: read },
      { apiGroups: ['storage.k8s.io'], resources: ['storageclasses', 'csinodes', 'csidrivers'], verbs: read },
      { apiGroups: ['networking.k8s.io'], resources: ['ingressclasses'], verbs: read },
      { apiGroups: ['scheduling.k8s.io'], resources: ['priorityclasses'], verbs: read },
      { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: read },
      { apiGroups: ['metrics.k8s.io'], resources: ['nodes', 'pods'], verbs: read },
    ]),
    clusterRole('flotilla:namespace-owner', [
      { apiGroups: [''], resources: ['namespaces'], verbs: ['create', 'delete', 'patch', 'update'] },
    ]),
    binding(projectName, 'admin', 'cluster-admin'),
    binding(projectName, 'member', 'admin'),
    binding(projectName, 'member', 'flotilla:namespace-owner'),
    binding(projectName, 'member', 'flotilla:cluster-reader'),
    binding(projectName, 'reader', 'view'),
    binding(projectName, 'reader', 'flotilla:cluster-reader'),
  ];
}

function clusterRole(
  name: string,
  rules: readonly { apiGroups: string[]; resources: string[]; verbs: string[] }[],
): Manifest {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules };
}

function binding(projectName: string, role: 'admin' | 'member' | 'reader', to: string): Manifest {
  const group = roleGroup(projectName, role);
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `${group}:${to.replace(/^flotilla:/, '')}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: to },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: group }],
  };
}
