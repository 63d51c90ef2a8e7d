import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { hashFile, remove, sizeOf } from '../adapters/disk.js';
import { writeTar, type TarEntry } from '../adapters/tar.js';
import type { Architecture } from '../manifest.js';

/** An image of one layer. */
export interface ImageSpec {
  readonly image: string;
  readonly arch: Architecture;
  readonly entrypoint: readonly string[];
  /** Files and links of the layer with paths relative to the root, such as `usr/local/bin/etcd`. */
  readonly entries: readonly TarEntry[];
}

const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/';

/** Every directory above an entry, once, before the entries; then the entries by name. */
export function layerEntries(entries: readonly TarEntry[]): TarEntry[] {
  const directories = new Map<string, TarEntry>([['tmp', { type: 'directory', name: 'tmp/', mode: 0o1777 }]]);
  for (const { name } of entries) {
    for (let parent = dirname(name); parent !== '.'; parent = dirname(parent)) {
      if (!directories.has(parent)) directories.set(parent, { type: 'directory', name: `${parent}/`, mode: 0o755 });
    }
  }
  const byName = (left: TarEntry, right: TarEntry): number => (left.name < right.name ? -1 : 1);
  return [...[...directories.values()].sort(byName), ...[...entries].sort(byName)];
}

/** The image's configuration; fixed times, so that equal layers give equal images. */
export function imageConfig(spec: ImageSpec, layerSha256: string): string {
  return JSON.stringify({
    architecture: spec.arch,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: { Entrypoint: spec.entrypoint, Env: [searchPath], WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerSha256}`] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'flotilla' }],
  });
}

/**
 * Writes the image as the archive that `ctr images import` and `docker load` read. `workDir` holds the layer meanwhile.
 * The same files give the same bytes, whenever and wherever it runs.
 */
export async function writeDockerArchive(
  spec: ImageSpec,
  path: string,
  workDir: string,
  signal?: AbortSignal,
): Promise<void> {
  const layer = join(workDir, 'layer.tar');
  try {
    await writeTar(layer, layerEntries(spec.entries), { signal });
    const { sha256, sizeBytes } = await hashFile(layer, { signal });
    const config = Buffer.from(imageConfig(spec, sha256));
    const configName = `${createHash('sha256').update(config).digest('hex')}.json`;
    const manifest = [{ Config: configName, RepoTags: [spec.image], Layers: ['layer.tar'] }];
    await writeTar(
      path,
      [
        { type: 'file', name: configName, mode: 0o644, data: config },
        { type: 'file', name: 'layer.tar', mode: 0o644, path: layer, sizeBytes },
        { type: 'file', name: 'manifest.json', mode: 0o644, data: Buffer.from(JSON.stringify(manifest)) },
      ],
      { signal },
    );
  } finally {
    await remove(layer);
  }
}

/** An entry for a file on this machine. */
export async function fileEntry(name: string, path: string, mode: number): Promise<TarEntry> {
  const sizeBytes = await sizeOf(path);
  if (sizeBytes === undefined) throw new Error(`${path} is not a file`);
  return { type: 'file', name, mode, path, sizeBytes };
}
