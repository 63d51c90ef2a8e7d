import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '@flotilla/kit';
import { expect, onTestFinished } from 'vitest';
import type { ArchArtifacts, BinaryFile, ImageFile } from '../manifest.js';
import { openMirror, type Mirror } from '../mirror.js';

/** A directory that is gone after the test. */
export async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'flotilla-artifacts-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export async function put(path: string, text: string, mode = 0o644): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode });
  return path;
}

export function sha256Of(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

export function aBinary(overrides: Partial<BinaryFile> = {}): BinaryFile {
  const name = overrides.name ?? 'kubelet';
  return {
    role: 'binary',
    name,
    version: '1.34.4',
    sizeBytes: name.length,
    sha256: sha256Of(name),
    neededBy: ['control-plane', 'worker'],
    install: 'bin',
    mode: '0755',
    ...overrides,
  };
}

export function anImage(overrides: Partial<ImageFile> = {}): ImageFile {
  const name = overrides.name ?? 'image-etcd';
  return {
    role: 'image',
    name,
    version: '3.6.5',
    sizeBytes: name.length,
    sha256: sha256Of(name),
    neededBy: ['control-plane'],
    image: 'registry.k8s.io/etcd:3.6.5-0',
    format: 'docker-archive',
    ...overrides,
  };
}

/** Files whose contents are their own names, so that they can be written by {@link aMirror}. */
export function someArtifacts(overrides: Partial<ArchArtifacts> = {}): ArchArtifacts {
  return {
    origin: 'build',
    components: {
      etcd: '3.6.5',
      coredns: '1.12.1',
      pause: '3.10.1',
      containerd: '2.2.9',
      runc: '1.3.6',
      cniPlugins: '1.9.1',
      flannel: '0.28.4',
    },
    files: [aBinary(), aBinary({ name: 'kubeadm' }), anImage()],
    ...overrides,
  };
}

/** A mirror that holds {@link someArtifacts} of v1.34.4 for amd64. */
export async function aMirror(dir: string, artifacts = someArtifacts(), version = 'v1.34.4'): Promise<Mirror> {
  const mirror = openMirror(dir, { clock: systemClock });
  await mirror.blobs.prepare();
  for (const { name } of artifacts.files) {
    const path = await mirror.blobs.partial(name);
    await writeFile(path, name);
    await mirror.blobs.commit(path);
  }
  await mirror.publish({ schema: 1, kubernetesVersion: version, arch: { amd64: artifacts } });
  return mirror;
}

export const neverAborted = new AbortController().signal;

/** Vitest's matchers are untyped; these are the same with a type. */
export function containing(text: string): unknown {
  return expect.stringContaining(text);
}

export function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}

/** For `toThrowError`: an error with these properties. */
export function errorWith(properties: Readonly<Record<string, unknown>>): unknown {
  return expect.objectContaining(properties);
}
