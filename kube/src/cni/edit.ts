import { FlotillaError } from '@flotilla/kit';
import type { JsonObject, JsonValue, KubeManifest } from '../objects.js';
import { isList, isObject } from './manifest-text.js';
import type { CniName } from './settings.js';

type Writable = Record<string, JsonValue | undefined>;

/** A copy of upstream's objects that is changed field by field; what is not where it should be is refused by path. */
export class ManifestEditor {
  readonly #cni: CniName;
  readonly manifests: readonly KubeManifest[];

  constructor(cni: CniName, manifests: readonly KubeManifest[]) {
    this.#cni = cni;
    this.manifests = structuredClone(manifests);
  }

  /** The one object, or CNI_MANIFEST_CHANGED. */
  object(kind: string, namespace: string, name: string): Edit {
    const path = `${kind} ${namespace}/${name}`;
    const found = this.manifests.find(
      ({ kind: one, metadata }) => one === kind && metadata.name === name && (metadata.namespace ?? '') === namespace,
    );
    return new Edit(found, path, this.#cni);
  }
}

/** One map inside an object. */
export class Edit {
  readonly #fields: Writable;

  constructor(
    value: JsonValue | undefined,
    readonly path: string,
    readonly cni: CniName,
  ) {
    if (!isObject(value)) throw changed(cni, path, 'is missing');
    // The editor made the copy that is written to.
    this.#fields = value;
  }

  /** The map below. */
  at(...keys: readonly string[]): Edit {
    return keys.reduce((edit: Edit, key) => edit.#below(key), this);
  }

  /** The one item of a list of named maps, such as a container or a volume. */
  item(list: string, name: string): Edit {
    const found = this.#items(list).find((item) => isObject(item) && item['name'] === name);
    return new Edit(found, `${this.path}.${list}[${name}]`, this.cni);
  }

  has(key: string): boolean {
    return this.#fields[key] !== undefined;
  }

  hasItem(list: string, name: string): boolean {
    return this.#items(list).some((item) => isObject(item) && item['name'] === name);
  }

  raw(key: string): JsonValue | undefined {
    return this.#fields[key];
  }

  text(key: string): string {
    const value = this.#fields[key];
    if (typeof value !== 'string') throw changed(this.cni, `${this.path}.${key}`, 'is not a text');
    return value;
  }

  texts(key: string): readonly string[] {
    const value = this.#fields[key];
    const items = isList(value) ? value : [];
    if (!isList(value) || !items.every((item) => typeof item === 'string'))
      throw changed(this.cni, `${this.path}.${key}`, 'is not a list of texts');
    return items;
  }

  /** Changes a field that upstream has. */
  replace(key: string, value: JsonValue): void {
    if (!this.has(key)) throw changed(this.cni, `${this.path}.${key}`, 'is missing');
    this.#fields[key] = value;
  }

  /** Changes or adds a field that upstream may leave out. */
  set(key: string, value: JsonValue): void {
    this.#fields[key] = value;
  }

  /** Sets an environment variable of a container; with `expected`, upstream must have it already. */
  setEnv(name: string, value: string, expected: 'expected' | 'new'): void {
    const items = this.has('env') ? this.#items('env') : [];
    const place = items.findIndex((item) => isObject(item) && item['name'] === name);
    if (place < 0 && expected === 'expected') throw changed(this.cni, `${this.path}.env[${name}]`, 'is missing');
    const next: JsonValue[] = [...items];
    if (place < 0) next.push({ name, value });
    else next[place] = { name, value };
    this.#fields['env'] = next;
  }

  #below(key: string): Edit {
    return new Edit(this.#fields[key], `${this.path}.${key}`, this.cni);
  }

  #items(list: string): readonly JsonValue[] {
    const value = this.#fields[list];
    if (!isList(value)) throw changed(this.cni, `${this.path}.${list}`, 'is not a list');
    return value;
  }
}

/** Upstream is not what this release of Flotilla knows how to set up. */
export function changed(cni: CniName, path: string, problem: string): FlotillaError {
  return new FlotillaError('CNI_MANIFEST_CHANGED', `In the manifest of ${cni}, ${path} ${problem}.`, {
    kind: 'precondition',
    remedy: `Pin a version of ${cni} that this release of Flotilla knows, or upgrade Flotilla. Nothing was applied.`,
    metadata: { cni, path },
  });
}

/** A plain object for writing, proven to be one. */
export function asWritable(object: JsonObject): Writable {
  // Readers get JsonObject, the editor's own copy is written to.
  return object;
}
