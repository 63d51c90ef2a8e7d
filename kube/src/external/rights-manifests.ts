import type { KubeManifest } from '../objects.js';
import { neededRights, type NeededRight } from './rights.js';

/** Who gets the rights. */
export type RightsSubject =
  | { readonly kind: 'ServiceAccount'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'User'; readonly name: string };

const rbac = 'rbac.authorization.k8s.io';
const roleName = 'flotilla:external';

/**
 * Exactly {@link neededRights} as roles and bindings, for an operator to apply in a cluster before its import: one
 * ClusterRole, and a Role in each namespace that a right is limited to.
 */
export function rightsManifests(
  subject: RightsSubject,
  rights: readonly NeededRight[] = neededRights,
): readonly KubeManifest[] {
  const namespaces = [...new Set(rights.map(({ namespace }) => namespace))];
  return namespaces.flatMap((namespace) => {
    const rules = rulesOf(rights.filter((right) => right.namespace === namespace));
    const metadata = { name: roleName, ...(namespace === undefined ? {} : { namespace }) };
    const kind = namespace === undefined ? 'ClusterRole' : 'Role';
    const to = subject.kind === 'User' ? { ...subject, apiGroup: rbac } : subject;
    return [
      { apiVersion: `${rbac}/v1`, kind, metadata, rules },
      {
        apiVersion: `${rbac}/v1`,
        kind: `${kind}Binding`,
        metadata,
        roleRef: { apiGroup: rbac, kind, name: roleName },
        subjects: [to],
      },
    ];
  });
}

interface Rule {
  readonly [key: string]: string[];
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
}

/** Rights to the same thing are one rule with several verbs. */
function rulesOf(rights: readonly NeededRight[]): readonly Rule[] {
  const rules = new Map<string, Rule>();
  for (const { group, resource, name, verb } of rights) {
    const key = `${group}/${resource}/${name ?? ''}`;
    const named = name === undefined ? {} : { resourceNames: [name] };
    const rule = rules.get(key) ?? { apiGroups: [group], resources: [resource], verbs: [], ...named };
    rule.verbs.push(verb);
    rules.set(key, rule);
  }
  return [...rules.values()];
}
