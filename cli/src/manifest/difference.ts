import { isWhole } from './form.js';

/** Fields of `wanted` whose value is another one in `existing`, as paths; what is not in `wanted` does not matter. */
export function differences(wanted: Readonly<Record<string, unknown>>, existing: unknown, path = ''): string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const below = path === '' ? name : `${path}.${name}`;
    const there = valueAt(existing, name);
    if (isPlainObject(value) && !isWhole(name, value)) return differences(value, there, below);
    return sameValue(value, there) ? [] : [below];
  });
}

/** `wanted` laid over `existing`, field by field; lists and labels are replaced whole. */
export function overlay(existing: unknown, wanted: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = { ...(isPlainObject(existing) ? existing : {}) };
  for (const [name, value] of Object.entries(wanted)) {
    if (value === null) delete result[name];
    else result[name] = isPlainObject(value) && !isWhole(name, value) ? overlay(result[name], value) : value;
  }
  return result;
}

/** Text of the value at a path, for people. */
export function textAt(value: unknown, path: string): string {
  let found = value;
  for (const name of path.split('.')) found = valueAt(found, name);
  return found === undefined || found === null ? 'nothing' : typeof found === 'string' ? found : JSON.stringify(found);
}

function valueAt(value: unknown, name: string): unknown {
  return isPlainObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Equal by value; proto leaves out what is empty, so empty equals absent. */
function sameValue(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  if (value === undefined || value === null || value === '') return '';
  if (Array.isArray(value)) return value.length === 0 ? '' : `[${value.map(canonical).join()}]`;
  if (!isPlainObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, each]) => canonical(each) !== '');
  const texts = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`);
  return texts.length === 0 ? '' : `{${texts.join()}}`;
}
