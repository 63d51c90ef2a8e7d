import { type ManifestKind, manifestShapes, nounOfKind } from './kinds.js';
import type { Manifest } from './read.js';
import type { Shape } from './shape.js';

/** What of a resource's proto JSON people write: everything that the server writes is left out. */
export function writtenPart(kind: ManifestKind, json: unknown): Record<string, unknown> {
  const {
    kind: _kind,
    meta,
    cluster: _cluster,
    subject: _subject,
    ...rest
  } = fieldsOf(prune(manifestShapes[kind], json));
  const { labels } = fieldsOf(meta);
  return { ...(labels === undefined ? {} : { meta: { labels } }), ...rest };
}

/** A document as people read and write it: identity first, constants without prefix, `5m`, `16GiB`. */
export function toReadable(
  { kind, name, cluster }: Pick<Manifest, 'kind' | 'name' | 'cluster'>,
  document: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const pretty = fieldsOf(beautify(manifestShapes[kind], document));
  const { meta, ...rest } = pretty;
  if (kind === 'Member') return { kind, subject: name, ...rest };
  const identity = kind === 'NodePool' ? { cluster } : {};
  return { kind, meta: { name, ...fieldsOf(meta) }, ...identity, ...rest };
}

/** `pool/workers` */
export function titleOf({ kind, name }: Pick<Manifest, 'kind' | 'name'>): string {
  return `${nounOfKind[kind]}/${name}`;
}

/** `edited` with null for every field of `base` that was taken out of it. */
export function withRemovals(base: unknown, edited: unknown): Record<string, unknown> {
  const [before, after] = [fieldsOf(base), fieldsOf(edited)];
  const result: Record<string, unknown> = { ...after };
  for (const [name, value] of Object.entries(before)) {
    if (!Object.hasOwn(after, name)) result[name] = null;
    else if (!isWhole(name, value) && isPlain(after[name])) result[name] = withRemovals(value, after[name]);
  }
  return result;
}

const mapFields: readonly string[] = ['labels', 'matchLabels', 'systemReserved', 'kubeReserved', 'evictionHard'];

/** A value that is replaced whole: maps of the user's own words, and durations. Other objects are merged by field. */
export function isWhole(name: string, value: unknown): boolean {
  if (!isPlain(value) || mapFields.includes(name)) return true;
  return /(Timeout|Time)$/.test(name);
}

function prune(shape: Shape, value: unknown): unknown {
  if (shape.kind !== 'object' || !isPlain(value)) return value;
  const kept = Object.entries(value).flatMap(([name, each]) => {
    const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    return field === undefined || field.kind === 'ignored' ? [] : [[name, prune(field, each)] as const];
  });
  return Object.fromEntries(kept);
}

function beautify(shape: Shape | undefined, value: unknown): unknown {
  if (shape?.kind === 'list' && Array.isArray(value)) return value.map((each) => beautify(shape.of, each));
  if (shape?.kind === 'constant' && typeof value === 'string') return value.replace(shape.prefix, '');
  if (shape?.kind === 'bytes' && typeof value === 'string') return bytesText(value);
  if (shape?.kind === 'duration') return durationText(value);
  if (shape?.kind !== 'object' || !isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, beautify(shape.fields[name], each)]));
}

/** The largest unit that says it exactly. */
function bytesText(text: string): string | number {
  const bytes = Number(text);
  for (const [unit, size] of [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['GB', 1e9],
  ] as const) {
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return bytes;
}

/** `5m` of `{seconds: "300"}`; anything else stays. */
export function durationText(value: unknown): unknown {
  if (!isPlain(value)) return value;
  const { seconds = '0', nanos = 0 } = value;
  const ms = Number(seconds) * 1000 + Math.round(Number(nanos) / 1e6);
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isPlain(value) ? value : {};
}
