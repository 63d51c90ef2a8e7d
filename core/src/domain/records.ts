import type {
  CandidateMismatch,
  ClusterSpec,
  ClusterState,
  Condition,
  Location,
  MachineFacts,
  MachineState,
  MachineTarget,
  NodePoolRole,
  NodePoolSpec,
  NodePoolState,
  NodeState,
  ObservedState,
  Role,
  SessionState,
  StepReport,
} from '@flotilla/proto';
export * from './journal-records.js';
import type { MachineHealthRecord, NodeHealthRecord, PauseRecord, ScopeHealthRecord } from './health-records.js';

/**
 * What the store holds, as the rest of the house sees it. Specs, facts, reports and conditions are messages of proto;
 * everything around them is plain. Times are wall milliseconds. Records are values: never changed in place.
 */
interface RecordBase {
  readonly id: string;
  /**
   * Rises by one with each stored change of the record; what `Expectation.version` and etags are made of.
   * A machine's presence, facts and reports do not count (see {@link MachineRecord}).
   */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

type Labels = Readonly<Record<string, string>>;

/** Tenant. `default` exists from the start. */
export interface ProjectRecord extends RecordBase {
  readonly name: string;
  readonly displayName: string;
  readonly labels: Labels;
  readonly deleteRequestedAtMs: number | undefined;
  /** Set once nothing of the project is left; its name is free again. */
  readonly goneAtMs: number | undefined;
}

/** A subject of elsewhere that has a role in the project: `api-key:<id>` or `user:<email>`. */
export interface MemberRecord extends RecordBase {
  readonly projectId: string;
  readonly subject: string;
  readonly role: Role;
}

export interface ClusterRecord extends RecordBase {
  readonly projectId: string;
  readonly name: string;
  readonly labels: Labels;
  /** Complete: every default filled in by `completeClusterSpec`. */
  readonly spec: ClusterSpec;
  readonly deleteRequestedAtMs: number | undefined;
  /** Set once nothing of the cluster is left; the record stays as history and its name is free again. */
  readonly goneAtMs: number | undefined;
  readonly status: ClusterStatusRecord;
  /** What we need to talk to the cluster; undefined until its key is made. */
  readonly access: ClusterAccessRecord | undefined;
  readonly pause: PauseRecord | undefined;
  readonly health: ScopeHealthRecord | undefined;
}

export interface ClusterStatusRecord {
  readonly state: ClusterState;
  readonly reason: string;
  readonly message: string;
  readonly conditions: readonly Condition[];
  /** host:port of the API server; empty until known. */
  readonly endpoint: string;
  /** kubeadm form; empty before init. */
  readonly caCertHashes: readonly string[];
  readonly nodesTotal: number;
  readonly nodesRunning: number;
  /** The node that runs (or ran) kubeadm init; empty before one is chosen. */
  readonly initNodeId: string;
  /** When the API server first answered us. */
  readonly provisionedAtMs: number | undefined;
  /** Members of the control plane that are wanted, and those that run. */
  readonly controlPlaneReplicas: number;
  readonly controlPlaneRunning: number;
  /** EXTERNAL: rights that the imported kubeconfig lacks. */
  readonly missingRights: readonly string[];
}

export interface ClusterAccessRecord {
  /** SPKI (DER) of our client key, signed by the initialising host. */
  readonly clientSpki: Uint8Array;
  /** The private key, sealed by the control plane; opaque here. */
  readonly sealedClientKey: Uint8Array;
  /** Key (hex) that encrypts uploaded control-plane certificates, sealed; opaque here. */
  readonly sealedCertificateKey: Uint8Array;
  /** PEM; empty until the initialising machine reported it. */
  readonly caCertificate: string;
  /** PEM; empty until the initialising machine reported it. */
  readonly clientCertificate: string;
  /** EXTERNAL: the imported kubeconfig, sealed by the control plane; opaque here. Else empty. */
  readonly sealedKubeconfig: Uint8Array;
}

export interface PoolRecord extends RecordBase {
  readonly projectId: string;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly name: string;
  readonly labels: Labels;
  /** Complete: every default filled in by `completePoolSpec`. `size` undefined = open membership. */
  readonly spec: NodePoolSpec;
  /** Starts at 1 and rises when the template changes. */
  readonly templateRevision: number;
  /**
   * Revision at which what has to be rolled out (kubelet settings, version) last changed: a node of an older one is
   * updated under the pool's policy. Labels and taints alone do not move it.
   */
  readonly rolloutRevision: number;
  readonly deleteRequestedAtMs: number | undefined;
  readonly goneAtMs: number | undefined;
  readonly status: PoolStatusRecord;
  readonly pause: PauseRecord | undefined;
  readonly health: ScopeHealthRecord | undefined;
}

export interface PoolStatusRecord {
  readonly state: NodePoolState;
  readonly reason: string;
  readonly message: string;
  readonly conditions: readonly Condition[];
  readonly nodesTotal: number;
  readonly nodesRunning: number;
  /** Machines that a sized pool still lacks. */
  readonly missing: number;
  /** Why each candidate did not match; at most 50. */
  readonly mismatches: readonly CandidateMismatch[];
  /** Nodes that have the newest template revision. */
  readonly nodesUpdated: number;
}

/**
 * An enrolled host. `facts`, `observed`, `session`, `lastSeenAtMs` and `remoteAddress` are written by the session
 * without moving `version`: an operator's etag does not go stale because an agent reported.
 */
export interface MachineRecord extends RecordBase {
  readonly projectId: string;
  readonly name: string;
  readonly labels: Labels;
  readonly location: Location | undefined;
  /** Pool this machine was enrolled for; empty = a spare for any pool that matches. */
  readonly wantedPoolId: string;
  readonly quarantined: boolean;
  readonly quarantineReason: string;
  /** Never repaired, whatever its pool says. */
  readonly remediationDisabled: boolean;
  /** Kept as it is for a person to look at: isolated by its target, cleaned only once it is released. */
  readonly preserved: boolean;
  readonly pause: PauseRecord | undefined;
  /** Written by the health part without moving `version`. */
  readonly health: MachineHealthRecord | undefined;
  /** An operator wants the identity revoked, after the machine has left its cluster. */
  readonly retireRequestedAtMs: number | undefined;
  /** Token the machine enrolled with. */
  readonly tokenId: string;
  /** Hex sha256 of the identity key's SPKI (DER). */
  readonly identityKeySha256: string;
  /** SPKI (DER) of the identity key. */
  readonly identityKey: Uint8Array;
  readonly installId: string;
  readonly status: MachineStatusRecord;
  /** Node that holds the machine; empty = none. Kept by the store with node.claim and node.status. */
  readonly nodeId: string;
  readonly facts: MachineFacts;
  /** Last complete report; undefined before the first. */
  readonly observed: ObservedState | undefined;
  readonly observedAtMs: number | undefined;
  /** Last stored transition of the session; live facts are in the Sessions port. */
  readonly session: SessionState;
  readonly lastSeenAtMs: number | undefined;
  readonly remoteAddress: string;
}

export interface MachineStatusRecord {
  readonly state: MachineState;
  readonly reason: string;
  readonly message: string;
  readonly conditions: readonly Condition[];
}

/** The membership of one machine in one pool, from claim to release; kept as history after it ends. */
export interface NodeRecord extends RecordBase {
  readonly projectId: string;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly poolId: string;
  readonly poolName: string;
  readonly machineId: string;
  readonly machineName: string;
  /** Kubernetes node name = machine name. */
  readonly name: string;
  readonly role: NodePoolRole;
  readonly templateRevision: number;
  readonly kubernetesVersion: string;
  /** Set once the node shall go: by an operator, a smaller pool, or the deletion of pool, cluster or machine. */
  readonly removal: NodeRemoval | undefined;
  /** How often an operator asked to retry a parked phase. */
  readonly retryCount: number;
  /** An operator keeps new pods away; undefined = not asked, or taken back. */
  readonly cordon: { readonly atMs: number; readonly by: string } | undefined;
  /** An operator wants it emptied; it stays a node. */
  readonly drain: DrainWish | undefined;
  /** Another machine shall take its place. */
  readonly replace: ReplaceWish | undefined;
  /** Written by the health part without moving `version`. */
  readonly health: NodeHealthRecord | undefined;
  readonly status: NodeStatusRecord;
  /** When it became DELETED. */
  readonly endedAtMs: number | undefined;
}

export interface NodeRemoval {
  readonly atMs: number;
  readonly reason: RemovalReason;
  /** Who or which rule, as in the audit log. */
  readonly by: string;
  /** Let pods go through the eviction API first. */
  readonly drain: boolean;
  /** How long pods may take; undefined = the pool's drain timeout. */
  readonly timeoutMs?: number;
  /** After the timeout, delete pods that a budget protects: an Admin asked for it. Otherwise parked. */
  readonly force?: boolean;
  /**
   * The machine is broken and kept as it is: it goes to quarantine in the same commit, the node ends as soon as its
   * Node object is gone, and nothing on the host is removed.
   */
  readonly preserve?: boolean;
}

export interface DrainWish {
  readonly atMs: number;
  readonly by: string;
  readonly timeoutMs: number | undefined;
  readonly force: boolean;
}

export interface ReplaceWish extends DrainWish {
  readonly reason: 'OperatorReplaced' | 'TemplateChanged';
}

export type RemovalReason =
  | 'OperatorRemoved'
  | 'Replaced'
  | 'TemplateChanged'
  | 'Unhealthy'
  | 'ScaledDown'
  | 'PoolDeleted'
  | 'ClusterDeleted'
  | 'MachineRetired'
  | 'MachineQuarantined';

export interface NodeStatusRecord {
  readonly state: NodeState;
  readonly reason: string;
  readonly message: string;
  readonly conditions: readonly Condition[];
  /** All numbered phases in order, index and total filled in. */
  readonly phases: readonly StepReport[];
  readonly internalAddress: string;
  readonly kubeletVersion: string;
  readonly kubernetesReady: boolean;
  readonly schedulable: boolean;
  /** First time Ready was seen; latched. */
  readonly readyAtMs: number | undefined;
  /** First time the Node object was seen; latched. */
  readonly registeredAtMs: number | undefined;
  /** During removal: when no pod was left to evict; latched. */
  readonly drainedAtMs: number | undefined;
  /** During removal: when the agent proved the host clean; latched. */
  readonly cleanedAtMs: number | undefined;
  /** For example ManagementLost; empty when there is none. */
  readonly warning: string;
  /** While it is drained or leaves. */
  readonly drain: NodeDrainRecord | undefined;
  /** Template revision that the host was last seen to have; 0 = not seen. */
  readonly observedTemplateRevision: number;
}

export interface NodeDrainRecord {
  readonly podsLeft: number;
  /** Sentences that name a pod and what blocks it; at most 5. */
  readonly blocked: readonly string[];
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  /** The deadline is over and force was not asked for; a person decides. */
  readonly parked: boolean;
  readonly forced: boolean;
  /** `retryCount` of the node when this drain began: asking to retry begins it anew. */
  readonly retry: number;
  /** False until pods were counted for the first time. */
  readonly counted: boolean;
}

export interface TargetRecord {
  readonly machineId: string;
  /** Moves only when the content differs. */
  readonly generation: number;
  /**
   * The document with `epoch` 0: the epoch is stamped when it is sent (see `stampTarget`), so that a restart does not
   * rewrite every target and a restore outranks what ran before.
   */
  readonly target: MachineTarget;
  readonly writtenAtMs: number;
}

export interface TokenRecord extends RecordBase {
  readonly projectId: string;
  /** HMAC-SHA-256 of the secret under the control plane's pepper. */
  readonly secretHmac: Uint8Array;
  /** Pool the machines join; empty = they become spares. */
  readonly poolId: string;
  readonly clusterName: string;
  readonly poolName: string;
  readonly maxUses: number;
  readonly uses: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | undefined;
  readonly labels: Labels;
  readonly machineLabels: Labels;
  readonly location: Location | undefined;
  readonly sourceCidrs: readonly string[];
  readonly createdBy: string;
}

export type CertificateState = 'ACTIVE' | 'REVOKED';

export interface CertificateRecord {
  /** Hex, lower case. */
  readonly serial: string;
  readonly machineId: string;
  /** Hex sha256 of the TLS key's SPKI (DER). */
  readonly spkiSha256: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly state: CertificateState;
  readonly issuedAtMs: number;
  readonly revokedAtMs: number | undefined;
}

export interface ApiKeyRecord extends RecordBase {
  readonly projectId: string;
  readonly name: string;
  readonly role: Role;
  /** Keyed hash of the secret part. */
  readonly secretHash: Uint8Array;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | undefined;
  readonly lastUsedAtMs: number | undefined;
}
