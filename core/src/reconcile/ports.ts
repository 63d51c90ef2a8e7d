import type { Clock, Logger, Random } from '@flotilla/kit';
import type { KubeClient } from '@flotilla/kube';
import type { Cni, Probe } from '@flotilla/proto';
import type { Store } from '../store/store.js';

/** What the engine needs from the rest of the server; given once by `compose.ts`. */
export interface EnginePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly sessions: Sessions;
  readonly clusters: ClusterConnector;
  readonly keys: ClusterKeys;
  readonly mirror: Mirror;
  readonly dispatch: Dispatch;
}

/** What is known now about agents that are connected to us. In memory; never blocks. */
export interface Sessions {
  live(machineId: string): LiveMachine;
  /** The fleet as this process hears it, for "everyone silent means us". */
  fleet(): FleetLiveness;
}

export interface LiveMachine {
  /** A stream of the machine is open here and past its Hello. */
  readonly connected: boolean;
  /** Monotonic time of the last message heard in this process; undefined when none was. */
  readonly lastHeardMs: number | undefined;
  /** Monotonic time since which we could have heard it: our start, or when its replica was lost (decision 3). */
  readonly watchedSinceMs: number;
  /** Silence after which it counts as silent: 3 intervals, more on a link that has shown jitter, with a cap. */
  readonly deadlineMs: number;
  /** How long our own process stalled since the machine was last heard: extends every deadline. */
  readonly ownStallMs: number;
  /** Interval the machine was told. */
  readonly heartbeatIntervalMs: number;
  /** Complete and current as of the last heartbeat. */
  readonly probes: readonly Probe[];
}

export interface FleetLiveness {
  /** Machines heard within their deadline. */
  readonly heard: number;
  /** Machines that this process has heard and that fell silent within the last 10 minutes. */
  readonly lost: number;
}

/** Opens a client to a cluster's API server. Opening does no I/O. */
export interface ClusterConnector {
  connect(access: ClusterConnection): Promise<KubeClient>;
}

export interface ClusterConnection {
  readonly clusterId: string;
  /** host:port */
  readonly endpoint: string;
  readonly caCertificate: string;
  readonly clientCertificate: string;
  /** As the store holds it; the adapter unseals it. */
  readonly sealedClientKey: Uint8Array;
  /**
   * EXTERNAL: the imported kubeconfig as the store holds it; the adapter unseals it and takes everything from it, the
   * fields above being empty. Empty for a cluster of ours.
   */
  readonly sealedKubeconfig: Uint8Array;
}

/** Makes and opens the secrets of a cluster. Sealing is the control plane's. */
export interface ClusterKeys {
  /** A new P-256 key for our client certificate and a new 32-byte certificate key, both sealed for this cluster. */
  create(clusterId: string): Promise<{
    readonly clientSpki: Uint8Array;
    readonly sealedClientKey: Uint8Array;
    readonly sealedCertificateKey: Uint8Array;
  }>;
  /** The certificate key, hex. */
  openCertificateKey(clusterId: string, sealed: Uint8Array): Promise<string>;
}

/** What machines can be given. Answers from memory; never blocks. */
export interface Mirror {
  /** sha256 (hex) of the canonical manifest; undefined when this version is not mirrored for the architecture. */
  manifestSha256(kubernetesVersion: string, arch: string): string | undefined;
  /** Image reference of flannel for this version; undefined when the version is unknown. */
  flannelImage(kubernetesVersion: string): string | undefined;
  /**
   * What CALICO or CILIUM ship for this version, as YAML text; undefined while it is not mirrored. `images`: image of the
   * manifest -> reference under which nodes have it; absent = under the same name.
   */
  cniManifests(
    cni: Cni,
    kubernetesVersion: string,
  ): { readonly text: string; readonly images?: Readonly<Record<string, string>> } | undefined;
  /** Versions of the catalogue that may run in existing clusters. */
  knows(kubernetesVersion: string): boolean;
}

/** Tells the sessions that a machine's target or its secrets changed: ask the engine's `pushFor` and send. */
export interface Dispatch {
  wake(machineId: string): void;
}
