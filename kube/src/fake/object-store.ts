import { randomUUID } from 'node:crypto';
import type { ResourcePlace } from '../paths.js';
import { isMap, leaves, mapAt, removeLeaf, textAt, type Json, type JsonMap } from './json.js';
import { FakeRefusal } from './refusal.js';
import type { Matcher } from './selectors.js';

export type FakeEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One change, with what was there before, so that selectors can see an object come and go. */
export interface FakeChange {
  readonly version: number;
  readonly place: ResourcePlace;
  readonly type: FakeEventType;
  readonly object: JsonMap;
  readonly before: JsonMap | undefined;
}

interface Entry {
  readonly place: ResourcePlace;
  readonly object: JsonMap;
  /** Path of a field → the manager that owns it. */
  readonly owners: Map<string, string>;
}

const historyMax = 10_000;

/** The objects of a fake cluster, their versions and the latest changes. */
export class FakeObjectStore {
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(change: FakeChange) => void>();
  readonly #timestamp: (offsetSeconds?: number) => string;
  #history: FakeChange[] = [];
  #version = 1000;
  #forgottenUpTo = 0;

  /** `timestamp` gives the present, or a moment so many seconds later, as Kubernetes writes it. */
  constructor(timestamp: (offsetSeconds?: number) => string) {
    this.#timestamp = timestamp;
  }

  get version(): number {
    return this.#version;
  }

  find(place: ResourcePlace, namespace: string, name: string): JsonMap | undefined {
    return this.#entries.get(keyOf(place, namespace, name))?.object;
  }

