import type {
  ApiKeyRecord,
  AuditRecord,
  CertificateRecord,
  ClusterRecord,
  EventRecord,
  InstanceRecord,
  MachineRecord,
  MemberRecord,
  NodeRecord,
  PoolRecord,
  ProjectRecord,
  ResourceKind,
  TargetRecord,
  TokenRecord,
} from '../domain/records.js';
import type { RepairRecord } from '../domain/health-records.js';
import type { ClusterHealthView, ClusterView, MachineView, NodeView, PoolView } from '../domain/views.js';
import type { Change, Owner } from './change.js';

/** The one door to what is known. One engine behind it; proven by `storeConformance`. */
export interface Store {
  readonly instance: InstanceRecord;
  readonly read: StoreReads;

  /**
   * Applies all changes or none, in one transaction with their events and audit entries, and resolves only after the
   * transaction is on disk (fsynced). Until then nobody, readers included, has seen it.
   *
   * Errors (FlotillaError): CONFLICT (kind conflict, retry now: look again) when an expectation fails or a name is taken
   * (NAME_TAKEN, already-exists); NOT_FOUND; STORE_FULL (exhausted, retry later: the disk is full, nothing was written,
   * and it works again by itself when there is room); STORE_CLOSED; REQUEST_ID_REUSED (invalid-argument);
   * and what each Change documents.
   */
  commit(changes: readonly Change[], options: CommitOptions): Promise<Committed>;

  /**
   * Called after each durable commit, in commit order, with what it touched; returns the way to stop. A listener must be
   * quick and must not throw. Missing a call loses nothing: everything can be read again by revision.
   */
  onCommit(listener: (notice: CommitNotice) => void): () => void;

  /** Waits for commits under way, checkpoints, gives up ownership. */
  close(): Promise<void>;
}

export interface CommitOptions {
  /** Who writes; each change must belong to this owner (or be a journal entry). */
  readonly owner: Owner;
  /** Wall time of the decision; becomes createdAtMs/updatedAtMs and the "now" of predicates. */
  readonly nowMs: number;
  /** For the audit log: `api-key:<name>`, `machine:<id>`, `rule:<reconciler>`, `system`. */
  readonly actor: string;
  readonly remoteAddress?: string;
  /** Versions that must still hold; version 0 = must not exist. */
  readonly expect?: readonly Expectation[];
  /** Makes the commit happen at most once within 24 h. */
  readonly request?: RequestKey;
}

export interface Expectation {
  readonly kind: 'project' | 'cluster' | 'pool' | 'machine' | 'node' | 'token' | 'apikey' | 'target' | 'repair';
  readonly id: string;
  /** For `target`: the generation. */
  readonly version: number;
}

export interface RequestKey {
  /** Caller-made id with its scope, for example `<subject>/<method>/<request_id>`. At most 512 characters. */
  readonly key: string;
  /** Hash of the request's content: the same key with another content is refused. */
  readonly fingerprint: string;
  /** What to answer a repeat with, for example the id of the created resource. At most 4 KiB, never a secret. */
  readonly response: string;
}

export interface Committed {
  /** Newest event revision after this commit: watch from here. */
  readonly revision: number;
  /** New versions by `kind:id` of the records this commit wrote. */
  readonly versions: Readonly<Record<string, number>>;
  /** Set when the request key was known: nothing was written now; the stored response of the first time. */
  readonly replayed: string | undefined;
}

export interface CommitNotice {
  /** Newest event revision. */
  readonly revision: number;
  readonly touched: readonly Touched[];
  /** Kinds of the changes, for those who care about few of them. */
  readonly kinds: readonly Change['kind'][];
}

export interface Touched {
  /** `health`: the ladder and its breakers have something to look at; the id is the cluster's. */
  readonly kind: ResourceKind | 'target' | 'certificate' | 'health';
  readonly id: string;
}

/** All lists are pages. */
export interface ListQuery {
  readonly projectId?: string;
  readonly clusterId?: string;
  readonly poolId?: string;
  /** Also what has ended: gone clusters and pools, deleted nodes, retired machines. Default false. */
  readonly includeEnded?: boolean;
  /** AIP-160 subset: `field = value` (or `!=`), joined with AND; `labels.key = value`. Unknown field = invalid-argument with a suggestion. */
  readonly filter?: string;
  /** `field` or `field desc`; default `name`. */
  readonly orderBy?: string;
  /** 1 to 500; 0 or absent = 100. */
  readonly pageSize?: number;
  /** From the previous page of the same query; anything else is invalid-argument. */
  readonly pageToken?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

export interface EventQuery {
  readonly projectId?: string;
  readonly resourceKind?: string;
  readonly resourceId?: string;
  readonly filter?: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
}

/** Short, indexed reads of committed data. undefined = there is none. */
export interface StoreReads {
  project(idOrName: string): Promise<ProjectRecord | undefined>;
  projects(query: ListQuery): Promise<Page<ProjectRecord>>;

