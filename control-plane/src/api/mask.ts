import { invalidArgument, suggestion, type FieldViolation } from '@flotilla/kit';
import { ClusterSpec, HealthPolicy, MachineSelector, NodePoolSpec, NodeTemplate, UpdatePolicy } from '@flotilla/proto';

/**
 * The paths of a mask in camel case, checked against the fields there are; a leading `spec.` may be left out. Throws with
 * every unknown path and what was probably meant.
 */
export function parseMask(mask: readonly string[] | undefined, known: readonly string[]): readonly string[] {
  const paths = (mask ?? []).map(camel);
  const violations: FieldViolation[] = paths
    .filter((path) => !known.includes(path))
    .map((path) => ({ field: 'update_mask', description: unknownPath(path, known) }));
  if (violations.length > 0) throw invalidArgument(violations);
  return paths;
}

interface Group {
  create(): object;
}

/** Fields of a pool's spec that have fields of their own. */
const poolGroups: Readonly<Record<string, Group>> = {
  selector: MachineSelector,
  template: NodeTemplate,
  health: HealthPolicy,
  update: UpdatePolicy,
};

/** Every path inside a pool's spec that a mask may name. */
export const poolPaths: readonly string[] = [
  ...Object.keys(NodePoolSpec.create()),
  ...Object.entries(poolGroups).flatMap(([group, type]) =>
    Object.keys(type.create()).map((field) => `${group}.${field}`),
  ),
];

export const clusterPaths: readonly string[] = Object.keys(ClusterSpec.create());

/** The stored pool's spec with the paths taken from the wanted one; no paths = all of the wanted one. */
export function maskedPool(
  stored: NodePoolSpec,
  wanted: NodePoolSpec | undefined,
  paths: readonly string[],
): NodePoolSpec {
  const given = wanted ?? NodePoolSpec.create();
  // A whole spec says what it wants; what it cannot say at creation time anew stays: the version that was filled in.
  if (paths.length === 0) return { ...given, role: given.role || stored.role, template: keepVersion(stored, given) };
  return paths.reduce((spec, path) => take(spec, given, path), stored);
}

/**
 * The stored cluster's spec with the paths taken from the wanted one; no paths = all of it, where what is left empty
 * stays as it is, because its default was filled in at creation.
 */
export function maskedCluster(
  stored: ClusterSpec,
  wanted: ClusterSpec | undefined,
  paths: readonly string[],
): ClusterSpec {
  const given = wanted ?? ClusterSpec.create();
  const fields = Object.entries(given).filter(([field, value]) =>
    paths.length === 0 ? value !== '' && value !== 0 && value !== undefined : paths.includes(field),
  );
  return { ...stored, ...(Object.fromEntries(fields) as Partial<ClusterSpec>) }; // fields of that very message
}

function keepVersion(stored: NodePoolSpec, given: NodePoolSpec): NodeTemplate {
  const template = given.template ?? NodeTemplate.create();
  const kubernetesVersion = template.kubernetesVersion || (stored.template?.kubernetesVersion ?? '');
  return { ...template, kubernetesVersion };
}

function take(spec: NodePoolSpec, given: NodePoolSpec, path: string): NodePoolSpec {
  const [group = '', field] = path.split('.');
  // The list of paths above holds only names of these messages.
  const top = group as keyof NodePoolSpec;
  if (field === undefined) return { ...spec, [top]: given[top] };
  const zero = poolGroups[group]?.create() ?? {};
  const inside = (of: NodePoolSpec): object => ({ ...zero, ...(of[top] as object | undefined) });
  const value = (inside(given) as Readonly<Record<string, unknown>>)[field];
  return { ...spec, [top]: { ...inside(spec), [field]: value } };
}

function camel(path: string): string {
  return path.replace(/^spec\./, '').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function unknownPath(path: string, known: readonly string[]): string {
  const near = suggestion(path, known);
  const hint = near === undefined ? `there is ${known.slice(0, 12).join(', ')}` : `did you mean ${near}?`;
  return `names ${JSON.stringify(path.slice(0, 80))}, which can not be updated; ${hint}`;
}
