import type { ArtifactsPort } from './parts.js';

/**
 * The version of a cluster that names none: the newest for new clusters that the mirror has, because machines can join at
 * once; when it has none, empty: the newest of the catalogue is chosen, and the join waits for the mirror.
 */
export function newestMirrored(artifacts: Pick<ArtifactsPort, 'catalogue' | 'state'>): string {
  const mirrored = artifacts.catalogue.filter(
    ({ version, availableForNewClusters, architectures }) =>
      availableForNewClusters && architectures.some((arch) => artifacts.state(version, arch).state === 'mirrored'),
  );
  // The catalogue has the oldest first.
  return mirrored.at(-1)?.version ?? '';
}
