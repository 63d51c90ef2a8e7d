import type { MachineState, NodePoolRole, NodeState, SessionState } from '@flotilla/proto';
import type { NodeHealthRecord, PauseRecord, RepairRecord } from './health-records.js';
import type { ClusterRecord, MachineRecord, NodeRecord, PoolRecord, ProjectRecord, TargetRecord } from './records.js';

/** What one decision looks at: a record with everything around it, read in one consistent look. */
export interface ClusterView {
  readonly cluster: ClusterRecord;
  readonly pools: readonly PoolRecord[];
  /** Live nodes with role CONTROL_PLANE, in order of claim, with their machines. */
  readonly controlPlane: readonly { readonly node: NodeRecord; readonly machine: MachineRecord }[];
  readonly nodesTotal: number;
  readonly nodesRunning: number;
  readonly project: ProjectRecord;
}

/** A member of the control plane, in the narrow form that quorum and zones are counted with. */
export interface ControlPlaneSeat {
  readonly nodeId: string;
  readonly machineId: string;
  readonly name: string;
  /** Is, or may be, a member of etcd: it has joined, and has not left. */
  readonly joined: boolean;
  /** Joined and Ready. */
  readonly running: boolean;
  readonly removing: boolean;
  readonly claimedAtMs: number;
  readonly provider: string;
  readonly region: string;
  readonly zone: string;
}

export interface PoolView {
  /** Live members of the cluster's control plane, in order of claim. */
  readonly controlPlane: readonly ControlPlaneSeat[];
  /** Machines that the control plane of the cluster still lacks; workers leave unbound spares to it. */
  readonly controlPlaneMissing: number;
  readonly pool: PoolRecord;
  readonly cluster: ClusterRecord;
  /** Live nodes of the pool. */
  readonly members: readonly PoolMember[];
  /** Machines of the project without a node, not retired: bound to this pool, or unbound. At most 2,000. */
  readonly candidates: readonly PoolCandidate[];
}

/** A node in the narrow form that a pool decides on. */
export interface PoolMember {
  readonly role: NodePoolRole;
  readonly nodeId: string;
  readonly version: number;
  readonly machineId: string;
  readonly name: string;
  readonly state: NodeState;
  readonly templateRevision: number;
  readonly claimedAtMs: number;
  readonly removing: boolean;
  readonly ready: boolean;
  readonly schedulable: boolean;
  readonly warning: string;
  readonly quarantined: boolean;
  readonly retireRequested: boolean;
  /** Revision seen on the host; 0 = not seen. */
  readonly observedTemplateRevision: number;
  readonly kubernetesVersion: string;
  /** Another machine shall take its place: an operator, an update, or the REPLACE rung of a live repair asked for it. */
  readonly replace: 'OperatorReplaced' | 'TemplateChanged' | 'Unhealthy' | undefined;
  /** Since when, and on which terms; undefined when `replace` is. */
  readonly replaceTerms: ReplaceTerms | undefined;
  /** As stored. */
  readonly session: SessionState;
  /** What the agent said of the last change of settings: parked = it could not be made in place. */
  readonly updateParked: boolean;
}

export interface ReplaceTerms {
  readonly atMs: number;
  readonly by: string;
  readonly timeoutMs: number | undefined;
  readonly force: boolean;
}

export interface PoolCandidate {
  readonly machineId: string;
  readonly version: number;
  readonly name: string;
  readonly state: MachineState;
  readonly session: SessionState;
  readonly wantedPoolId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly os: string;
  readonly arch: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly provider: string;
  readonly region: string;
  readonly zone: string;
  readonly quarantined: boolean;
  readonly retireRequested: boolean;
  /** An operator took it out of this very pool, and nobody has changed the pool since. */
  readonly removedByOperator: boolean;
  readonly enrolledAtMs: number;
}

export interface NodeView {
  readonly node: NodeRecord;
  readonly pool: PoolRecord;
  readonly cluster: ClusterRecord;
  readonly machine: MachineRecord;
  readonly target: TargetRecord | undefined;
  readonly repair: RepairRecord | undefined;
  /** Of the cluster; empty unless the node is one of them. */
  readonly controlPlane: readonly ControlPlaneSeat[];
}

export interface MachineView {
  readonly machine: MachineRecord;
  readonly target: TargetRecord | undefined;
  /** The live node that holds it. */
  readonly node: NodeRecord | undefined;
  readonly pool: PoolRecord | undefined;
  readonly cluster: ClusterRecord | undefined;
  /** The live run of the ladder on the node. */
  readonly repair: RepairRecord | undefined;
  /** Of the node's cluster; empty unless the node is one of them. */
  readonly controlPlane: readonly ControlPlaneSeat[];
}

/** A cluster as the ladder and its breakers see it: narrow rows, cheap for thousands of nodes. */
export interface ClusterHealthView {
  readonly cluster: ClusterRecord;
  readonly pools: readonly PoolRecord[];
  readonly members: readonly HealthMember[];
}

export interface HealthMember {
  readonly nodeId: string;
  readonly nodeVersion: number;
  readonly nodeName: string;
  readonly poolId: string;
  readonly role: NodePoolRole;
  readonly machineId: string;
  readonly machineName: string;
  readonly provider: string;
  readonly region: string;
  readonly zone: string;
  readonly state: NodeState;
  readonly removing: boolean;
  readonly claimedAtMs: number;
  /** Has been Ready at least once. */
  readonly wasReady: boolean;
  readonly ready: boolean;
  /** As stored; live facts are in the Sessions port. */
  readonly session: SessionState;
  readonly lastSeenAtMs: number | undefined;
  readonly health: NodeHealthRecord | undefined;
  readonly quarantined: boolean;
  readonly remediationDisabled: boolean;
  readonly pause: PauseRecord | undefined;
  readonly repair: RepairRecord | undefined;
  /** The newest run that has ended. */
  readonly lastRepair: RepairRecord | undefined;
}
