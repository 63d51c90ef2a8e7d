import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import type { Mutant } from './mutant.js';

/** The file as the mutant has it. Throws unless the expression is there exactly once. */
export function patched(root: string, { file, find, replace, id }: Mutant): string {
  const source = readFileSync(join(root, file), 'utf8');
  const count = source.split(find).length - 1;
  if (count !== 1) throw new Error(`mutant ${id}: its expression is ${count} times in ${file}, and must be once`);
  return source.replace(find, () => replace);
}

/** Gives esbuild the patched file in place of the real one; the real one is never changed. */
export function mutantPlugin(root: string, mutant: Mutant): Plugin {
  return {
    name: 'mutant',
    setup(build) {
      const path = join(root, mutant.file);
      build.onLoad({ filter: /\.ts$/ }, (args) =>
        args.path === path ? { contents: patched(root, mutant), loader: 'ts' } : undefined,
      );
    },
  };
}
