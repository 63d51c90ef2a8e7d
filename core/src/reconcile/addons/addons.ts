import { flannelManifests, type FlannelOptions, type KubeManifest as Manifest } from '@flotilla/kube';
import { Cni } from '@flotilla/proto';
import type { ClusterRecord } from '../../domain/records.js';
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
  const options = { podCidr: cluster.spec.podCidr, image: flannelImage, ...apiServerOf(cluster.status.endpoint) };
  return { manifests: [...roles, ...flannelManifests(options)] };
}

/** Where flanneld finds the API server before kube-proxy has made its Service work. */
function apiServerOf(endpoint: string): Pick<FlannelOptions, 'apiServer'> {
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(endpoint);
  return match === null ? {} : { apiServer: { host: match[1] ?? '', port: Number(match[2]) } };
}
