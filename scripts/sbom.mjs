// npm run sbom [-- --licences]: what a release is made of, from the lockfile: CycloneDX 1.6 as JSON on standard output, or
// the list of licences as Markdown (committed as docs/third-party.md). Development tools are no part of a release.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './setup.mjs';

/** Packages of the lockfile that a release may hold, sorted; each once per version. */
export function releasedPackages(lock) {
  const found = new Map();
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (!path.includes('node_modules/') || entry.link || entry.dev || entry.optional || entry.devOptional) continue;
    const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    found.set(`${name}@${entry.version}`, {
      name,
      version: entry.version,
      licence: entry.license ?? 'UNKNOWN',
      integrity: entry.integrity ?? '',
    });
  }
  return [...found.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

/** CycloneDX 1.6 (ECMA-424). No time and no random serial: the same lockfile makes the same bytes. */
export function cycloneDx(version, packages, runtime) {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: { type: 'application', name: 'flotilla', version, licenses: [{ license: { id: 'Apache-2.0' } }] },
    },
    components: [
      {
        type: 'application',
        name: 'node',
        version: runtime.version,
        purl: `pkg:generic/node@${runtime.version}`,
        licenses: [{ license: { id: 'MIT' } }],
      },
      ...packages.map(({ name, version: v, licence, integrity }) => ({
        type: 'library',
        name,
        version: v,
        purl: `pkg:npm/${name.replace('@', '%40')}@${v}`,
        licenses: licence.includes(' ') ? [{ expression: licence }] : [{ license: { id: licence } }],
        ...(integrity.startsWith('sha512-')
          ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') }] }
          : {}),
      })),
    ],
  };
}

export function licenceList(packages, runtime) {
  const rows = packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`);
  return [
    '# Third-party software',
    '',
    'What a release holds besides our own code, from the lockfile (`npm run sbom -- --licences`; the same as CycloneDX:',
    '`npm run sbom`). The agent ships with Node.js; Kubernetes, containerd and their images come from their projects.',
    '',
    '| package | version | licence |',
    '|---|---|---|',
    `| node | ${runtime.version} | MIT and those of its parts (\`node.LICENSE\` beside the agent) |`,
    ...rows,
    '',
  ].join('\n');
}

const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const packages = releasedPackages(read('package-lock.json'));
  const runtime = read('installer/runtime.json');
  process.stdout.write(
    process.argv.includes('--licences')
      ? licenceList(packages, runtime)
      : `${JSON.stringify(cycloneDx(read('package.json').version, packages, runtime), null, 2)}\n`,
  );
}