  cluster(id: string): Promise<ClusterRecord | undefined>;
  /** Not among those gone. */
  clusterByName(projectId: string, name: string): Promise<ClusterRecord | undefined>;
  clusters(query: ListQuery): Promise<Page<ClusterRecord>>;

  pool(id: string): Promise<PoolRecord | undefined>;
  poolByName(clusterId: string, name: string): Promise<PoolRecord | undefined>;
  pools(query: ListQuery): Promise<Page<PoolRecord>>;

  machine(id: string): Promise<MachineRecord | undefined>;
  machineByName(projectId: string, name: string): Promise<MachineRecord | undefined>;
  machines(query: ListQuery): Promise<Page<MachineRecord>>;

  node(id: string): Promise<NodeRecord | undefined>;
  /** The live node of that name; of one cluster, or of all of the project's (then at most two are returned). */
  nodesByName(projectId: string, name: string, clusterId?: string): Promise<readonly NodeRecord[]>;
  nodes(query: ListQuery): Promise<Page<NodeRecord>>;

  target(machineId: string): Promise<TargetRecord | undefined>;

  token(id: string): Promise<TokenRecord | undefined>;
  tokens(query: ListQuery): Promise<Page<TokenRecord>>;
  /** The machine that spent a use of the token with this identity key. */
  tokenSpend(tokenId: string, identityKeySha256: string): Promise<{ readonly machineId: string } | undefined>;

  certificate(serial: string): Promise<CertificateRecord | undefined>;
  certificatesOf(machineId: string): Promise<readonly CertificateRecord[]>;

  apiKey(id: string): Promise<ApiKeyRecord | undefined>;
  apiKeyByName(projectId: string, name: string): Promise<ApiKeyRecord | undefined>;
  apiKeys(query: ListQuery): Promise<Page<ApiKeyRecord>>;

  members(query: ListQuery): Promise<Page<MemberRecord>>;
  member(projectId: string, subject: string): Promise<MemberRecord | undefined>;

  /** Runs of the ladder on a node, newest first; at most `limit`. */
  repairsOf(nodeId: string, limit: number): Promise<readonly RepairRecord[]>;

  /** Newest revision; 0 before the first event. */
  revision(): Promise<number>;
  /** Events with a greater revision, oldest first, at most `limit` (1 to 1000). Throws OUT_OF_RANGE when older ones were retired. */
  eventsAfter(revision: number, limit: number): Promise<readonly EventRecord[]>;
  /** Newest first. */
  events(query: EventQuery): Promise<Page<EventRecord>>;
  /** Newest first. */
  audit(query: {
    projectId?: string;
    actor?: string;
    pageSize?: number;
    pageToken?: string;
  }): Promise<Page<AuditRecord>>;

  /** The stored answer of a request key that is less than 24 h old. */
  request(key: string, nowMs: number): Promise<{ readonly fingerprint: string; readonly response: string } | undefined>;

  /** Consistent, narrow views for decisions. */
  readonly views: StoreViews;
}

/** Reads made for the reconcilers: each is one consistent look. */
export interface StoreViews {
  /** Keys of everything that is not over, for a full resync; pages by id. */
  liveIds(
    kind: 'project' | 'cluster' | 'pool' | 'node' | 'machine',
    afterId: string,
    limit: number,
  ): Promise<readonly string[]>;
  /** The record and everything around it that a decision about it needs. */
  cluster(clusterId: string): Promise<ClusterView | undefined>;
  pool(poolId: string): Promise<PoolView | undefined>;
  node(nodeId: string): Promise<NodeView | undefined>;
  machine(machineId: string): Promise<MachineView | undefined>;
  /** What the ladder and its breakers decide on. */
  clusterHealth(clusterId: string): Promise<ClusterHealthView | undefined>;
  /** Ids of live nodes. */
  nodeIdsOf(of: { readonly clusterId: string } | { readonly poolId: string }): Promise<readonly string[]>;
  /** Nodes of the cluster by Kubernetes name, live ones only. */
  nodeNames(clusterId: string): Promise<ReadonlyMap<string, { readonly nodeId: string; readonly machineId: string }>>;
}
