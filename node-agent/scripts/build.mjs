// Makes dist/agent.cjs: one file, the same bytes for the same sources. `--dev` leaves names readable.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outfile = join(root, 'dist', 'agent.cjs');

/**
 * What the agent never runs stays out, for its source text would be held in memory: generated messages of other services
 * (they only define things, so unused ones may go), and the loader of .proto files, which grpc-js calls for its admin
 * services alone.
 */
const lean = {
  name: 'lean',
  setup({ onResolve, onLoad, resolve }) {
    const pure = async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === lean) return undefined;
      if (path.startsWith('.') && !importer.includes('/proto/src/')) return undefined;
      const found = await resolve(path, { importer, resolveDir, kind, pluginData: lean });
      return { ...found, sideEffects: false };
    };
    onResolve({ filter: /^@flotilla\/proto$/ }, pure);
    onResolve({ filter: /^\.\.?\// }, pure);
    onResolve({ filter: /^@grpc\/proto-loader$/ }, ({ path }) => ({ path, namespace: 'left-out' }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not part of the agent`)});`,
    }));
  },
};

await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  // Releases carry Node 24; development runs the same file on 20.
  target: ['node20', 'node24'],
  format: 'cjs',
  minify: !process.argv.includes('--dev'),
  keepNames: false,
  legalComments: 'none',
  // One letter above Latin-1 and V8 keeps the whole text in two bytes a letter.
  charset: 'ascii',
  logLevel: 'warning',
  plugins: [lean],
  define: { 'process.env.NODE_ENV': '"production"' },
});
const bytes = readFileSync(outfile);
process.stdout.write(
  `dist/agent.cjs ${bytes.length} bytes sha256 ${createHash('sha256').update(bytes).digest('hex')}\n`,
);
