import {
  flannelImageKey,
  manifestImages,
  renderCni,
  type CniName,
  type CniSettings,
  type KubeManifest,
} from '@flotilla/kube';
import { toFlotillaError } from '@flotilla/kit';
import { Cni, ControlPlaneKind, type ClusterSpec } from '@flotilla/proto';
import type { ClusterRecord } from '../../domain/records.js';
import type { Mirror } from '../ports.js';
import { roleManifests } from './rbac.js';

export type Addons = { readonly manifests: readonly KubeManifest[] } | { readonly problem: string };

const names: Readonly<Partial<Record<Cni, CniName>>> = {
  [Cni.FLANNEL]: 'FLANNEL',
  [Cni.CALICO]: 'CALICO',
  [Cni.CILIUM]: 'CILIUM',
};

export const cniNameOf = (cni: Cni): CniName => names[cni] ?? 'NONE';

/**
 * Everything that is to be in the cluster, in the order of application; or why it cannot be said. Nothing in an imported
 * cluster: there only nodes are ours.
 */
export function clusterAddons(
  cluster: ClusterRecord,
  projectName: string,
  mirror: Pick<Mirror, 'flannelImage' | 'cniManifests'>,
): Addons {
  if (cluster.spec.controlPlaneKind === ControlPlaneKind.EXTERNAL) return { manifests: [] };
  const network = networkManifests(cluster, mirror);
  return 'problem' in network ? network : { manifests: [...roleManifests(projectName), ...network.manifests] };
}

function networkManifests(cluster: ClusterRecord, mirror: Pick<Mirror, 'flannelImage' | 'cniManifests'>): Addons {
  const { spec } = cluster;
  const name = cniNameOf(spec.cni);
  if (name === 'NONE') return { manifests: [] };
  const upstream = name === 'FLANNEL' ? undefined : mirror.cniManifests(spec.cni, spec.kubernetesVersion);
  const flannel = mirror.flannelImage(spec.kubernetesVersion);
  if (name === 'FLANNEL' && flannel === undefined) {
    return { problem: `The catalogue names no flannel for Kubernetes ${spec.kubernetesVersion}.` };
  }
  try {
    const same = Object.fromEntries((upstream === undefined ? [] : imagesIn(upstream.text)).map((i) => [i, i]));
    const images = name === 'FLANNEL' ? { [flannelImageKey]: flannel ?? '' } : (upstream?.images ?? same);
    return { manifests: renderCni(name, upstream?.text, { ...settingsOf(spec), ...apiServerOf(cluster), images }) };
  } catch (error) {
    const { message, remedy } = toFlotillaError(error);
    return { problem: remedy === '' ? message : `${message} ${remedy}` };
  }
}

const imagesIn = (text: string): readonly string[] => manifestImages(text);

function settingsOf({ podCidr, cniSettings }: ClusterSpec): Omit<CniSettings, 'images'> {
  const { mtu = 0, encapsulation = '' } = cniSettings ?? {};
  return {
    podCidr,
    ...(mtu === 0 ? {} : { mtu }),
    // Checked when the cluster was made: one that the plugin does not offer is refused again by renderCni.
    ...(encapsulation === '' ? {} : { encapsulation: encapsulation as NonNullable<CniSettings['encapsulation']> }),
  };
}

/** Where the plugin finds the API server before kube-proxy has made its Service work. */
function apiServerOf({ status }: ClusterRecord): Pick<CniSettings, 'apiServer'> {
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(status.endpoint);
  return match === null ? {} : { apiServer: { host: match[1] ?? '', port: Number(match[2]) } };
}
