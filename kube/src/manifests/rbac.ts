import { invalidArgument } from '@flotilla/kit';
import type { JsonObject, KubeManifest } from '../objects.js';

/** Roles in a project, as Kubernetes sees them: groups of the certificates in kubeconfigs. */
export const projectRoles = ['admin', 'member', 'reader'] as const;
export type ProjectRole = (typeof projectRoles)[number];

/** The group that stands for a role of a project: `flotilla:<project>:<role>`. */
export function projectGroup(projectId: string, role: ProjectRole): string {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(projectId)) {
    throw invalidArgument([{ field: 'projectId', description: 'must be 1 to 63 of a-z, 0-9, "_" and "-"' }]);
  }
  return `flotilla:${projectId}:${role}`;
}

/** Nodes belong to no namespace, so Kubernetes' own `edit` and `view` do not show them. */
const nodeReader = 'flotilla:node-reader';

/** Kubernetes' ClusterRoles that a role of a project has in its clusters. */
const grants: Readonly<Record<ProjectRole, readonly string[]>> = {
  admin: ['cluster-admin'],
  member: ['edit', nodeReader],
  reader: ['view', nodeReader],
};

const labels = { 'app.kubernetes.io/managed-by': 'flotilla' };
const apiGroup = 'rbac.authorization.k8s.io';

/** What the people of a project may do in a cluster of it. Whoever may edit everywhere may run pods in every namespace. */
export function rbacManifests(projectId: string): readonly KubeManifest[] {
  const bindings = projectRoles.flatMap((role) =>
    grants[role].map((grant) => binding(projectGroup(projectId, role), grant)),
  );
  return [nodeReaderRole(), ...bindings];
}

function nodeReaderRole(): KubeManifest {
  const read = ['get', 'list', 'watch'];
  const rules: readonly JsonObject[] = [
    { apiGroups: [''], resources: ['nodes', 'namespaces', 'persistentvolumes'], verbs: read },
    { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: read },
    { apiGroups: ['metrics.k8s.io'], resources: ['nodes', 'pods'], verbs: read },
  ];
  return { apiVersion: `${apiGroup}/v1`, kind: 'ClusterRole', metadata: { name: nodeReader, labels }, rules };
}

function binding(group: string, clusterRole: string): KubeManifest {
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: `${group}:${clusterRole.replace('flotilla:', '')}`, labels },
    roleRef: { apiGroup, kind: 'ClusterRole', name: clusterRole },
    subjects: [{ kind: 'Group', apiGroup, name: group }],
  };
}
