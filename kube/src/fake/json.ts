/** JSON that a fake holds and changes. */
export type Json = null | boolean | number | string | Json[] | JsonMap;
export interface JsonMap {
  [key: string]: Json;
}

export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mapAt(object: JsonMap, key: string): JsonMap {
  const value = object[key];
  return isMap(value) ? value : {};
}

export function textAt(object: JsonMap, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : '';
}

/** The value at a dotted path such as `spec.nodeName`. */
export function valueAt(object: JsonMap, path: string): Json | undefined {
  let value: Json | undefined = object;
  for (const key of path.split('.')) value = isMap(value) ? value[key] : undefined;
  return value;
}

/** Paths of all values that are no maps; lists count as one value. */
export function leaves(object: JsonMap, prefix = ''): Map<string, Json> {
  const found = new Map<string, Json>();
  for (const [key, value] of Object.entries(object)) {
    const path = `${prefix}/${key.replaceAll('/', '~1')}`;
    if (isMap(value)) for (const [below, leaf] of leaves(value, path)) found.set(below, leaf);
    else found.set(path, value);
  }
  return found;
}

/** Removes the value at a path of {@link leaves}. */
export function removeLeaf(object: JsonMap, path: string): void {
  const keys = path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/'));
  const last = keys.pop() ?? '';
  let map: JsonMap = object;
  for (const key of keys) {
    const below = map[key];
    if (!isMap(below)) return;
    map = below;
  }
  delete map[last];
}

/** JSON merge patch (RFC 7386). */
export function mergePatch(target: JsonMap, patch: JsonMap): JsonMap {
  return merged(target, patch, () => undefined);
}

const listKeys: Readonly<Record<string, string>> = {
  conditions: 'type',
  addresses: 'type',
  containers: 'name',
  volumes: 'name',
  env: 'name',
  ownerReferences: 'uid',
};

/** Strategic merge patch, as far as Flotilla's own patches and the kubelet's go: known lists are merged by their key. */
export function strategicPatch(target: JsonMap, patch: JsonMap): JsonMap {
  return merged(target, patch, (name) => listKeys[name]);
}

function merged(target: JsonMap, patch: JsonMap, keyOf: (list: string) => string | undefined): JsonMap {
  const result: JsonMap = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    const before = result[name];
    const listKey = keyOf(name);
    if (value === null) delete result[name];
    else if (isMap(value)) result[name] = merged(isMap(before) ? before : {}, value, keyOf);
    else if (Array.isArray(value) && listKey !== undefined) {
      result[name] = mergedList(Array.isArray(before) ? before : [], value, listKey, keyOf);
    } else result[name] = value;
  }
  return result;
}

function mergedList(before: Json[], patch: Json[], key: string, keyOf: (list: string) => string | undefined): Json[] {
  const result = [...before];
  for (const item of patch) {
    if (!isMap(item)) continue;
    const at = result.findIndex((other) => isMap(other) && other[key] === item[key]);
    const old = result[at];
    if (item['$patch'] === 'delete') {
      if (at >= 0) result.splice(at, 1);
    } else if (at >= 0) result[at] = merged(isMap(old) ? old : {}, item, keyOf);
    else result.push(item);
  }
  return result;
}
