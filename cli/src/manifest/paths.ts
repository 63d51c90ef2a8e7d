import { recordOf } from './steps/steps.js';

/** The value at a dotted path; undefined when there is none. */
export function valueAtPath(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) found = recordOf(found)[name];
  return found;
}

/** Only those paths of a document. */
export function pickPaths(document: unknown, paths: readonly string[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const path of paths) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let at = result;
    for (const name of names) {
      const below = recordOf(at[name]);
      at[name] = below;
      at = below;
    }
    at[last] = valueAtPath(document, path);
  }
  return result;
}
