import { invalidArgument, suggestion, type FieldViolation } from '@flotilla/kit';
import { MachineSelector, NodePoolSpec, NodeTemplate } from '@flotilla/proto';

/** Every path inside a pool's spec that a mask may name. */
const groups = {
  selector: Object.keys(MachineSelector.create()),
  template: Object.keys(NodeTemplate.create()),
} as const;
const paths = [
  ...Object.keys(NodePoolSpec.create()),
  ...Object.entries(groups).flatMap(([group, fields]) => fields.map((field) => `${group}.${field}`)),
];

/** The stored spec with the fields of the mask taken from the wanted one; no mask = all of the wanted one. */
export function masked(
  stored: NodePoolSpec,
  wanted: NodePoolSpec | undefined,
  mask: readonly string[] | undefined,
): NodePoolSpec {
  const given = wanted ?? NodePoolSpec.create();
  if (mask === undefined || mask.length === 0) {
    // A whole spec says what it wants; what it cannot say at creation time anew stays: the version that was filled in.
    return { ...given, role: given.role || stored.role, template: keepVersion(stored, given) };
  }
  const violations: FieldViolation[] = [];
  let spec = stored;
  for (const path of mask.map(camel)) {
    if (paths.includes(path)) spec = take(spec, given, path);
    else violations.push({ field: 'update_mask', description: unknownPath(path) });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return spec;
}

function keepVersion(stored: NodePoolSpec, given: NodePoolSpec): NodeTemplate {
  const template = given.template ?? NodeTemplate.create();
  const kubernetesVersion = template.kubernetesVersion || (stored.template?.kubernetesVersion ?? '');
  return { ...template, kubernetesVersion };
}

function take(spec: NodePoolSpec, given: NodePoolSpec, path: string): NodePoolSpec {
  const [group, field] = path.split('.');
  // The list of paths above holds only names of these messages.
  const top = group as keyof NodePoolSpec;
  if (field === undefined) return { ...spec, [top]: given[top] };
  if (top === 'selector') {
    const from = MachineSelector.fromPartial(given.selector ?? {});
    return { ...spec, selector: { ...MachineSelector.fromPartial(spec.selector ?? {}), ...pick(from, field) } };
  }
  const from = NodeTemplate.fromPartial(given.template ?? {});
  return { ...spec, template: { ...NodeTemplate.fromPartial(spec.template ?? {}), ...pick(from, field) } };
}

function pick<T extends object>(from: T, field: string): Partial<T> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => name === field)) as Partial<T>;
}

function camel(path: string): string {
  return path.replace(/^spec\./, '').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function unknownPath(path: string): string {
  const near = suggestion(path, paths);
  return `names ${JSON.stringify(path.slice(0, 80))}, which is no field of the spec${near === undefined ? '' : `; did you mean ${near}?`}`;
}
