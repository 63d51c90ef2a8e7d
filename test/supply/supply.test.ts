import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Licences under which we pass on what others made. Anything else is a decision, not an accident. */
const accepted = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

interface Bom {
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly licenses: readonly { readonly license?: { readonly id: string }; readonly expression?: string }[];
    readonly hashes?: readonly { readonly content: string }[];
  }[];
}

function sbom(...args: string[]): string {
  return execFileSync(process.execPath, ['scripts/sbom.mjs', ...args], { cwd: root, encoding: 'utf8' });
}

/** The agent as a fresh checkout somewhere else would build it. */
function buildAgentIn(name: string): string {
  const home = mkdtempSync(join(tmpdir(), `flotilla-${name}-`));
  onTestFinished(() => rmSync(home, { recursive: true }));
  for (const part of ['kit', 'proto', 'node-agent']) {
    cpSync(join(root, part), join(home, part), {
      recursive: true,
      filter: (path) => !/\/(node_modules|dist)$/.test(path),
    });
  }
  cpSync(join(root, 'tsconfig.base.json'), join(home, 'tsconfig.base.json'));
  const modules = join(home, 'node_modules');
  mkdirSync(join(modules, '@flotilla'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')).filter((n) => n !== '@flotilla' && !n.startsWith('.'))) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const part of ['kit', 'proto']) symlinkSync(join(home, part), join(modules, '@flotilla', part));
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: join(home, 'node-agent') });
  return createHash('sha256')
    .update(readFileSync(join(home, 'node-agent', 'dist', 'agent.cjs')))
    .digest('hex');
}

describe('the agent', () => {
  test('built twice from clean in different places is the same bytes', () => {
    expect(buildAgentIn('one')).toBe(buildAgentIn('a-longer-name-for-two'));
  }, 60_000);
});

describe('the bill of materials', () => {
  const bom = JSON.parse(sbom()) as Bom; // ours; its shape is asserted below
  const names = new Set(bom.components.map(({ name }) => name));

  test('holds every package that a release depends on, with its hash', () => {
    for (const part of ['artifacts', 'kube', 'core', 'control-plane', 'node-agent', 'cli']) {
      const manifest = JSON.parse(readFileSync(join(root, part, 'package.json'), 'utf8')) as {
        readonly dependencies?: Readonly<Record<string, string>>;
      }; // a package.json of ours
      const theirs = Object.keys(manifest.dependencies ?? {}).filter((name) => !name.startsWith('@flotilla/'));
      expect(theirs.filter((name) => !names.has(name))).toEqual([]);
    }
    const unhashed = bom.components.filter(({ name, hashes }) => name !== 'node' && hashes === undefined);
    expect(unhashed.map(({ name }) => name)).toEqual([]);
  });

  test('holds nothing under a licence that we have not accepted', () => {
    const words = bom.components.flatMap(({ name, licenses }) =>
      licenses.map(({ license, expression }) => ({ name, licence: license?.id ?? expression ?? '' })),
    );
    const isAccepted = (licence: string): boolean =>
      licence
        .replace(/[()]/g, '')
        .split(' AND ')
        .every((part) => part.split(' OR ').some((one) => accepted.includes(one)));
    expect(words.filter(({ licence }) => !isAccepted(licence))).toEqual([]);
    expect(isAccepted('GPL-3.0')).toBe(false);
    expect(isAccepted('(MIT AND GPL-3.0)')).toBe(false);
  });

  test('is the same for the same lockfile', () => {
    expect(sbom()).toBe(sbom());
  });

  test('docs/third-party.md is what it says', () => {
    expect(readFileSync(join(root, 'docs', 'third-party.md'), 'utf8')).toBe(sbom('--licences'));
  });
});
