import { Cni } from '@flotilla/proto';
import type { ClusterRecord } from '../../domain/records.js';
import { flannelManifests } from './flannel.js';
import type { Manifest } from './manifest.js';
import { roleManifests } from './rbac.js';

/** Everything that is to be in the cluster, in the order of application; or why it cannot be said. */
export function clusterAddons(
  cluster: ClusterRecord,
  projectName: string,
  flannelImage: string | undefined,
): { readonly manifests: readonly Manifest[] } | { readonly problem: string } {
  const roles = roleManifests(projectName);
  if (cluster.spec.cni !== Cni.FLANNEL) return { manifests: roles };
  if (flannelImage === undefined) {
    return { problem: `The catalogue names no flannel for Kubernetes ${cluster.spec.kubernetesVersion}.` };
  }
  return { manifests: [...roles, ...flannelManifests({ podCidr: cluster.spec.podCidr, image: flannelImage })] };
}
