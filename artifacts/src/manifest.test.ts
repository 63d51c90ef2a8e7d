import { describe, expect, it } from 'vitest';
import {
  allFiles,
  architecturesOf,
  canonicalJson,
  digestOf,
  filesFor,
  parseManifest,
  withArch,
  type ArtifactManifest,
} from './manifest.js';
import { aBinary, anImage, errorWith, someArtifacts } from './test-support/builders.js';

const manifest = (): ArtifactManifest => ({
  schema: 1,
  kubernetesVersion: 'v1.34.4',
  arch: { amd64: someArtifacts() },
});

/** The manifest as JSON with one place replaced. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(manifest()));
  let place = copy as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) place = place[step] as Record<string | number, unknown>;
  place[path.at(-1) ?? ''] = value;
  return copy;
}

describe('parseManifest', () => {
  it('gives back what was written', () => {
    const text = canonicalJson(manifest());
    expect(canonicalJson(parseManifest(JSON.parse(text)))).toBe(text);
  });

  const file = ['arch', 'amd64', 'files', 0];
  it.each([
    ['an unknown field at the top', ['signature'], 'x'],
    ['an unknown field of a file', [...file, 'post-install'], 'rm -rf /'],
    ['an unknown architecture', ['arch', 'riscv64'], someArtifacts()],
    ['a later schema', ['schema'], 2],
    ['a name with a path in it', [...file, 'name'], '../../etc/cron.d/x'],
    ['an upper-case hash', [...file, 'sha256'], 'A'.repeat(64)],
    ['a short hash', [...file, 'sha256'], 'ab'],
    ['a negative size', [...file, 'sizeBytes'], -1],
    ['an absurd size', [...file, 'sizeBytes'], 2 ** 50],
    ['a setuid mode', [...file, 'mode'], '4755'],
    ['a place to install that is not ours', [...file, 'install'], '/usr/bin'],
    ['an unknown node role', [...file, 'neededBy'], ['etcd']],
    ['a file nobody needs', [...file, 'neededBy'], []],
    ['two files of one name', ['arch', 'amd64', 'files', 1, 'name'], 'kubelet'],
    ['an image reference without a tag', ['arch', 'amd64', 'files', 2, 'image'], 'registry.k8s.io/etcd'],
    ['an image reference that is an option', ['arch', 'amd64', 'files', 2, 'image'], '--all:x'],
    ['a version that is a path', ['kubernetesVersion'], 'v1.34.4/../x'],
    ['no architecture', ['arch'], {}],
    ['no files', ['arch', 'amd64', 'files'], []],
  ] as [string, (string | number)[], unknown][])('refuses %s', (_what, path, value) => {
    expect(() => parseManifest(changed(path, value))).toThrow(errorWith({ code: 'ARTIFACT_MANIFEST_INVALID' }));
  });

  it('lists every problem at once', () => {
    const bad = changed(['schema'], 2) as Record<string, unknown>;
    bad['kubernetesVersion'] = 'latest';
    expect(() => parseManifest(bad)).toThrow(/schema: .*; kubernetesVersion: /);
  });
});

describe('canonical form', () => {
  it('does not depend on the order of files, keys or roles', () => {
    const other: ArtifactManifest = {
      arch: { amd64: someArtifacts({ files: [...someArtifacts().files].reverse() }) },
      kubernetesVersion: 'v1.34.4',
      schema: 1,
    };
    for (const entry of allFiles(other)) entry.neededBy.reverse();
    expect(digestOf(other)).toBe(digestOf(manifest()));
  });

  it('changes with any content', () => {
    const other = manifest();
    const [first] = allFiles(other);
    if (first) first.sha256 = '0'.repeat(64);
    expect(digestOf(other)).not.toBe(digestOf(manifest()));
  });
});

describe('filesFor', () => {
  it('gives a worker no control-plane image, binaries first', () => {
    const files = [anImage(), anImage({ name: 'image-pause', neededBy: ['control-plane', 'worker'] }), aBinary()];
    const artifacts = someArtifacts({ files });
    expect(filesFor(artifacts, 'worker').map(({ name }) => name)).toEqual(['kubelet', 'image-pause']);
    expect(filesFor(artifacts, 'control-plane').map(({ name }) => name)).toEqual([
      'kubelet',
      'image-etcd',
      'image-pause',
    ]);
  });
});

describe('withArch', () => {
  it('adds an architecture and keeps the other', () => {
    const both = withArch(manifest(), 'v1.34.4', 'arm64', someArtifacts({ origin: 'upstream' }));
    expect(architecturesOf(both)).toEqual(['amd64', 'arm64']);
    expect(both.arch.amd64?.origin).toBe('build');
  });
});
