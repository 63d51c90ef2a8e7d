import type { KubeManifest } from '../objects.js';

/**
 * The objects of a multi-document YAML text, lists opened, in their order. CNI_MANIFEST_INVALID names document and
 * line of what cannot be an object of Kubernetes.
 */
export function parseManifests(_text: string): readonly KubeManifest[] {
  return [];
}

/** The images that a manifest's pods run, as they are written there, each once, sorted. */
export function manifestImages(_text: string): readonly string[] {
  return [];
}
