import type { CallOptions, KubeClient, KubeVersion } from '../contract.js';

/** What must be known of an existing cluster before a node can join it. */
export interface ExternalClusterFacts {
  readonly version: KubeVersion;
  /** `host:port` that nodes reach, as the cluster itself publishes it in kube-public/cluster-info. */
  readonly endpoint: string | undefined;
  /** CA of the cluster, PEM; may hold several certificates during a rotation. */
  readonly caPem: string | undefined;
  /** `sha256:<hex of SPKI>` of each, as kubeadm takes them. */
  readonly caCertHashes: readonly string[];
  /** From kubeadm's own configuration, when the cluster has it. */
  readonly podCidr: string | undefined;
  readonly serviceCidr: string | undefined;
  readonly clusterDomain: string | undefined;
  /** `clusterName` and `controlPlaneEndpoint` of kubeadm's configuration. */
  readonly clusterName: string | undefined;
  readonly controlPlaneEndpoint: string | undefined;
  /** Sentences with a cure each; no node can join while there are any. */
  readonly missing: readonly MissingForJoin[];
}

export interface MissingForJoin {
  /** UPPER_SNAKE, stable: CLUSTER_INFO_MISSING, BOOTSTRAP_SIGNER_OFF, KUBELET_CONFIG_MISSING, … */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** Reads what {@link ExternalClusterFacts} says. What the cluster does not have is told, not thrown. */
export async function externalClusterFacts(
  client: KubeClient,
  options: CallOptions = {},
): Promise<ExternalClusterFacts> {
  return {
    version: await client.version(options),
    endpoint: undefined,
    caPem: undefined,
    caCertHashes: [],
    podCidr: undefined,
    serviceCidr: undefined,
    clusterDomain: undefined,
    clusterName: undefined,
    controlPlaneEndpoint: undefined,
    missing: [],
  };
}
