import type {
  Location,
  MachineFacts,
  MachineTarget,
  NodePoolRole,
  ObservedState,
  SessionState,
  ClusterSpec,
  NodePoolSpec,
} from '@flotilla/proto';
import type {
  ApiKeyRecord,
  AuditRecord,
  CertificateRecord,
  ClusterAccessRecord,
  ClusterStatusRecord,
  EventRecord,
  MachineStatusRecord,
  NodeRemoval,
  NodeStatusRecord,
  PoolStatusRecord,
  TokenRecord,
} from '../domain/records.js';

type Labels = Readonly<Record<string, string>>;

/**
 * Everything that can be written, closed. Each kind has exactly one owner ({@link changeOwners}); each engine has one
 * writer for each kind. A commit applies its changes in order, all or none.
 */
export type Change =
  // enroll
  /**
   * One use of a token, under the predicate "not revoked, not expired, uses < maxUses" at commit time.
   * Idempotent on (tokenId, identityKeySha256): the same key with the same machine id spends nothing more. The same key
   * with another machine id fails with TOKEN_SPENT_BY_THIS_KEY and `metadata.machineId` = the first one: answer with that.
   * Other failures: TOKEN_UNKNOWN, TOKEN_REVOKED, TOKEN_EXPIRED, TOKEN_USED_UP (all kind `permission`).
   */
  | {
      readonly kind: 'token.spend';
      readonly tokenId: string;
      readonly identityKeySha256: string;
      readonly machineId: string;
    }
  /** A taken name gets the first free suffix `-2`, `-3`, …: read the machine back for its name. */
  | { readonly kind: 'machine.register'; readonly machine: NewMachine }
  | {
      readonly kind: 'certificate.set';
      readonly certificate: Omit<CertificateRecord, 'state' | 'issuedAtMs' | 'revokedAtMs'>;
    }
  // api
  | { readonly kind: 'project.spec'; readonly project: NewProject }
  /** Creates (expect version 0) or replaces spec and labels. */
  | { readonly kind: 'cluster.spec'; readonly cluster: NewCluster }
  /** Asks for deletion; the reconcilers do the rest. */
  | { readonly kind: 'cluster.delete'; readonly clusterId: string }
  /** Creates (expect version 0) or replaces spec, labels and template revision. */
  | { readonly kind: 'pool.spec'; readonly pool: NewPool }
  | { readonly kind: 'pool.delete'; readonly poolId: string }
  /** Also unbinds the machine from its pool, so that an open pool does not take it back. */
  | { readonly kind: 'node.remove'; readonly nodeId: string; readonly removal: NodeRemoval }
  | { readonly kind: 'node.retry'; readonly nodeId: string }
  /** Absent fields stay as they are. */
  | { readonly kind: 'machine.spec'; readonly machineId: string; readonly set: MachineSpecPatch }
  | {
      readonly kind: 'token.create';
      readonly token: Omit<TokenRecord, 'version' | 'createdAtMs' | 'updatedAtMs' | 'uses' | 'revokedAtMs'>;
    }
  | { readonly kind: 'token.revoke'; readonly tokenId: string }
  | {
      readonly kind: 'apikey.create';
      readonly apiKey: Omit<ApiKeyRecord, 'version' | 'createdAtMs' | 'updatedAtMs' | 'revokedAtMs' | 'lastUsedAtMs'>;
    }
  | { readonly kind: 'apikey.revoke'; readonly apiKeyId: string }
  /** Coarse: at most once a minute per key. Moves no version. */
  | { readonly kind: 'apikey.used'; readonly apiKeyId: string }
  // session: none of these moves the machine's version
  /** A transition of the session, or a coarse last-seen checkpoint (decision 6). */
  | {
      readonly kind: 'machine.presence';
      readonly machineId: string;
      readonly session: SessionState;
      readonly lastSeenAtMs: number;
      readonly remoteAddress: string;
    }
  | { readonly kind: 'machine.inventory'; readonly machineId: string; readonly facts: MachineFacts }
  | { readonly kind: 'machine.observe'; readonly machineId: string; readonly observed: ObservedState }
  // reconcilers
  | {
      readonly kind: 'cluster.status';
      readonly clusterId: string;
      readonly status: ClusterStatusRecord;
      readonly gone: boolean;
    }
  | { readonly kind: 'cluster.access'; readonly clusterId: string; readonly access: ClusterAccessRecord }
  | { readonly kind: 'pool.status'; readonly poolId: string; readonly status: PoolStatusRecord; readonly gone: boolean }
  /** A machine becomes a node. Fails with MACHINE_TAKEN (conflict) when another node holds it. */
  | { readonly kind: 'node.claim'; readonly node: NewNode }
  | { readonly kind: 'node.release'; readonly nodeId: string; readonly removal: NodeRemoval }
  /** `ended` frees the machine in the same transaction. */
  | {
      readonly kind: 'node.status';
      readonly nodeId: string;
      readonly status: NodeStatusRecord;
      readonly ended: boolean;
    }
  | { readonly kind: 'machine.status'; readonly machineId: string; readonly status: MachineStatusRecord }
  /** State RETIRED, and all certificates of the machine revoked. */
  | { readonly kind: 'machine.retire'; readonly machineId: string; readonly status: MachineStatusRecord }
  | {
      readonly kind: 'target.write';
      readonly machineId: string;
      readonly generation: number;
      readonly target: MachineTarget;
    }
  // everyone
  | { readonly kind: 'event.append'; readonly event: NewEvent }
  | { readonly kind: 'audit.append'; readonly entry: NewAudit };

