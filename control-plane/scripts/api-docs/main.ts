import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { outputs, stale } from './outputs.js';

/** Run from the root of the repository, as all its scripts are. */
const root = process.cwd();

if (process.argv.includes('--check')) {
  const files = stale(root);
  if (files.length > 0) throw new Error(`stale: ${files.join(', ')}; run: npm run generate -w control-plane`);
} else {
  for (const [path, text] of outputs(root)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
