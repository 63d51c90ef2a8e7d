import { FlotillaError } from '@flotilla/kit';
import type { KubeAt } from './contract.js';
import type { KubeResource } from './objects.js';

/** Where a resource is served. */
export interface ResourcePlace {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const place = (apiVersion: string, kind: string, plural: string, namespaced = true): ResourcePlace => ({
  apiVersion,
  kind,
  plural,
  namespaced,
});

/** The resources that are read, by their plural name. */
export const resourcePlaces: { readonly [R in KubeResource]: ResourcePlace } = {
  nodes: place('v1', 'Node', 'nodes', false),
  leases: place('coordination.k8s.io/v1', 'Lease', 'leases'),
  pods: place('v1', 'Pod', 'pods'),
  certificatesigningrequests: place(
    'certificates.k8s.io/v1',
    'CertificateSigningRequest',
    'certificatesigningrequests',
    false,
  ),
  secrets: place('v1', 'Secret', 'secrets'),
  configmaps: place('v1', 'ConfigMap', 'configmaps'),
  poddisruptionbudgets: place('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  events: place('v1', 'Event', 'events'),
  daemonsets: place('apps/v1', 'DaemonSet', 'daemonsets'),
  deployments: place('apps/v1', 'Deployment', 'deployments'),
  customresourcedefinitions: place(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    false,
  ),
  selfsubjectaccessreviews: place(
    'authorization.k8s.io/v1',
    'SelfSubjectAccessReview',
    'selfsubjectaccessreviews',
    false,
  ),
};

/** Other kinds that manifests commonly hold; anything else is looked up in the cluster. */
const otherPlaces: readonly ResourcePlace[] = [
  place('v1', 'Namespace', 'namespaces', false),
  place('v1', 'Service', 'services'),
  place('v1', 'ServiceAccount', 'serviceaccounts'),
  place('apps/v1', 'StatefulSet', 'statefulsets'),
  place('batch/v1', 'Job', 'jobs'),
  place('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', false),
  place('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', false),
  place('rbac.authorization.k8s.io/v1', 'Role', 'roles'),
  place('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings'),
  place('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
];

/** Every place known without asking. */
export const knownPlaces: readonly ResourcePlace[] = [...Object.values(resourcePlaces), ...otherPlaces];

/** The place of a kind that is known without asking, or undefined. */
export function knownPlace(apiVersion: string, kind: string): ResourcePlace | undefined {
  return knownPlaces.find((known) => known.apiVersion === apiVersion && known.kind === kind);
}

/** `/api/v1` or `/apis/<group>/<version>`. */
export function apiRoot(apiVersion: string): string {
  const parts = apiVersion.split('/').map((part) => segment(part, 'apiVersion'));
  if (parts.length > 2) throw badName('apiVersion', apiVersion);
  return parts.length === 1 ? `/api/${parts.join('/')}` : `/apis/${parts.join('/')}`;
}

/** The path of a collection. Without a namespace: of all namespaces. */
export function collectionPath(at: ResourcePlace, namespace: string | undefined): string {
  if (namespace === undefined) return `${apiRoot(at.apiVersion)}/${at.plural}`;
  if (!at.namespaced) throw badName('namespace', `${namespace}, but ${at.plural} have none`);
  return `${apiRoot(at.apiVersion)}/namespaces/${segment(namespace, 'namespace')}/${at.plural}`;
}

/** The path of one object. A namespace is demanded where the kind has one: none is guessed. */
export function objectPath(at: ResourcePlace, object: KubeAt, subresource?: string): string {
  // Objects of the whole cluster say so by an empty namespace.
  const namespace = object.namespace === '' ? undefined : object.namespace;
  if (at.namespaced && namespace === undefined) throw badName('namespace', `missing for ${at.kind} ${object.name}`);
  const path = `${collectionPath(at, namespace)}/${segment(object.name, 'name')}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** A text as one segment of a path: whatever a name holds, it cannot lead elsewhere. */
function segment(text: string, what: string): string {
  if (text === '' || text === '.' || text === '..' || /[/%\s\p{Cc}]/u.test(text) || text.length > 253) {
    throw badName(what, JSON.stringify(text.slice(0, 80)));
  }
  return encodeURIComponent(text);
}

function badName(what: string, problem: string): FlotillaError {
  return new FlotillaError('KUBE_INVALID', `${what} cannot be used for Kubernetes: ${problem}`, {
    kind: 'invalid-argument',
  });
}
