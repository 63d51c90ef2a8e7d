import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMirror, type ArchArtifacts, type ArtifactSource, type FetchRequest } from '@flotilla/artifacts';
import { silentLogger, systemClock } from '@flotilla/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactsIndex } from './artifacts-index.js';
import { nodeManifest, sha256Hex } from './web/artifact-files.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flotilla-mirror-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Gives one small binary; `during` runs while it is being fetched. */
function fakeSource(during: () => void = () => undefined): ArtifactSource {
  return {
    name: 'directory',
    async fetch({ into, progress }: FetchRequest): Promise<ArchArtifacts> {
      const path = await into.partial('kubelet');
      await writeFile(path, 'a kubelet');
      const { sha256, sizeBytes } = await into.commit(path);
      progress({ phase: 'store', name: 'kubelet', doneBytes: sizeBytes });
      during();
      const components = {
        etcd: 'x',
        coredns: 'x',
        pause: 'x',
        containerd: 'x',
        runc: 'x',
        cniPlugins: 'x',
        flannel: 'x',
      };
      const file = {
        role: 'binary',
        name: 'kubelet',
        version: 'v1.34.4',
        sizeBytes,
        sha256,
        neededBy: ['worker'],
        install: 'bin',
        mode: '0755',
      } as const;
      return { origin: 'upstream', components, files: [{ ...file, neededBy: ['worker'] }] };
    },
  };
}

function setUp(during?: (index: ArtifactsIndex) => void) {
  const mirror = openMirror(dir, { clock: systemClock });
  let changes = 0;
  const source = fakeSource(() => during?.(index));
  const index: ArtifactsIndex = new ArtifactsIndex({
    mirror,
    sources: { upstream: source, build: source },
    defaultSource: 'upstream',
    log: silentLogger,
    onChanged: () => (changes += 1),
  });
  return { mirror, index, changes: () => changes };
}

const request = { version: 'v1.34.4', arch: 'amd64', source: '' };
const signal = new AbortController().signal;

describe('the index of artifacts', () => {
  it('names the digest of exactly what is served to a node, and tells when it changed', async () => {
    const states: string[] = [];
    const { mirror, index, changes } = setUp((seen) => states.push(seen.state('v1.34.4', 'amd64').state));
    await index.refresh();
    expect([index.state('v1.34.4', 'amd64').state, index.manifestSha256('v1.34.4', 'amd64'), changes()]).toEqual([
      'missing',
      undefined,
      0,
    ]);
    await index.sync(request, () => undefined, signal);
    expect(states).toEqual(['syncing']);
    const served = await nodeManifest(mirror, 'v1.34.4', 'amd64');
    expect(index.manifestSha256('v1.34.4', 'amd64')).toBe(sha256Hex(served ?? ''));
    expect([index.state('v1.34.4', 'amd64').state, changes()]).toEqual(['mirrored', 1]);
    // Another architecture later does not change what these machines were told.
    await index.sync({ ...request, arch: 'arm64' }, () => undefined, signal);
    expect(index.manifestSha256('v1.34.4', 'amd64')).toBe(sha256Hex(served ?? ''));
  });

  it('runs one sync of a thing at a time, and refuses what there is not', async () => {
    let second: Promise<unknown> | undefined;
    const { index } = setUp((seen) => {
      second = seen.sync(request, () => undefined, signal).catch((error: unknown) => error);
    });
    await index.sync(request, () => undefined, signal);
    expect(await second).toMatchObject({ code: 'SYNC_RUNNING' });
    await expect(index.sync({ ...request, arch: 'sparc' }, () => undefined, signal)).rejects.toMatchObject({
      code: 'ARCHITECTURE_UNSUPPORTED',
    });
    await expect(index.sync({ ...request, source: 'ftp' }, () => undefined, signal)).rejects.toMatchObject({
      code: 'SOURCE_UNKNOWN',
    });
  });

  it('knows images and versions of the catalogue', () => {
    const { index } = setUp();
    expect(index.flannelImage('v1.34.4')).toMatch(/flannel/);
    expect([index.flannelImage('v9.9.9'), index.knows('v1.35.4'), index.knows('v9.9.9')]).toEqual([
      undefined,
      true,
      false,
    ]);
  });
});