  /** All that match, in the order of Kubernetes: by namespace, then name. */
  list(place: ResourcePlace, namespace: string | undefined, matches: Matcher): JsonMap[] {
    const prefix = `${place.apiVersion}/${place.plural}/`;
    const keys = [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys
      .map((key) => this.#entries.get(key)?.object)
      .filter((object) => object !== undefined)
      .filter((object) => namespace === undefined || textAt(mapAt(object, 'metadata'), 'namespace') === namespace)
      .filter(matches);
  }

  /** Stores the object, new or changed, as `manager`; the version and what belongs to the server are filled in. */
  put(place: ResourcePlace, object: JsonMap, manager: string): JsonMap {
    const meta = mapAt(object, 'metadata');
    const key = keyOf(place, textAt(meta, 'namespace'), textAt(meta, 'name'));
    const before = this.#entries.get(key);
    const kept = before === undefined ? {} : mapAt(before.object, 'metadata');
    if (before !== undefined && isReleased(kept, meta)) {
      this.remove(place, textAt(meta, 'namespace'), textAt(meta, 'name'));
      return object;
    }
    const version = ++this.#version;
    const stored: JsonMap = {
      ...object,
      apiVersion: place.apiVersion,
      kind: place.kind,
      metadata: {
        ...meta,
        uid: textAt(kept, 'uid') || textAt(meta, 'uid') || randomUUID(),
        creationTimestamp: textAt(kept, 'creationTimestamp') || textAt(meta, 'creationTimestamp') || this.#timestamp(),
        resourceVersion: String(version),
      },
    };
    const owners = this.#ownersAfter(before, stored, manager);
    this.#entries.set(key, { place, object: stored, owners });
    this.#tell({ version, place, type: before ? 'MODIFIED' : 'ADDED', object: stored, before: before?.object });
    return stored;
  }

  /** As the API server deletes: what a finalizer holds is only marked, and goes when the last finalizer does. */
  delete(place: ResourcePlace, object: JsonMap, graceSeconds = 0): void {
    const meta = mapAt(object, 'metadata');
    if (graceSeconds === 0 && finalizersOf(meta) === 0)
      return this.remove(place, textAt(meta, 'namespace'), textAt(meta, 'name'));
    const deletionTimestamp = textAt(meta, 'deletionTimestamp') || this.#timestamp(graceSeconds);
    const marked: JsonMap = { ...meta, deletionTimestamp, deletionGracePeriodSeconds: graceSeconds };
    this.put(place, { ...object, metadata: marked }, 'server');
  }

  remove(place: ResourcePlace, namespace: string, name: string): void {
    const key = keyOf(place, namespace, name);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    const version = ++this.#version;
    const object = {
      ...entry.object,
      metadata: { ...mapAt(entry.object, 'metadata'), resourceVersion: String(version) },
    };
    this.#tell({ version, place, type: 'DELETED', object, before: entry.object });
  }

  /** Server-side apply, simple: lists are one value, a field of another manager with another value is a conflict. */
  apply(place: ResourcePlace, wanted: JsonMap, manager: string, force: boolean): { object: JsonMap; created: boolean } {
    const meta = mapAt(wanted, 'metadata');
    const entry = this.#entries.get(keyOf(place, textAt(meta, 'namespace'), textAt(meta, 'name')));
    if (entry === undefined) return { object: this.put(place, wanted, manager), created: true };
    const fields = ownedLeaves(wanted);
    const current = leaves(entry.object);
    const result = structuredClone(entry.object);
    for (const [path, value] of fields) {
      const owner = entry.owners.get(path);
      const differs = JSON.stringify(current.get(path)) !== JSON.stringify(value);
      if (owner !== undefined && owner !== manager && differs && !force) {
        throw new FakeRefusal(409, 'Conflict', `Apply failed with 1 conflict: conflict with "${owner}": ${path}`);
      }
    }
    for (const [path, owner] of entry.owners) {
      if (owner === manager && !fields.has(path)) removeLeaf(result, path);
    }
    return { object: this.put(place, overlaid(result, wanted), manager), created: false };
  }

  /** Changes after a version, or undefined when they are forgotten. */
  since(version: number): readonly FakeChange[] | undefined {
    if (version < this.#forgottenUpTo) return undefined;
    return this.#history.filter((change) => change.version > version);
  }

  /** Forgets every change, as compaction does: watches from before are told 410. */
  forgetHistory(): void {
    this.#history = [];
    this.#forgottenUpTo = ++this.#version;
  }

  /** Tells of every change from now on, until the given function is called. */
  listen(listener: (change: FakeChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #ownersAfter(before: Entry | undefined, stored: JsonMap, manager: string): Map<string, string> {
    const owners = new Map(before?.owners);
    const old = before === undefined ? new Map<string, Json>() : leaves(before.object);
    const fields = ownedLeaves(stored);
    for (const path of owners.keys()) if (!fields.has(path)) owners.delete(path);
    for (const [path, value] of fields) {
      if (JSON.stringify(old.get(path)) !== JSON.stringify(value)) owners.set(path, manager);
    }
    return owners;
  }

  #tell(change: FakeChange): void {
    this.#history.push(change);
    if (this.#history.length > historyMax) this.#forgottenUpTo = this.#history.shift()?.version ?? this.#forgottenUpTo;
    for (const listener of [...this.#listeners]) listener(change);
  }
}

/** The last finalizer has gone from an object that was told to go. */
function isReleased(before: JsonMap, next: JsonMap): boolean {
  // A pod in its grace waits for its kubelet besides.
  const graceIsOver = !(Number(before['deletionGracePeriodSeconds']) > 0);
  const held = finalizersOf(before) > 0 && textAt(before, 'deletionTimestamp') !== '';
  return held && graceIsOver && finalizersOf(next) === 0;
}

function finalizersOf(meta: JsonMap): number {
  const { finalizers } = meta;
  return Array.isArray(finalizers) ? finalizers.length : 0;
}

function keyOf(place: ResourcePlace, namespace: string, name: string): string {
  return `${place.apiVersion}/${place.plural}/${namespace}/${name}`;
}

/** Fields somebody can own: not the identity of the object, nor what the server writes. */
function ownedLeaves(object: JsonMap): Map<string, Json> {
  const { labels, annotations } = mapAt(object, 'metadata');
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, status: _status, ...rest } = object;
  const metadata: JsonMap = {};
  if (labels !== undefined) metadata['labels'] = labels;
  if (annotations !== undefined) metadata['annotations'] = annotations;
  return leaves({ ...rest, metadata });
}

function overlaid(target: JsonMap, wanted: JsonMap): JsonMap {
  const result: JsonMap = { ...target };
  for (const [key, value] of Object.entries(wanted)) {
    const before = result[key];
    result[key] = isMap(value) && isMap(before) ? overlaid(before, value) : value;
  }
  return result;
}
