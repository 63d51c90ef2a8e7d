import { FlotillaError } from '@flotilla/kit';
import type { Architecture, NodeRole } from './manifest.js';

/** One version of Kubernetes that Flotilla knows how to obtain and run. */
export interface KubernetesVersion {
  readonly version: string;
  /** Release of Flotilla that first supported it. */
  readonly supportedSince: string;
  readonly newClusters: 'available' | 'not available';
  readonly existingClusters: 'available' | 'not available';
  /** Why it is not available for something, for people; empty when it is for everything. */
  readonly note: string;
  readonly architectures: readonly Architecture[];
  /** As released by their projects. What a mirror really holds is in its manifest. */
  readonly components: CatalogComponents;
}

/** Versions without a leading `v`, except where the project's tag is used as it is. */
export interface CatalogComponents {
  /** Tag of the image, as `kubeadm config images list` prints it. */
  readonly etcd: string;
  readonly coredns: string;
  readonly pause: string;
  readonly containerd: string;
  /** The one containerd's own release names as tested. */
  readonly runc: string;
  readonly cniPlugins: string;
  readonly crictl: string;
  readonly flannel: string;
}

const nodeSoftware = {
  pause: '3.10.1',
  containerd: '2.2.9',
  runc: '1.3.6',
  cniPlugins: '1.9.1',
  flannel: '0.28.4',
} as const;

/** Newest last. */
export const kubernetesVersions: readonly KubernetesVersion[] = [
  {
    version: 'v1.34.4',
    supportedSince: '0.1.0',
    newClusters: 'available',
    existingClusters: 'available',
    note: '',
    architectures: ['amd64', 'arm64'],
    components: { ...nodeSoftware, etcd: '3.6.5-0', coredns: '1.12.1', crictl: '1.34.0' },
  },
  {
    version: 'v1.35.4',
    supportedSince: '0.1.0',
    newClusters: 'available',
    existingClusters: 'available',
    note: '',
    architectures: ['amd64', 'arm64'],
    components: { ...nodeSoftware, etcd: '3.6.6-0', coredns: '1.13.1', crictl: '1.35.0' },
  },
];

/** The catalogue entry, or `KUBERNETES_VERSION_UNKNOWN` naming the versions there are. */
export function kubernetesVersion(version: string): KubernetesVersion {
  const entry = kubernetesVersions.find((candidate) => candidate.version === version);
  if (entry) return entry;
  const known = kubernetesVersions.map((candidate) => candidate.version).join(', ');
  throw new FlotillaError('KUBERNETES_VERSION_UNKNOWN', `${version} is not in the catalogue.`, {
    kind: 'not-found',
    remedy: `Choose one of ${known}, or upgrade Flotilla.`,
  });
}

/** An image of a cluster: the manifest's name for it, and the reference the cluster's manifests use. */
export interface CatalogImage {
  readonly name: string;
  readonly image: string;
  readonly component: 'kubernetes' | 'etcd' | 'coredns' | 'pause' | 'flannel';
  readonly neededBy: readonly NodeRole[];
}

const everyNode: readonly NodeRole[] = ['control-plane', 'worker'];
const controlPlane: readonly NodeRole[] = ['control-plane'];

/**
 * The images of a version, under the names of `kubeadm config images list` plus flannel's.
 * CoreDNS may be scheduled anywhere, so every node has it.
 */
export function imagesOf({ version, components }: KubernetesVersion): readonly CatalogImage[] {
  const kubernetes = (name: string, neededBy: readonly NodeRole[]): CatalogImage => ({
    name: `image-${name}`,
    image: `registry.k8s.io/${name}:${version}`,
    component: 'kubernetes',
    neededBy,
  });
  return [
    kubernetes('kube-apiserver', controlPlane),
    kubernetes('kube-controller-manager', controlPlane),
    kubernetes('kube-scheduler', controlPlane),
    kubernetes('kube-proxy', everyNode),
    {
      name: 'image-etcd',
      image: `registry.k8s.io/etcd:${components.etcd}`,
      component: 'etcd',
      neededBy: controlPlane,
    },
    {
      name: 'image-coredns',
      image: `registry.k8s.io/coredns/coredns:v${components.coredns}`,
      component: 'coredns',
      neededBy: everyNode,
    },
    {
      name: 'image-pause',
      image: `registry.k8s.io/pause:${components.pause}`,
      component: 'pause',
      neededBy: everyNode,
    },
    {
      name: 'image-flannel',
      image: `ghcr.io/flannel-io/flannel:v${components.flannel}`,
      component: 'flannel',
      neededBy: everyNode,
    },
  ];
}

/** The CNI plugins a node gets; flannel's network needs no more. */
export const cniPluginNames = ['bridge', 'host-local', 'loopback', 'portmap', 'ptp', 'bandwidth', 'firewall'] as const;
