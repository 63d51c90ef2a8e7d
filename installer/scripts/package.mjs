// Builds installer/dist, which the server hands out: the path of a file below dist is its path in the URL.
//   node scripts/package.mjs [--arch amd64,arm64] [--agent FILE] [--out DIR]
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { formatAgentManifest } from './manifest-format.mjs';
import { ensureRuntime } from './runtime.mjs';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const ARCHES = ['amd64', 'arm64'];

function main() {
  const { values } = parseArgs({
    options: { arch: { type: 'string' }, agent: { type: 'string' }, out: { type: 'string' } },
  });
  const arches = (values.arch ?? 'amd64').split(',');
  for (const arch of arches) if (!ARCHES.includes(arch)) throw new Error(`--arch ${arch}: only ${ARCHES.join(', ')}`);
  const agent = resolve(values.agent ?? join(here, '..', 'node-agent', 'dist', 'agent.cjs'));
  if (!existsSync(agent)) throw new Error(`${agent} is not there. Build the agent first: npm run build -w node-agent`);
  const out = resolve(values.out ?? join(here, 'dist'));
  const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  const building = `${out}.building`;
  rmSync(building, { recursive: true, force: true });

  const manifest = { schema: 1, version, arches: {} };
  for (const arch of [...arches].sort()) {
    const runtime = ensureRuntime(arch, say);
    const dir = join(building, 'agent', arch);
    mkdirSync(dir, { recursive: true });
    copyFileSync(runtime.archive, join(dir, 'node.gz'));
    const plain = [
      ['agent.cjs', agent, '0644'],
      ['flotilla-agent', join(here, 'flotilla-agent'), '0755'],
      ['flotilla-agent.service', join(here, 'flotilla-agent.service'), '0644'],
      ['uninstall.sh', join(here, 'uninstall.sh'), '0755'],
      ['node.LICENSE', runtime.license, '0644'],
    ].map(([name, source, mode]) => {
      copyFileSync(source, join(dir, name));
      const content = measure(join(dir, name));
      return { name, mode, ...content, download: { name, encoding: 'identity', ...content } };
    });
    const node = {
      name: 'node',
      mode: '0755',
      ...runtime.content,
      download: { name: 'node.gz', encoding: 'gzip', ...measure(join(dir, 'node.gz')) },
    };
    manifest.arches[arch] = { files: [node, ...plain] };
  }
  writeFileSync(join(building, 'agent', 'manifest.json'), formatAgentManifest(manifest));
  for (const name of ['install.sh', 'uninstall.sh']) {
    copyFileSync(join(here, name), join(building, name));
    chmodSync(join(building, name), 0o644);
  }
  rmSync(out, { recursive: true, force: true });
  renameSync(building, out);
  say(`agent ${version} for ${arches.join(', ')}: ${out}`);
}

/** Size in bytes and SHA-256 (hex) of a file. */
function measure(path) {
  return { sizeBytes: statSync(path).size, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`package: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
