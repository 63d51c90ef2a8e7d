import { kubernetesVersions, type KubernetesVersion } from './catalog.js';
import type { Architecture } from './manifest.js';
import { checkSkew, parseKubernetesVersion, type SkewRule } from './skew.js';

/** The rules by which a version is refused before skew is looked at. */
export type AvailabilityRule =
  | 'VERSION_UNKNOWN'
  | 'VERSION_NOT_FOR_NEW_CLUSTERS'
  | 'VERSION_NOT_FOR_EXISTING_CLUSTERS'
  | 'ARCHITECTURE_UNSUPPORTED'
  | 'VERSION_NOT_MIRRORED'
  | 'NO_VERSION_MIRRORED';

/** The version, or the rule that refuses it with a sentence and a cure. */
export type VersionVerdict =
  | { readonly ok: true; readonly version: KubernetesVersion }
  | {
      readonly ok: false;
      readonly rule: AvailabilityRule | SkewRule;
      readonly message: string;
      readonly remedy: string;
    };

/** Whether the mirror holds a version for an architecture. */
export type IsMirrored = (version: string, arch: Architecture) => boolean;

/** May this version be used for what is asked? `new` is a new cluster, `existing` a cluster or pool that is there. */
export function checkVersion(
  version: string,
  use: 'new' | 'existing',
  catalogue: readonly KubernetesVersion[] = kubernetesVersions,
): VersionVerdict {
  const entry = catalogue.find((candidate) => candidate.version === version);
  const usable = catalogue.filter((one) => isFor(one, use)).map((one) => one.version);
  const remedy = `Choose one of ${usable.join(', ')}.`;
  if (entry === undefined)
    return refuse('VERSION_UNKNOWN', `${quoted(version)} is not in the catalogue of this release of Flotilla.`, remedy);
  if (isFor(entry, use)) return { ok: true, version: entry };
  const why = entry.note === '' ? '' : `: ${entry.note}`;
  return use === 'new'
    ? refuse('VERSION_NOT_FOR_NEW_CLUSTERS', `${version} is not available for new clusters${why}.`, remedy)
    : refuse('VERSION_NOT_FOR_EXISTING_CLUSTERS', `${version} is not available for existing clusters${why}.`, remedy);
}

/** {@link checkVersion} for nodes of these architectures that shall be made now: the mirror must have it for all. */
export function checkMirrored(
  version: string,
  use: 'new' | 'existing',
  arches: readonly Architecture[],
  isMirrored: IsMirrored,
  catalogue: readonly KubernetesVersion[] = kubernetesVersions,
): VersionVerdict {
  const verdict = checkVersion(version, use, catalogue);
  if (!verdict.ok) return verdict;
  const foreign = arches.filter((arch) => !verdict.version.architectures.includes(arch));
  if (foreign.length > 0) {
    const message = `${version} is not supported on ${foreign.join(' and ')}.`;
    return refuse(
      'ARCHITECTURE_UNSUPPORTED',
      message,
      `Use machines with ${verdict.version.architectures.join(' or ')}.`,
    );
  }
  const missing = arches.filter((arch) => !isMirrored(version, arch));
  if (missing.length === 0) return verdict;
  const message = `The mirror does not have ${version} for ${missing.join(' and ')}.`;
  return refuse('VERSION_NOT_MIRRORED', message, missing.map((arch) => sync(version, arch)).join('; '));
}

/**
 * What a cluster gets whose version nobody named: the newest that is available for new clusters and that the mirror
 * holds for all these architectures. None of them is NO_VERSION_MIRRORED, which says how to get the newest.
 */
export function newestMirroredFor(
  arches: readonly Architecture[],
  isMirrored: IsMirrored,
  catalogue: readonly KubernetesVersion[] = kubernetesVersions,
): VersionVerdict {
  const newestFirst = catalogue
    .filter((one) => isFor(one, 'new'))
    .sort((a, b) => -compareVersions(a.version, b.version));
  for (const { version } of newestFirst) {
    const verdict = checkMirrored(version, 'new', arches, isMirrored, catalogue);
    if (verdict.ok) return verdict;
  }
  const [newest] = newestFirst;
  const wanted = arches.join(' and ');
  const remedy =
    newest === undefined ? 'Upgrade Flotilla.' : arches.map((arch) => sync(newest.version, arch)).join('; ');
  return refuse(
    'NO_VERSION_MIRRORED',
    `The mirror has no version for new clusters${wanted === '' ? '' : ` on ${wanted}`}.`,
    remedy,
  );
}

/** May a pool of a cluster begin with this version? It must be in the catalogue, and its kubelets fit the API server. */
export function checkPoolVersion(
  controlPlane: string,
  version: string,
  catalogue: readonly KubernetesVersion[] = kubernetesVersions,
): VersionVerdict {
  const verdict = checkVersion(version, 'existing', catalogue);
  if (!verdict.ok) return verdict;
  const skew = checkSkew(controlPlane, version);
  if (skew.ok) return verdict;
  return refuse(skew.rule, skew.message, `Choose a version that fits control plane ${controlPlane}.`);
}

/** Less than zero when the first is older. Both must be versions. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseKubernetesVersion(a), parseKubernetesVersion(b)];
  return left.major - right.major || left.minor - right.minor || left.patch - right.patch;
}

function isFor(entry: KubernetesVersion, use: 'new' | 'existing'): boolean {
  return (use === 'new' ? entry.newClusters : entry.existingClusters) === 'available';
}

function sync(version: string, arch: Architecture): string {
  return `Run: flotilla artifacts sync ${version} --arch ${arch}`;
}

function refuse(rule: AvailabilityRule | SkewRule, message: string, remedy: string): VersionVerdict {
  return { ok: false, rule, message, remedy };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
