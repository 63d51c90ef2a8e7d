// npm run bench -- NAME [ARGUMENT …]: runs test/bench/NAME/main.ts. Without a name it lists them.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const [name = '', ...args] = process.argv.slice(2);
const dir = join(root, 'test', 'bench');
const known = readdirSync(dir, { withFileTypes: true })
  .filter((e) => e.isDirectory() && existsSync(join(dir, e.name, 'main.ts')))
  .map((e) => e.name);
if (!known.includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME [ARGUMENT …]\nbenches: ${known.join(', ')}\n`);
  process.exit(2);
}
const result = spawnSync(process.execPath, [join(root, 'scripts/run-ts.mjs'), join(dir, name, 'main.ts'), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FLOTILLA_ROOT: root },
});
process.exit(result.status ?? 1);
