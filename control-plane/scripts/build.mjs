// Builds dist/flotilla-server.mjs and dist/store-worker.mjs. Our own packages go in; others stay in node_modules, because
// some are native and some read files beside their code.
import { build } from 'esbuild';
import { chmodSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'dist');
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: {
    'flotilla-server': join(root, 'src', 'main.ts'),
    'store-worker': join(root, '..', 'core', 'src', 'store', 'sqlite', 'worker.ts'),
  },
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'linked',
  logLevel: 'warning',
  banner: { js: '#!/usr/bin/env node' },
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
chmodSync(join(out, 'flotilla-server.mjs'), 0o755);
