import { expect, it } from 'vitest';
import { newestMirrored } from './newest-version.js';

const entry = (version: string, availableForNewClusters = true) => ({
  version,
  availableForNewClusters,
  availableForExistingClusters: true,
  supportedSince: '0.1.0',
  components: {},
  architectures: ['amd64', 'arm64'],
});
const catalogue = [entry('v1.33.1'), entry('v1.34.4'), entry('v1.35.4'), entry('v1.36.0', false)];
const mirrored = (...keys: string[]) =>
  newestMirrored({
    catalogue,
    state: (version, arch) => ({
      state: keys.includes(`${version} ${arch}`) ? 'mirrored' : 'missing',
      files: 0,
      sizeBytes: 0,
      manifestSha256: '',
    }),
  });

it('a cluster that names no version gets the newest that the mirror has, not the newest there is', () => {
  expect(mirrored('v1.33.1 amd64', 'v1.34.4 arm64')).toBe('v1.34.4');
  // Not for new clusters, mirrored or not.
  expect(mirrored('v1.33.1 amd64', 'v1.36.0 amd64')).toBe('v1.33.1');
  expect(mirrored()).toBe('');
});
