import type { CatalogueEntry, Engine, Store } from '@flotilla/core';
import type { Clock, Logger, Random } from '@flotilla/kit';
import type { ClosableKubeClient, Kubeconfig } from '@flotilla/kube';
import type { SessionState } from '@flotilla/proto';
import type { Liveness } from './wire.js';

/** What the services need; given once by compose.ts. */
export interface ApiParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly engine: Pick<Engine, 'clusterClient'>;
  /** Session and last sign of life of a machine, now; the rest is what its record says. */
  readonly liveness: (machineId: string, stored: SessionState, storedSeenAtMs: number | undefined) => Liveness;
  readonly agentsConnected: () => number;
  readonly artifacts: ArtifactsPort;
  /** Clusters that were there before us. */
  readonly external: ExternalPort;
  readonly server: ServerFacts;
  /** Keys of the stored hashes of secrets. */
  readonly pepper: Uint8Array;
}

/** What the import of a cluster needs of the outside. */
export interface ExternalPort {
  /** Opens a client; nothing is sent yet. */
  connect(kubeconfig: Kubeconfig): ClosableKubeClient;
  /** Encrypts the kubeconfig for its cluster. */
  seal(clusterId: string, kubeconfig: string): Uint8Array;
}

export interface ServerFacts {
  readonly version: string;
  /** https://host:port */
  readonly publicUrl: string;
  readonly publicKeyPin: string;
  readonly caPin: string;
}

/** What the mirror has and can get. */
export interface ArtifactsPort {
  readonly catalogue: readonly (CatalogueEntry & {
    readonly supportedSince: string;
    readonly availableForExistingClusters: boolean;
    /** Why it is not available for new or existing clusters. */
    readonly availabilityNote?: string;
    readonly components: Readonly<Record<string, string>>;
    readonly architectures: readonly string[];
  })[];
  /** From memory. `syncing` while a sync of it runs here. */
  state(version: string, arch: string): ArtifactState;
  /** Brings a version into the mirror; reports as it goes. Throws when another sync of it runs. */
  sync(
    request: { readonly version: string; readonly arch: string; readonly source: string },
    progress: (report: SyncProgress) => void,
    signal: AbortSignal,
  ): Promise<void>;
  readonly defaultArch: string;
}

export interface ArtifactState {
  readonly state: 'missing' | 'syncing' | 'mirrored';
  readonly files: number;
  readonly sizeBytes: number;
  /** Empty unless mirrored. */
  readonly manifestSha256: string;
}

export interface SyncProgress {
  readonly phase: string;
  readonly name: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}
