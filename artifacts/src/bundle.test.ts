import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { writeTar, type TarEntry } from './adapters/tar.js';
import { exportBundle, importBundle } from './bundle.js';
import { digestOf, withArch, type ArtifactManifest } from './manifest.js';
import { openMirror, type Mirror } from './mirror.js';
import {
  aBinary,
  aMirror,
  matching,
  neverAborted,
  sha256Of,
  someArtifacts,
  temporaryDir,
} from './test-support/builders.js';

const options = { signal: neverAborted };
const everything = [{ version: 'v1.34.4' }];

interface Scene {
  readonly from: Mirror;
  readonly to: Mirror;
  readonly file: string;
  readonly dir: string;
}

async function aScene(): Promise<Scene> {
  const dir = await temporaryDir();
  const from = await aMirror(join(dir, 'from'));
  const to = openMirror(join(dir, 'to'), { clock: systemClock });
  return { from, to, file: join(dir, 'bundle.tar'), dir };
}

async function manifestOf(mirror: Mirror, version = 'v1.34.4'): Promise<ArtifactManifest> {
  const manifest = await mirror.manifest(version);
  if (!manifest) throw new Error('no manifest');
  return manifest;
}

/** A bundle as written by hand: an index and blobs whose contents are the given names. */
function entriesOf(manifest: unknown, names: readonly string[]): TarEntry[] {
  const index = Buffer.from(JSON.stringify({ schema: 1, manifests: [manifest] }));
  const blobs = names.map((name): TarEntry => ({
    type: 'file',
    name: `blobs/${sha256Of(name)}`,
    mode: 0o644,
    data: Buffer.from(name),
  }));
  return [{ type: 'file', name: 'flotilla-bundle.json', mode: 0o644, data: index }, ...blobs];
}

const names = ['kubelet', 'kubeadm', 'image-etcd'];

describe('a bundle', () => {
  it('carries a version from one mirror to another', async () => {
    const { from, to, file } = await aScene();
    const { sha256, sizeBytes } = await exportBundle(from, everything, file, options);
    expect(sha256).toBe(sha256Of(await readFile(file)));
    expect(sizeBytes).toBe((await readFile(file)).length);
    const [imported] = await importBundle(to, file, options);
    expect(imported && digestOf(imported)).toBe(digestOf(await manifestOf(from)));
    expect(await to.verify(options)).toEqual([]);
    expect(await readdir(join(to.dir, 'partial'))).toEqual([]);
  });

  it('is the same bytes each time, with shared files once', async () => {
    const { from, file, dir } = await aScene();
    await aMirror(from.dir, someArtifacts({ files: [aBinary(), aBinary({ name: 'ctr' })] }), 'v1.35.4');
    const both = [{ version: 'v1.35.4' }, { version: 'v1.34.4' }];
    const first = await exportBundle(from, both, file, options);
    const second = await exportBundle(from, [...both].reverse(), join(dir, 'again.tar'), options);
    expect(second).toEqual(first);
    expect((await readFile(file, 'latin1')).split(`blobs/${sha256Of('kubelet')}`)).toHaveLength(2);
  });

  it('of one architecture leaves the other one of the receiver alone', async () => {
    const { from, to, file } = await aScene();
    await aMirror(to.dir);
    const arm = someArtifacts({ files: [aBinary({ name: 'ctr' })], origin: 'upstream' });
    await aMirror(from.dir, arm, 'v1.35.4');
    await from.publish(withArch(await manifestOf(from), 'v1.34.4', 'arm64', arm));
    await exportBundle(from, [{ version: 'v1.34.4', arch: 'arm64' }], file, options);
    expect(await readFile(file, 'latin1')).not.toContain(`blobs/${sha256Of('kubelet')}`);
    const [merged] = await importBundle(to, file, options);
    expect(merged?.arch.amd64).toBeDefined();
    expect(merged?.arch.arm64?.origin).toBe('upstream');
  });

  it('reports progress in bytes', async () => {
    const { from, to, file } = await aScene();
    const done: (number | undefined)[][] = [];
    const progress = ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes?: number }): void => {
      done.push([doneBytes, totalBytes]);
    };
    await exportBundle(from, everything, file, { ...options, progress });
    expect(done.at(-1)).toEqual([24, 24]);
    await importBundle(to, file, { ...options, progress });
    expect(done.at(-1)).toEqual([24, 24]);
  });
});