export type ChangeKind = Change['kind'];

export interface NewProject {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly labels: Labels;
}

export interface NewCluster {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly labels: Labels;
  readonly spec: ClusterSpec;
}

export interface NewPool {
  readonly id: string;
  readonly projectId: string;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly name: string;
  readonly labels: Labels;
  readonly spec: NodePoolSpec;
  readonly templateRevision: number;
}

export interface NewMachine {
  readonly id: string;
  readonly projectId: string;
  /** A DNS label (see `machineNameOf`); made unique in the project by a suffix. */
  readonly name: string;
  readonly labels: Labels;
  readonly location: Location | undefined;
  readonly wantedPoolId: string;
  readonly tokenId: string;
  readonly identityKeySha256: string;
  readonly identityKey: Uint8Array;
  readonly installId: string;
  readonly facts: MachineFacts;
  readonly remoteAddress: string;
}

export interface MachineSpecPatch {
  readonly labels?: Labels;
  readonly location?: Location | undefined;
  readonly wantedPoolId?: string;
  readonly quarantined?: boolean;
  readonly quarantineReason?: string;
  /** true = revoke the identity once the machine has left its cluster. */
  readonly retire?: true;
}

export interface NewNode {
  readonly id: string;
  readonly projectId: string;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly poolId: string;
  readonly poolName: string;
  readonly machineId: string;
  readonly machineName: string;
  readonly role: NodePoolRole;
  readonly templateRevision: number;
  readonly kubernetesVersion: string;
}

/** `resourceName` and `projectId` are looked up in the same transaction when they are left out. */
export type NewEvent = Omit<EventRecord, 'revision' | 'id' | 'atMs' | 'projectId' | 'resourceName' | 'count'> & {
  readonly projectId?: string;
  readonly resourceName?: string;
  readonly count?: number;
};

/** `actor` and `remoteAddress` come from the commit's options. */
export type NewAudit = Omit<
  AuditRecord,
  'sequence' | 'atMs' | 'actor' | 'remoteAddress' | 'epoch' | 'hash' | 'previousHash'
>;

/** Who may write what. `everyone` is for the two journals. */
export type Owner = 'enroll' | 'api' | 'session' | 'cluster' | 'pool' | 'node' | 'machine' | 'target' | 'everyone';

/** The owner of each kind; a commit with a change that its owner may not write is refused. */
export const changeOwners = {
  'token.spend': 'enroll',
  'machine.register': 'enroll',
  'certificate.set': 'enroll',
  'project.spec': 'api',
  'cluster.spec': 'api',
  'cluster.delete': 'api',
  'pool.spec': 'api',
  'pool.delete': 'api',
  'node.remove': 'api',
  'node.retry': 'api',
  'machine.spec': 'api',
  'token.create': 'api',
  'token.revoke': 'api',
  'apikey.create': 'api',
  'apikey.revoke': 'api',
  'apikey.used': 'api',
  'machine.presence': 'session',
  'machine.inventory': 'session',
  'machine.observe': 'session',
  'cluster.status': 'cluster',
  'cluster.access': 'cluster',
  'pool.status': 'pool',
  'node.claim': 'pool',
  'node.release': 'pool',
  'node.status': 'node',
  'machine.status': 'machine',
  'machine.retire': 'machine',
  'target.write': 'target',
  'event.append': 'everyone',
  'audit.append': 'everyone',
} as const satisfies Record<ChangeKind, Owner>;
