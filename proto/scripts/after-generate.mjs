// Writes src/gen/index.ts (explicit names, because every ts-proto file exports the same helpers) and
// src/gen/descriptor-set.ts (what server reflection is fed with).
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const gen = new URL('../src/gen/', import.meta.url).pathname;
const helpers = new Set(['protobufPackage', 'protobufFileName', 'DeepPartial', 'MessageFns', 'Exact']);
const files = readdirSync(gen, { recursive: true })
  .map(String)
  .filter((f) => f.endsWith('.ts') && f.includes('/'))
  .sort();
const seen = new Map();
const lines = [];
for (const file of files) {
  if (file.startsWith('google/protobuf/') || file.startsWith('grpc/')) continue;
  const text = readFileSync(join(gen, file), 'utf8');
  const values = new Set();
  const types = new Set();
  for (const [, kind, name] of text.matchAll(/^export (interface|const|enum|function|type) (\w+)/gm)) {
    if (helpers.has(name) || /(From|To)JSON$/.test(name)) continue;
    (kind === 'interface' || kind === 'type' ? types : values).add(name);
  }
  for (const name of values) types.delete(name);
  for (const name of [...values, ...types]) {
    if (seen.has(name)) throw new Error(`${name} is exported by ${seen.get(name)} and ${file}`);
    seen.set(name, file);
  }
  const from = `'./${relative('.', file).replace(/\.ts$/, '.js')}'`;
  if (values.size > 0) lines.push(`export { ${[...values].sort().join(', ')} } from ${from};`);
  if (types.size > 0) lines.push(`export type { ${[...types].sort().join(', ')} } from ${from};`);
}
writeFileSync(join(gen, 'index.ts'), `// Written by scripts/after-generate.mjs; do not edit.\n${lines.join('\n')}\n`);

const buf = new URL('../../node_modules/.bin/buf', import.meta.url).pathname;
const image = execFileSync(
  buf,
  ['build', '-o', '-#format=binpb', '--as-file-descriptor-set', '--exclude-source-info'],
  {
    maxBuffer: 16 * 1024 * 1024,
  },
);
const base64 = image.toString('base64').replace(/.{110}/g, "$&' +\n  '");
writeFileSync(
  join(gen, 'descriptor-set.ts'),
  `// Written by scripts/after-generate.mjs; do not edit. FileDescriptorSet of all protos, base64.\nexport const descriptorSetBase64 =\n  '${base64}';\n`,
);
