import type {
  Location,
  MachineFacts,
  MachineTarget,
  NodePoolRole,
  ObservedState,
  Role,
  SessionState,
  ClusterSpec,
  NodePoolSpec,
} from '@flotilla/proto';
import type {
  MachineHealthRecord,
  NodeHealthRecord,
  PauseRecord,
  RepairRecord,
  ScopeHealthRecord,
} from '../domain/health-records.js';
import type {
  ApiKeyRecord,
  AuditRecord,
  CertificateRecord,
  ClusterAccessRecord,
  ClusterStatusRecord,
  DrainWish,
  EventRecord,
  MachineStatusRecord,
  NodeRemoval,
  NodeStatusRecord,
  PoolStatusRecord,
  ReplaceWish,
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
  /**
   * Asks for deletion: in the same transaction its clusters are asked to go, its tokens are revoked and its machines are
   * asked to retire; keys and members end with `project.gone`.
   */
  | { readonly kind: 'project.delete'; readonly projectId: string }
  /** Adds the member (id given by the caller) or changes its role. */
  | { readonly kind: 'member.set'; readonly member: NewMember }
  | { readonly kind: 'member.remove'; readonly projectId: string; readonly subject: string }
  /** The sealed kubeconfig of an EXTERNAL cluster. */
  | { readonly kind: 'cluster.import'; readonly clusterId: string; readonly sealedKubeconfig: Uint8Array }
  /** undefined = resume. */
  | {
      readonly kind: 'pause.set';
      readonly of: 'cluster' | 'pool' | 'machine';
      readonly id: string;
      readonly pause: PauseRecord | undefined;
    }
  | {
      readonly kind: 'node.cordon';
      readonly nodeId: string;
      readonly cordon: { readonly atMs: number; readonly by: string } | undefined;
    }
  | { readonly kind: 'node.drain'; readonly nodeId: string; readonly drain: DrainWish | undefined }
  | { readonly kind: 'node.replace'; readonly nodeId: string; readonly replace: ReplaceWish }
  /** Creates (expect version 0) or replaces spec and labels. */
  | { readonly kind: 'cluster.spec'; readonly cluster: NewCluster }
  /** Asks for deletion and revokes the tokens of its pools; the reconcilers do the rest. */
  | { readonly kind: 'cluster.delete'; readonly clusterId: string }
  /** Creates (expect version 0) or replaces spec, labels and template revision. */
  | { readonly kind: 'pool.spec'; readonly pool: NewPool }
  /** Also revokes its tokens. */
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
  // health: none of these moves the version of the machine, node, pool or cluster
  | { readonly kind: 'machine.health'; readonly machineId: string; readonly health: MachineHealthRecord }
  | { readonly kind: 'node.health'; readonly nodeId: string; readonly health: NodeHealthRecord }
  | {
      readonly kind: 'scope.health';
      readonly of: 'cluster' | 'pool';
      readonly id: string;
      readonly health: ScopeHealthRecord;
    }
  /** Fails with CONFLICT when the node has a live run already. */
  | { readonly kind: 'repair.open'; readonly repair: Omit<RepairRecord, 'version'> }
  /** Replaces what may change; `endedAtMs` set = over. Expect version with kind `repair`. */
  | { readonly kind: 'repair.update'; readonly repair: RepairRecord }
  // reconcilers
  /** Revokes every key and removes every member in the same transaction; the name is free again. */
  | { readonly kind: 'project.gone'; readonly projectId: string }
  /** The operator's wish was taken back elsewhere (kubectl uncordon). */
  | { readonly kind: 'node.yield'; readonly nodeId: string; readonly wish: 'cordon' | 'drain' }
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
  /** The node may take this revision of its pool's template: the decision of a rollout. */
  | { readonly kind: 'node.rollout'; readonly nodeId: string; readonly templateRevision: number }
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

export interface NewMember {
  readonly id: string;
  readonly projectId: string;
  readonly subject: string;
  readonly role: Role;
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
  readonly remediationDisabled?: boolean;
  /** false = a preserved machine may be cleaned now. */
  readonly preserved?: false;
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
export type Owner =
  'enroll' | 'api' | 'session' | 'health' | 'project' | 'cluster' | 'pool' | 'node' | 'machine' | 'target' | 'everyone';

/** The owner of each kind; a commit with a change that its owner may not write is refused. */
export const changeOwners = {
  'token.spend': 'enroll',
  'machine.register': 'enroll',
  'certificate.set': 'enroll',
  'project.spec': 'api',
  'project.delete': 'api',
  'member.set': 'api',
  'member.remove': 'api',
  'cluster.import': 'api',
  'pause.set': 'api',
  'node.cordon': 'api',
  'node.drain': 'api',
  'node.replace': 'api',
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
  'machine.health': 'health',
  'node.health': 'health',
  'scope.health': 'health',
  'repair.open': 'health',
  'repair.update': 'health',
  'project.gone': 'project',
  'node.yield': 'node',
  'cluster.status': 'cluster',
  'cluster.access': 'cluster',
  'pool.status': 'pool',
  'node.claim': 'pool',
  'node.release': 'pool',
  'node.rollout': 'pool',
  'node.status': 'node',
  'machine.status': 'machine',
  'machine.retire': 'machine',
  'target.write': 'target',
  'event.append': 'everyone',
  'audit.append': 'everyone',
} as const satisfies Record<ChangeKind, Owner>;
