import { FlotillaError } from '@flotilla/kit';
import type { KubeManifest } from '../objects.js';
import type { CniEncapsulation, CniName, CniSettings } from './settings.js';

/** Encapsulations a plugin offers, its default first; none for NONE. */
export function encapsulationsOf(_cni: CniName): readonly CniEncapsulation[] {
  return [];
}

/**
 * What is applied to a cluster for its network plugin, in the order of {@link applyStages}. FLANNEL is Flotilla's own
 * manifest and takes no text; CALICO and CILIUM take the text of the upstream release, on which our settings are set
 * field by field; NONE gives nothing. INVALID_ARGUMENT names wrong settings; CNI_MANIFEST_CHANGED names the object or
 * field of the upstream manifest that is not where this release of Flotilla expects it; CNI_IMAGE_NOT_MIRRORED names
 * the images that the mirror does not have.
 */
export function renderCni(
  cni: CniName,
  _upstreamText: string | undefined,
  _settings: CniSettings,
): readonly KubeManifest[] {
  if (cni === 'NONE') return [];
  throw new FlotillaError('CNI_MANIFEST_CHANGED', `${cni} cannot be rendered yet.`, { kind: 'precondition' });
}
