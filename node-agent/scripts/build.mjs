// Makes dist/agent.cjs: one file, the same bytes for the same sources. `--dev` leaves names readable.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outfile = join(root, 'dist', 'agent.cjs');
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
  charset: 'utf8',
  logLevel: 'warning',
  define: { 'process.env.NODE_ENV': '"production"' },
});
const bytes = readFileSync(outfile);
process.stdout.write(
  `dist/agent.cjs ${bytes.length} bytes sha256 ${createHash('sha256').update(bytes).digest('hex')}\n`,
);
