/** The network plugins a cluster can have; proto's enum without its prefix. */
export type CniName = 'FLANNEL' | 'CALICO' | 'CILIUM' | 'NONE';

export const cniEncapsulations = ['vxlan', 'geneve', 'ipip', 'wireguard', 'none'] as const;
export type CniEncapsulation = (typeof cniEncapsulations)[number];

/** What Flotilla sets on top of what a network plugin ships. */
export interface CniSettings {
  /** Of the whole cluster, IPv4: `10.244.0.0/16`. */
  readonly podCidr: string;
  /** Of the network between the nodes, bytes; without it the plugin finds out itself. */
  readonly mtu?: number;
  /** How packets travel between nodes; without it the plugin's default in {@link encapsulationsOf}. */
  readonly encapsulation?: CniEncapsulation;
  /** Which of a node's addresses carries pod traffic: the one the kubelet was told (default), or the one in a network. */
  readonly nodeAddress?: { readonly kind: 'internal-ip' } | { readonly kind: 'cidr'; readonly cidr: string };
  /** Where the plugin reaches the API server before kube-proxy has made its Service work. */
  readonly apiServer?: { readonly host: string; readonly port: number };
  /**
   * Image of the manifest → reference under which the nodes have it. Every image of an upstream manifest must be here;
   * for FLANNEL the one value is flannel's image.
   */
  readonly images: Readonly<Record<string, string>>;
}
