import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { digestOf, type ArchArtifacts } from './manifest.js';
import { openMirror } from './mirror.js';
import type { ArtifactSource, FetchRequest } from './source.js';
import { aBinary, aMirror, neverAborted, sha256Of, someArtifacts, temporaryDir } from './test-support/builders.js';

/** Puts files named in the artifacts into the sink, each with its own name as contents. */
class FakeSource implements ArtifactSource {
  readonly name = 'upstream';
  calls = 0;

  constructor(
    private readonly artifacts: ArchArtifacts,
    private readonly options: { readonly skip?: string } = {},
  ) {}

  async fetch({ into }: FetchRequest): Promise<ArchArtifacts> {
    this.calls += 1;
    for (const { name, sha256 } of this.artifacts.files) {
      if (name === this.options.skip) continue;
      const path = await into.partial(name);
      await writeFile(path, name);
      await into.commit(path, { sha256 });
    }
    return this.artifacts;
  }
}

const options = { signal: neverAborted };

describe('Mirror', () => {
  it('syncs once, lists, and opens for reading', async () => {
    const mirror = openMirror(await temporaryDir(), { clock: systemClock });
    const source = new FakeSource(someArtifacts());
    const manifest = await mirror.sync('v1.34.4', 'amd64', source, options);
    await mirror.sync('v1.34.4', 'amd64', source, options);
    expect(source.calls).toBe(1);
    expect(await mirror.list()).toEqual([
      { version: 'v1.34.4', architectures: ['amd64'], digest: digestOf(manifest), files: 3, sizeBytes: 24 },
    ]);
    const { file, path, stream } = await mirror.open('v1.34.4', 'amd64', 'kubelet');
    expect(file.sha256).toBe(sha256Of('kubelet'));
    expect(await readFile(path, 'utf8')).toBe('kubelet');
    expect(Buffer.concat(await stream().toArray()).toString()).toBe('kubelet');
  });

  it('fetches again when asked to, and when a file is gone', async () => {
    const mirror = openMirror(await temporaryDir(), { clock: systemClock });
    const source = new FakeSource(someArtifacts());
    await mirror.sync('v1.34.4', 'amd64', source, options);
    await mirror.sync('v1.34.4', 'amd64', source, { ...options, refresh: true });
    expect(source.calls).toBe(2);
    await mirror.blobs.drop(sha256Of('kubelet'));
    await mirror.sync('v1.34.4', 'amd64', source, options);
    expect(source.calls).toBe(3);
    expect(await mirror.verify(options)).toEqual([]);
  });

  it('shows nothing of a version whose files did not all arrive', async () => {
    const mirror = openMirror(await temporaryDir(), { clock: systemClock });
    const source = new FakeSource(someArtifacts(), { skip: 'kubeadm' });
    await expect(mirror.sync('v1.34.4', 'amd64', source, options)).rejects.toMatchObject({
      code: 'ARTIFACT_INCOMPLETE',
    });
    expect(await mirror.list()).toEqual([]);
  });

  it('refuses versions outside of the catalogue before anything is fetched', async () => {
    const mirror = openMirror(await temporaryDir(), { clock: systemClock });
    const source = new FakeSource(someArtifacts());
    await expect(mirror.sync('v1.2.3', 'amd64', source, options)).rejects.toMatchObject({
      code: 'KUBERNETES_VERSION_UNKNOWN',
    });
    expect(source.calls).toBe(0);
  });

  it.each([
    ['kubelet', 'v1.34.4', 'arm64'],
    ['kubelet', 'v1.35.4', 'amd64'],
    ['../manifests/v1.34.4.json', 'v1.34.4', 'amd64'],
    ['kubelet', '../../x', 'amd64'],
  ] as const)('has no %s of %s for %s', async (name, version, arch) => {
    const mirror = await aMirror(await temporaryDir());
    await expect(mirror.open(version, arch, name)).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      kind: 'not-found',
    });
  });

  it('finds what was damaged and what was removed', async () => {
    const mirror = await aMirror(await temporaryDir());
    await writeFile(mirror.blobs.path(sha256Of('kubelet')), 'kubeleT');
    await rm(mirror.blobs.path(sha256Of('kubeadm')));
    const faults = await mirror.verify(options);
    expect(faults.map(({ name, fault }) => `${name} ${fault}`).sort()).toEqual(['kubeadm missing', 'kubelet damaged']);
  });

  it('collects only what no version names', async () => {
    const dir = await temporaryDir();
    const mirror = await aMirror(dir);
    await aMirror(dir, someArtifacts({ files: [aBinary(), aBinary({ name: 'ctr' })] }), 'v1.35.4');
    expect(await mirror.gc(neverAborted)).toEqual({ removedFiles: 0, freedBytes: 0 });
    await mirror.forget('v1.35.4', neverAborted);
    await writeFile(await mirror.blobs.partial('cut download'), 'abc');
    expect(await mirror.gc(neverAborted)).toEqual({ removedFiles: 2, freedBytes: 6 });
    expect(await mirror.verify(options)).toEqual([]);
  });

  it('refuses a manifest that somebody edited, and repairs it by a sync', async () => {
    const dir = await temporaryDir();
    const mirror = await aMirror(dir);
    await writeFile(join(dir, 'manifests', 'v1.34.4.json'), '{"schema":1');
    await expect(mirror.manifest('v1.34.4')).rejects.toMatchObject({ code: 'ARTIFACT_MANIFEST_INVALID' });
    await mirror.sync('v1.34.4', 'amd64', new FakeSource(someArtifacts()), options);
    expect(await mirror.list()).toHaveLength(1);
  });
});
