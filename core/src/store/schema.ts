/** The tables as queries see them. Times are wall milliseconds; flags 0 or 1; labels, specs and reports JSON text. */
interface Meta {
  id: string;
  version: number;
  created_at: number;
  updated_at: number;
}

export interface InstanceTable {
  id: string;
  host_id: string;
  epoch: number;
  revision: number;
  audit_sequence: number;
  audit_hash: string;
  created_at: number;
}

export interface ProjectTable extends Meta {
  name: string;
  display_name: string;
  labels: string;
  delete_requested_at: number | null;
  gone_at: number | null;
}

export interface MemberTable extends Meta {
  project_id: string;
  subject: string;
  role: number;
}

export interface ClusterTable extends Meta {
  project_id: string;
  name: string;
  labels: string;
  spec: string;
  state: number;
  status: string;
  delete_requested_at: number | null;
  gone_at: number | null;
  client_spki: Uint8Array | null;
  sealed_client_key: Uint8Array | null;
  sealed_certificate_key: Uint8Array | null;
  ca_certificate: string;
  client_certificate: string;
  sealed_kubeconfig: Uint8Array | null;
  pause: string | null;
  health: string | null;
}

export interface PoolTable extends Meta {
  project_id: string;
  cluster_id: string;
  cluster_name: string;
  name: string;
  labels: string;
  role: number;
  spec: string;
  template_revision: number;
  rollout_revision: number;
  spec_changed_at: number;
  state: number;
  status: string;
  delete_requested_at: number | null;
  gone_at: number | null;
  pause: string | null;
  health: string | null;
}

export interface MachineTable extends Meta {
  project_id: string;
  name: string;
  labels: string;
  provider: string;
  region: string;
  zone: string;
  wanted_pool_id: string;
  quarantined: number;
  quarantine_reason: string;
  remediation_disabled: number;
  preserved: number;
  pause: string | null;
  health: string | null;
  retire_requested_at: number | null;
  token_id: string;
  identity_key_sha256: string;
  identity_key: Uint8Array;
  install_id: string;
  state: number;
  status: string;
  node_id: string;
  facts: string;
  os: string;
  arch: string;
  cpus: number;
  memory_bytes: number;
  disk_bytes: number;
  observed: string | null;
  observed_at: number | null;
  session: number;
  last_seen_at: number | null;
  remote_address: string;
}

export interface NodeTable extends Meta {
  project_id: string;
  cluster_id: string;
  cluster_name: string;
  pool_id: string;
  pool_name: string;
  machine_id: string;
  machine_name: string;
  name: string;
  role: number;
  template_revision: number;
  kubernetes_version: string;
  removal: string | null;
  retry_count: number;
  cordon: string | null;
  drain: string | null;
  replace: string | null;
  health: string | null;
  was_ready: number;
  observed_revision: number;
  update_parked: number;
  state: number;
  ready: number;
  schedulable: number;
  warning: string;
  status: string;
  ended_at: number | null;
}

export interface RepairTable {
  id: string;
  version: number;
  project_id: string;
  cluster_id: string;
  pool_id: string;
  node_id: string;
  machine_id: string;
  cause: string;
  rung: number;
  attempt: number;
  state: number;
  message: string;
  started_at: number;
  rung_started_at: number;
  rung_deadline_at: number;
  boot_id: string;
  ended_at: number | null;
  history: string;
}

export interface TargetTable {
  machine_id: string;
  generation: number;
  target: string;
  written_at: number;
}

export interface TokenTable extends Meta {
  project_id: string;
  secret_hmac: Uint8Array;
  pool_id: string;
  cluster_name: string;
  pool_name: string;
  max_uses: number;
  uses: number;
  expires_at: number;
  revoked_at: number | null;
  labels: string;
  machine_labels: string;
  location: string | null;
  source_cidrs: string;
  created_by: string;
}

export interface TokenSpendTable {
  token_id: string;
  identity_key_sha256: string;
  machine_id: string;
  at: number;
}

export interface CertificateTable {
  serial: string;
  machine_id: string;
  spki_sha256: string;
  not_before: number;
  not_after: number;
  issued_at: number;
  revoked_at: number | null;
}

export interface ApiKeyTable extends Meta {
  project_id: string;
  name: string;
  role: number;
  secret_hash: Uint8Array;
  expires_at: number;
  revoked_at: number | null;
  last_used_at: number | null;
}

export interface EventTable {
  revision: number;
  at: number;
  project_id: string;
  resource_kind: string;
  resource_id: string;
  resource_name: string;
  severity: number;
  category: string;
  reason: string;
  message: string;
  count: number;
}

export interface AuditTable {
  sequence: number;
  at: number;
  project_id: string;
  actor: string;
  remote_address: string;
  action: string;
  resource_kind: string;
  resource_id: string;
  result: string;
  details: string;
  epoch: number;
  hash: string;
  previous_hash: string;
}

export interface RequestTable {
  key: string;
  fingerprint: string;
  response: string;
  revision: number;
  expires_at: number;
}

export interface Schema {
  instance: InstanceTable;
  project: ProjectTable;
  member: MemberTable;
  cluster: ClusterTable;
  pool: PoolTable;
  machine: MachineTable;
  node: NodeTable;
  repair: RepairTable;
  target: TargetTable;
  token: TokenTable;
  token_spend: TokenSpendTable;
  certificate: CertificateTable;
  api_key: ApiKeyTable;
  event: EventTable;
  audit: AuditTable;
  request: RequestTable;
}
