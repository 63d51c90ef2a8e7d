import { canonicalJson, isSha256, withArch, type Architecture, type Mirror } from '@flotilla/artifacts';
import { createHash } from 'node:crypto';
import type { ServedFile } from './respond.js';

/** The canonical manifest of one version for one architecture: what its sha256 in a target is made of. */
export async function nodeManifest(mirror: Mirror, version: string, arch: Architecture): Promise<string | undefined> {
  const manifest = await mirror.manifest(version);
  const own = manifest?.arch[arch];
  // One architecture each: mirroring arm64 later must not change what amd64 machines were told.
  return own === undefined ? undefined : canonicalJson(withArch(undefined, version, arch, own));
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Size in bytes of a regular file; undefined when there is none. */
export type SizeOf = (path: string) => Promise<number | undefined>;

/** A file of the mirror by its hash; undefined when it is not there. */
export async function blobFile(mirror: Mirror, sha256: string, sizeOf: SizeOf): Promise<ServedFile | undefined> {
  if (!isSha256(sha256)) return undefined;
  const path = mirror.blobs.path(sha256);
  const sizeBytes = await sizeOf(path);
  if (sizeBytes === undefined) return undefined;
  return { path, sizeBytes, sha256, contentType: 'application/octet-stream' };
}
