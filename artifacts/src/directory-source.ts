import { FlotillaError, type Clock } from '@flotilla/kit';
import type { ArchArtifacts } from './manifest.js';
import { openMirror } from './mirror.js';
import type { ArtifactSource, FetchRequest } from './source.js';

/**
 * Takes a version from another mirror on this machine or a mounted disk, such as a shared build cache. Files are linked
 * where that is safe, copied otherwise, and verified either way.
 */
export class DirectorySource implements ArtifactSource {
  readonly name = 'directory';

  constructor(
    private readonly dir: string,
    private readonly ports: { readonly clock: Clock },
  ) {}

  async fetch({ version, arch, into, progress, signal }: FetchRequest): Promise<ArchArtifacts> {
    const mirror = openMirror(this.dir, this.ports);
    const artifacts = (await mirror.manifest(version.version))?.arch[arch];
    if (!artifacts) {
      throw new FlotillaError('ARTIFACT_NOT_FOUND', `${this.dir} has no ${version.version} for ${arch}.`, {
        kind: 'not-found',
        remedy: 'Choose a version that it has, or another source.',
      });
    }
    for (const file of artifacts.files) {
      signal.throwIfAborted();
      const { path } = await mirror.open(version.version, arch, file.name);
      await into.adopt(path, { sha256: file.sha256, sizeBytes: file.sizeBytes });
      progress({ phase: 'store', name: file.name, doneBytes: file.sizeBytes, totalBytes: file.sizeBytes });
    }
    return artifacts;
  }
}
