// Runs a TypeScript file of this repository: `node scripts/run-ts.mjs path/to/file.ts args…`. Bundled by esbuild into
// node_modules/.cache, packages left outside, so that native modules load as usual. Exit code and signals are the program's.
import { build } from 'esbuild';
import { mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = dirname(dirname(new URL(import.meta.url).pathname));
const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/run-ts.mjs FILE.ts [ARGUMENT …]');
  process.exit(2);
}
const entry = resolve(file);
// Inside the entry's own package, so that bare imports resolve as they do for its source.
const cache = join(root, 'node_modules', '.cache', 'run-ts');
mkdirSync(cache, { recursive: true });
const outfile = join(cache, `${basename(entry, '.ts')}-${process.pid}.mjs`);
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'inline',
  logLevel: 'warning',
  // Ours are sources and go in; everything else stays a package.
  plugins: [
    {
      name: 'packages-stay-outside',
      setup(b) {
        b.onResolve({ filter: /^[^./]/ }, (a) =>
          a.kind === 'entry-point' || a.path.startsWith('@flotilla/') ? null : { path: a.path, external: true },
        );
      },
    },
  ],
});
process.argv = [process.argv[0] ?? 'node', entry, ...args];
const program = import(pathToFileURL(outfile).href);
process.on('exit', () => rmSync(outfile, { force: true }));
await program;