describe('exportBundle', () => {
  it('refuses to carry a damaged file, and leaves no file', async () => {
    const { from, file, dir } = await aScene();
    await writeFile(from.blobs.path(sha256Of('kubelet')), 'kubeleT');
    await expect(exportBundle(from, everything, file, options)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect((await readdir(dir)).sort()).toEqual(['from']);
  });

  it('says when the mirror does not have the version', async () => {
    const { from, file } = await aScene();
    await expect(exportBundle(from, [{ version: 'v1.35.4' }], file, options)).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
    });
    const arm = [{ version: 'v1.34.4', arch: 'arm64' as const }];
    await expect(exportBundle(from, arm, file, options)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  });
});

describe('importBundle refuses', () => {
  const manifest = { schema: 1, kubernetesVersion: 'v1.34.4', arch: { amd64: someArtifacts() } };
  const good = entriesOf(manifest, names);
  const [index, ...blobs] = good;
  const blob = (name: string, text: string): TarEntry => ({ type: 'file', name, mode: 0o644, data: Buffer.from(text) });

  it.each([
    ['a file of other contents', [...good.slice(0, 3), blob(`blobs/${sha256Of('image-etcd')}`, 'image-etcD')]],
    ['a file of another size', [...good.slice(0, 3), blob(`blobs/${sha256Of('image-etcd')}`, 'image')]],
    ['a missing file', good.slice(0, 3)],
    ['a file that no manifest names', [...good, blob(`blobs/${sha256Of('extra')}`, 'extra')]],
    ['a file that is there twice', [...good, ...blobs.slice(0, 1)]],
    ['a path out of the store', [...good, blob('blobs/../../../etc/cron.d/x', 'kubelet')]],
    ['an absolute path', [...good, blob('/etc/cron.d/x', 'kubelet')]],
    ['a link', [...good, { type: 'symlink', name: 'blobs/x', target: '/etc/shadow' }]],
    ['a directory', [...good, { type: 'directory', name: 'blobs/', mode: 0o755 }]],
    ['files before the index', [...blobs, index]],
    ['no index', blobs],
    ['an index that is not JSON', [blob('flotilla-bundle.json', '{'), ...blobs]],
    ['an index of a later schema', [blob('flotilla-bundle.json', '{"schema":2,"manifests":[{}]}'), ...blobs]],
    ['an unknown field', entriesOf({ ...manifest, run: 'sh' }, names)],
    ['nothing at all', []],
  ] as [string, TarEntry[]][])('%s', async (_what, entries) => {
    const { to, file } = await aScene();
    await writeTar(file, entries);
    await expect(importBundle(to, file, options)).rejects.toMatchObject({
      code: matching(/^(BUNDLE_INVALID|ARTIFACT_CORRUPT|ARTIFACT_MANIFEST_INVALID)$/),
    });
    expect(await to.list()).toEqual([]);
    expect(await readdir(join(to.dir, 'blobs'))).toEqual([]);
    expect(await readdir(join(to.dir, 'partial'))).toEqual([]);
  });

  it('a bundle that was cut', async () => {
    const { from, to, file } = await aScene();
    const { sizeBytes } = await exportBundle(from, everything, file, options);
    await truncate(file, sizeBytes - 1800);
    await expect(importBundle(to, file, options)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(await readdir(join(to.dir, 'blobs'))).toEqual([]);
  });

  it('something that is not a bundle, or not there', async () => {
    const { to, file } = await aScene();
    await expect(importBundle(to, file, options)).rejects.toMatchObject({ code: 'BUNDLE_INVALID', kind: 'not-found' });
    await writeFile(file, 'PK\u0003\u0004'.repeat(1000));
    await expect(importBundle(to, file, options)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });

  it('and keeps what the mirror had before', async () => {
    const { to, file } = await aScene();
    await aMirror(to.dir);
    await writeTar(file, good.slice(0, 3));
    await expect(importBundle(to, file, options)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(await to.verify(options)).toEqual([]);
    expect(await to.list()).toHaveLength(1);
  });
});
