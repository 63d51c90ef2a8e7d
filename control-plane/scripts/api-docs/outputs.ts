import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { loadModel } from './api-model.js';
import { markdownOf } from './markdown.js';
import { openApiOf } from './openapi.js';

/** Each written file with its text. */
export function outputs(root: string): ReadonlyMap<string, string> {
  const model = loadModel(root);
  const json = JSON.stringify(openApiOf(model), undefined, 1);
  const code = `// Written by scripts/api-docs/main.ts; do not edit.\nexport const openApiJson = \`${json.replace(/[\\`$]/g, '\\$&')}\n\`;\n`;
  return new Map([
    [join(root, 'control-plane', 'src', 'gen', 'openapi.ts'), code],
    [join(root, 'docs', 'api.md'), markdownOf(model)],
  ]);
}

/** Paths of the files that are not what the protos say. */
export function stale(root: string): string[] {
  return [...outputs(root)].filter(([path, text]) => textOf(path) !== text).map(([path]) => relative(root, path));
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
