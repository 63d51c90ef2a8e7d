import type { CallOptions, KubeClient } from '../contract.js';
import type { KubeManifest } from '../objects.js';
import { isObject } from './manifest-text.js';

const rights = ['ServiceAccount', 'ClusterRole', 'Role', 'ClusterRoleBinding', 'RoleBinding', 'PriorityClass'];
const workloads = ['DaemonSet', 'Deployment', 'StatefulSet', 'ReplicaSet', 'Job', 'CronJob', 'Pod'];
/** Whoever calls them must run before they are called. */
const hooks = ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'APIService'];

/**
 * Sorted into what can be applied together, empty stages left out: namespaces; definitions of kinds; accounts and
 * rights; everything that workloads read; workloads; hooks; objects of the kinds that were defined. Within a stage
 * the order stays.
 */
export function applyStages(manifests: readonly KubeManifest[]): readonly (readonly KubeManifest[])[] {
  const defined = new Set(manifests.filter(isDefinition).map(groupOf));
  const stages: KubeManifest[][] = [[], [], [], [], [], [], []];
  for (const manifest of manifests) stages[stageOf(manifest, defined)]?.push(manifest);
  return stages.filter((stage) => stage.length > 0);
}

function stageOf(manifest: KubeManifest, defined: ReadonlySet<string>): number {
  const { kind, apiVersion } = manifest;
  if (kind === 'Namespace') return 0;
  if (isDefinition(manifest)) return 1;
  if (rights.includes(kind)) return 2;
  if (workloads.includes(kind)) return 4;
  if (hooks.includes(kind)) return 5;
  return apiVersion.includes('/') && defined.has(apiVersion.split('/')[0] ?? '') ? 6 : 3;
}

function isDefinition({ kind }: KubeManifest): boolean {
  return kind === 'CustomResourceDefinition';
}

function groupOf(definition: KubeManifest): string {
  const spec = definition['spec'];
  const group = isObject(spec) ? spec['group'] : undefined;
  return typeof group === 'string' ? group : '';
}

export type ApplyProgress =
  | { readonly kind: 'applied' }
  /** Call again in a moment: these kinds are defined and not served yet. */
  | { readonly kind: 'waiting'; readonly kinds: readonly string[] };

/**
 * Applies stage after stage by server-side apply, taking over fields of others. Nothing is applied after definitions
 * that the API server does not serve yet: then it is `waiting`. Safe to repeat from any point.
 */
export async function applyManifests(
  client: KubeClient,
  manifests: readonly KubeManifest[],
  options: CallOptions = {},
): Promise<ApplyProgress> {
  for (const stage of applyStages(manifests)) {
    for (const manifest of stage)
      await client.applySsa(manifest, { fieldManager: 'flotilla', force: true, ...options });
    const kinds = await notServed(client, stage.filter(isDefinition), options);
    if (kinds.length > 0) return { kind: 'waiting', kinds };
  }
  return { kind: 'applied' };
}

async function notServed(
  client: KubeClient,
  definitions: readonly KubeManifest[],
  options: CallOptions,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { metadata } of definitions) {
    const found = await client.get('customresourcedefinitions', { name: metadata.name }, options);
    if (found?.established !== true) names.push(metadata.name);
  }
  return names;
}
