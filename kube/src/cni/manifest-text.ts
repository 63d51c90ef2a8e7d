import { FlotillaError } from '@flotilla/kit';
import { parseAllDocuments, type DocumentOptions, type ParseOptions, type ScalarTag, type SchemaOptions } from 'yaml';
import type { JsonObject, JsonValue, KubeManifest } from '../objects.js';

/**
 * Kubernetes reads YAML 1.1 where it matters in manifests: `0400` is octal (a file mode), `yes` and `on` are true, and
 * `<<` merges. Everything else is as in YAML 1.2, so that no date or number in base 60 appears out of a text.
 */
const yamlOfKubernetes: ParseOptions & DocumentOptions & SchemaOptions = {
  strict: true,
  uniqueKeys: true,
  prettyErrors: false,
  merge: true,
  customTags: (tags) => [octal, oldBoolean, ...tags],
};

const octal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};

const oldBoolean: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:yes|on)$/i.test(text),
};

const textBytesMax = 16 * 1024 * 1024;
const objectsMax = 1_000;

/**
 * The objects of a multi-document YAML text, lists opened, in their order. CNI_MANIFEST_INVALID names document and
 * line of what cannot be an object of Kubernetes.
 */
export function parseManifests(text: string): readonly KubeManifest[] {
  if (Buffer.byteLength(text) > textBytesMax) throw invalid(`is larger than ${textBytesMax} bytes`);
  const documents = parseAllDocuments(text, yamlOfKubernetes);
  const found: KubeManifest[] = [];
  for (const [index, document] of (Array.isArray(documents) ? documents : []).entries()) {
    const where = `document ${index + 1}`;
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) {
      const line = text.slice(0, fault.pos[0]).split('\n').length;
      throw invalid(`is not YAML in ${where} at line ${line} (${fault.code})`);
    }
    const value = toPlain(() => document.toJS({ maxAliasCount: 100 }) as unknown, where);
    // Comments between two separators are a document of nothing.
    if (value !== null && value !== undefined) found.push(...objectsOf(value, where));
  }
  if (found.length === 0) throw invalid('holds no objects');
  if (found.length > objectsMax) throw invalid(`holds more than ${objectsMax} objects`);
  const names = new Set<string>();
  for (const manifest of found) {
    const name = nameOf(manifest);
    if (names.has(name)) throw invalid(`holds ${name} twice`);
    names.add(name);
  }
  return found;
}

/** The images that a manifest's pods run, as they are written there, each once, sorted. */
export function manifestImages(text: string): readonly string[] {
  const images = new Set<string>();
  for (const manifest of parseManifests(text))
    forEachContainer(manifest, (container) => {
      if (typeof container['image'] === 'string') images.add(container['image']);
    });
  return [...images].sort();
}

/** `Kind namespace/name`, or `Kind name` for objects of the whole cluster. */
export function nameOf({ kind, metadata }: KubeManifest): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}

/** Visits every container of every pod or pod template of an object, init containers included. */
export function forEachContainer(manifest: KubeManifest, visit: (container: JsonObject) => void): void {
  // Definitions of kinds describe containers, they do not run them.
  if (manifest.kind !== 'CustomResourceDefinition') walk(manifest, visit, 0);
}

const depthMax = 12;

function walk(value: JsonValue | undefined, visit: (container: JsonObject) => void, depth: number): void {
  if (depth > depthMax || typeof value !== 'object' || value === null) return;
  if (isList(value)) {
    for (const item of value) walk(item, visit, depth + 1);
    return;
  }
  for (const [key, below] of Object.entries(value)) {
    if ((key === 'containers' || key === 'initContainers') && isList(below)) {
      for (const container of below) if (isObject(container) && 'image' in container) visit(container);
    } else walk(below, visit, depth + 1);
  }
}

function objectsOf(value: unknown, where: string): readonly KubeManifest[] {
  const object = asObject(value, where);
  if (object['kind'] === 'List' && isList(object['items'])) {
    return object['items'].flatMap((item, i) => objectsOf(item, `${where}, item ${i + 1}`));
  }
  const { apiVersion, kind, metadata } = object;
  if (typeof apiVersion !== 'string' || apiVersion === '') throw invalid(`has no apiVersion in ${where}`);
  if (typeof kind !== 'string' || kind === '') throw invalid(`has no kind in ${where}`);
  const name = isObject(metadata) ? metadata['name'] : undefined;
  if (!isObject(metadata) || typeof name !== 'string' || name === '')
    throw invalid(`has no metadata.name in ${where} (${kind})`);
  const namespace = metadata['namespace'];
  if (namespace !== undefined && typeof namespace !== 'string')
    throw invalid(`has a metadata.namespace that is no text in ${where}`);
  // Proven field by field just above.
  return [object as KubeManifest];
}

function toPlain(read: () => unknown, where: string): unknown {
  try {
    return read();
  } catch {
    throw invalid(`has too many aliases in ${where}`);
  }
}

function asObject(value: unknown, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`has no object in ${where}`);
  // YAML without tags gives what JSON has.
  return value as JsonObject;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}

export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function invalid(problem: string): FlotillaError {
  return new FlotillaError('CNI_MANIFEST_INVALID', `The manifest of the network plugin ${problem}.`, {
    kind: 'data-loss',
    remedy: 'Check that the pinned address is the manifest itself and not a page about it, and pin it again.',
  });
}
