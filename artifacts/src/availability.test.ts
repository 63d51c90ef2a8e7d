import { describe, expect, it } from 'vitest';
import { checkMirrored, checkPoolVersion, checkVersion, compareVersions, newestMirroredFor } from './availability.js';
import { kubernetesVersions, type KubernetesVersion } from './catalog.js';

const [base] = kubernetesVersions;
if (base === undefined) throw new Error('the catalogue is empty');
const entry = (version: string, more: Partial<KubernetesVersion> = {}): KubernetesVersion => ({
  ...base,
  version,
  ...more,
});
const retired = { newClusters: 'not available', note: 'its patches have ended' } as const;
const catalogue = [
  entry('v1.33.13', retired),
  entry('v1.34.4'),
  entry('v1.34.10', { architectures: ['amd64'] }),
  entry('v1.35.4', { existingClusters: 'not available', note: 'it was withdrawn' }),
];
const everything = (): boolean => true;
const only =
  (...keys: readonly string[]) =>
  (version: string, arch: string): boolean =>
    keys.includes(`${version} ${arch}`);
const rule = (verdict: ReturnType<typeof checkVersion>): string =>
  verdict.ok ? verdict.version.version : verdict.rule;

describe('a version', () => {
  it.each([
    ['v1.34.4', 'new', 'v1.34.4'],
    ['v1.33.13', 'new', 'VERSION_NOT_FOR_NEW_CLUSTERS'],
    ['v1.33.13', 'existing', 'v1.33.13'],
    ['v1.35.4', 'existing', 'VERSION_NOT_FOR_EXISTING_CLUSTERS'],
    ['v1.2.3', 'new', 'VERSION_UNKNOWN'],
    ['latest', 'new', 'VERSION_UNKNOWN'],
  ] as const)('%s for %s clusters: %s', (version, use, expected) => {
    expect(rule(checkVersion(version, use, catalogue))).toBe(expected);
  });

  it('that is refused says why and what to take instead', () => {
    expect(checkVersion('v1.33.13', 'new', catalogue)).toMatchObject({
      message: 'v1.33.13 is not available for new clusters: its patches have ended.',
      remedy: 'Choose one of v1.34.4, v1.34.10, v1.35.4.',
    });
  });

  it.each([
    ['v1.34.4', ['amd64', 'arm64'], 'VERSION_NOT_MIRRORED'],
    ['v1.34.4', ['amd64'], 'v1.34.4'],
    ['v1.34.10', ['arm64'], 'ARCHITECTURE_UNSUPPORTED'],
  ] as const)('%s on %j: %s', (version, arches, expected) => {
    expect(rule(checkMirrored(version, 'new', arches, only('v1.34.4 amd64'), catalogue))).toBe(expected);
  });
});

describe('a cluster without a version', () => {
  it('takes the newest that is mirrored for all its architectures, by number and not by text', () => {
    expect(rule(newestMirroredFor(['amd64'], everything, catalogue))).toBe('v1.35.4');
    const two = only('v1.34.4 amd64', 'v1.34.4 arm64', 'v1.34.10 amd64');
    expect(rule(newestMirroredFor(['amd64'], two, catalogue))).toBe('v1.34.10');
    expect(rule(newestMirroredFor(['amd64', 'arm64'], two, catalogue))).toBe('v1.34.4');
  });

  it('never takes one that is not for new clusters, and says how to get one', () => {
    expect(newestMirroredFor(['amd64'], only('v1.33.13 amd64'), catalogue)).toMatchObject({
      rule: 'NO_VERSION_MIRRORED',
      remedy: 'Run: flotilla artifacts sync v1.35.4 --arch amd64',
    });
  });
});

describe('a pool', () => {
  it.each([
    ['v1.35.4', 'v1.34.4', 'v1.34.4'],
    ['v1.34.4', 'v1.35.4', 'VERSION_NOT_FOR_EXISTING_CLUSTERS'],
    ['v1.33.13', 'v1.34.4', 'KUBELET_NEWER_THAN_CONTROL_PLANE'],
    ['v1.38.0', 'v1.34.4', 'KUBELET_TOO_OLD'],
  ])('of control plane %s with %s: %s', (controlPlane, version, expected) => {
    expect(rule(checkPoolVersion(controlPlane, version, catalogue))).toBe(expected);
  });
});

it('versions compare by number', () => {
  expect(compareVersions('v1.9.0', 'v1.10.0')).toBeLessThan(0);
  expect(compareVersions('v1.34.10', 'v1.34.4')).toBeGreaterThan(0);
  expect(compareVersions('v1.34.4', 'v1.34.4')).toBe(0);
});
