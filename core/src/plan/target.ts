import {
  Bootstrap,
  ControlPlaneKind,
  KubeletSettings,
  MachineRole,
  MachineTarget,
  Maintenance,
  NodePoolRole,
  RepairRung,
  RepairState,
  TargetCluster,
} from '@flotilla/proto';
import { rungNonce } from '../domain/health-records.js';
import { splitEndpoint } from '../domain/cluster-spec.js';
import type { ClusterRecord, NodeRecord, TargetRecord } from '../domain/records.js';
import type { ControlPlaneSeat, MachineView, NodeView } from '../domain/views.js';
import { nodeLabels, registrationLabels } from './node-labels.js';

/** Why a machine is not given the target that its node asks for yet. */
export interface TargetHold {
  readonly reason: string;
  readonly message: string;
}

export interface TargetPlan {
  /** What the machine shall be: without epoch and generation. */
  readonly content: MachineTarget;
  /** The generation to write; undefined when the stored target says the same already. */
  readonly generation: number | undefined;
  readonly hold: TargetHold | undefined;
}

export interface TargetFacts {
  /** sha256 of the manifest for the node's version and the machine's architecture; undefined = not mirrored. */
  readonly manifestSha256: string | undefined;
  /** A bootstrap token of this node is in hand that is good for minutes yet; it goes with the document. */
  readonly tokenUsable: boolean;
}

/** A spare: nothing of Kubernetes on the host. */
const nothing = MachineTarget.create({ role: MachineRole.NONE });

/** The one document that says what the machine shall be. Deterministic: the same facts give the same content. */
export function planTarget(view: MachineView, facts: TargetFacts): TargetPlan {
  const { machine, node, pool, cluster, target } = view;
  if (machine.preserved && (node === undefined || mustLeave(node)))
    return against(target, isolatedOf(target), undefined);
  if (node === undefined || pool === undefined || cluster === undefined) return against(target, nothing, undefined);
  if (mustLeave(node)) return against(target, nothing, undefined);
  if (node.removal !== undefined) return keep(target, node, undefined);
  const content = contentOf({ ...view, node, pool, cluster }, facts);
  const hold = holdOf(view, node, cluster, facts);
  return hold === undefined ? against(target, content, undefined) : keep(target, node, hold);
}

/** The node goes and its pods are out, or need not be asked. */
export function mustLeave({ removal, role, status }: NodeRecord): boolean {
  if (removal === undefined) return false;
  if (status.drainedAtMs !== undefined) return true;
  // A member of the control plane first waits until quorum stays without it; unless all of it goes.
  return !removal.drain && (role !== NodePoolRole.CONTROL_PLANE || removal.reason === 'ClusterDeleted');
}

/** Kept for a person to look at: what it has stays as it is, and what runs of Kubernetes is stopped. */
function isolatedOf(target: TargetRecord | undefined): MachineTarget {
  if (target === undefined || target.target.role === MachineRole.NONE) return nothing;
  const maintenance = Maintenance.create({ ...target.target.maintenance, isolated: true });
  return { ...target.target, maintenance };
}

/** What the machine has for this node stays; a machine that has nothing of it is a spare until the hold ends. */
function keep(target: TargetRecord | undefined, node: NodeRecord, hold: TargetHold | undefined): TargetPlan {
  if (target?.target.nodeId === node.id) return { content: target.target, generation: undefined, hold };
  return against(target, nothing, hold);
}

function against(target: TargetRecord | undefined, content: MachineTarget, hold: TargetHold | undefined): TargetPlan {
  const same = target !== undefined && contentText(target.target) === contentText(content);
  return { content, generation: same ? undefined : (target?.generation ?? 0) + 1, hold };
}

function holdOf(
  { machine, controlPlane }: MachineView,
  node: NodeRecord,
  cluster: ClusterRecord,
  facts: TargetFacts,
): TargetHold | undefined {
  const waits = (message: string): TargetHold => ({ reason: 'WaitingForControlPlane', message });
  const { status, spec, access } = cluster;
  if (spec.controlPlaneKind === ControlPlaneKind.EXTERNAL) {
    const see = `See what is missing: flotilla describe cluster ${cluster.name}`;
    if (status.provisionedAtMs === undefined) return waits(`The imported cluster is not usable yet. ${see}`);
  } else if (access === undefined || status.initNodeId === '') {
    return waits('The cluster has no control-plane machine yet.');
  } else if (status.initNodeId !== node.id && status.provisionedAtMs === undefined) {
    return waits('The control plane is being built; this machine joins when it answers.');
  }
  const turn = turnOf(controlPlane, node.id, status.initNodeId);
  if (turn !== undefined) return waits(turn);
  if (facts.manifestSha256 === undefined) {
    const { arch } = machine.facts;
    return {
      reason: 'ArtifactsMissing',
      message: `Kubernetes ${node.kubernetesVersion} for ${arch} is not in the mirror. Run: flotilla artifacts sync ${node.kubernetesVersion} --arch ${arch}`,
    };
  }
  return undefined;
}

type Membership = MachineView & Pick<NodeView, 'node' | 'pool' | 'cluster'>;

function contentOf(view: Membership, { manifestSha256 = '', tokenUsable }: TargetFacts): MachineTarget {
  const { machine, node, pool } = view;
  const template = pool.spec.template;
  const isControlPlane = node.role === NodePoolRole.CONTROL_PLANE;
  return MachineTarget.create({
    role: isControlPlane ? MachineRole.CONTROL_PLANE : MachineRole.WORKER,
    cluster: clusterOf(view, isControlPlane),
    kubernetesVersion: node.kubernetesVersion,
    nodeName: node.name,
    poolName: pool.name,
    nodeId: node.id,
    labels: registrationLabels(nodeLabels(pool, machine)),
    taints: [...(template?.taints ?? [])],
    maintenance: maintenanceOf(view, tokenUsable),
    providerId: `flotilla://${machine.id}`,
    artifactManifestSha256: manifestSha256,
    skippedChecks: [...(template?.skippedChecks ?? [])],
    ...settingsOf(view),
  });
}

/** Members join the control plane one at a time, and not while one that runs leaves it. */
function turnOf(seats: readonly ControlPlaneSeat[], nodeId: string, initNodeId: string): string | undefined {
  const seat = seats.find((s) => s.nodeId === nodeId);
  if (seat === undefined || seat.joined || nodeId === initNodeId) return undefined;
  const first = seats.find((s) => !s.joined && !s.removing && s.nodeId !== initNodeId);
  if (first !== undefined && first.nodeId !== nodeId)
    return `${first.name} joins the control plane first: one at a time.`;
  const leaving = seats.find((s) => s.removing && s.running);
  return leaving === undefined ? undefined : `${leaving.name} leaves the control plane first: one at a time.`;
}

/** What the machine was told for this very node before. */
const toldBefore = ({ target, node }: Membership): MachineTarget | undefined =>
  target?.target.nodeId === node.id ? target.target : undefined;

/**
 * Kubelet settings with the revision they are of. A node that a rollout has not reached keeps what it was told, whatever
 * the pool's template says by now.
 */
function settingsOf(view: Membership): Pick<MachineTarget, 'kubelet' | 'templateRevision'> {
  const { node, pool } = view;
  const before = toldBefore(view);
  if (before !== undefined && node.templateRevision < pool.rolloutRevision) {
    return { kubelet: before.kubelet, templateRevision: before.templateRevision };
  }
  const template = pool.spec.template;
  const kubelet = KubeletSettings.create({
    maxPods: template?.maxPods ?? 0,
    systemReserved: template?.systemReserved ?? {},
    kubeReserved: template?.kubeReserved ?? {},
    evictionHard: template?.evictionHard ?? {},
  });
  return { kubelet, templateRevision: BigInt(node.templateRevision) };
}

/** One-shot acts: what an operator asks for again, and the present rung of a live repair. */
function maintenanceOf(view: Membership, tokenUsable: boolean): Maintenance {
  const { node, repair } = view;
  const retryNonce = node.retryCount === 0 ? '' : `${node.id}/retry-${node.retryCount}`;
  if (repair?.state !== RepairState.RUNNING) return Maintenance.create({ retryNonce });
  // The host tries a renewal once, so the order waits for the token; what was ordered stays when the token is spent.
  const ordered = toldBefore(view)?.maintenance?.renewCertificatesNonce === rungNonce(repair);
  if (renewsWithToken(view) && !tokenUsable && !ordered) return Maintenance.create({ retryNonce });
  const field = nonceFields[repair.rung];
  return Maintenance.create({ retryNonce, ...(field === undefined ? {} : { [field]: rungNonce(repair) }) });
}

/**
 * Whether the present rung is a renewal for which the host may need a bootstrap token: a kubelet whose certificate has run
 * out asks for a new one with it. A member of the control plane has the CA itself.
 */
export function renewsWithToken({ node, repair }: Pick<Membership, 'node' | 'repair'>): boolean {
  const renews = repair?.state === RepairState.RUNNING && repair.rung === RepairRung.RENEW_CERTIFICATES;
  return renews && node.role !== NodePoolRole.CONTROL_PLANE;
}

const nonceFields: Readonly<Partial<Record<RepairRung, keyof Maintenance>>> = {
  [RepairRung.RESTART_KUBELET]: 'restartKubeletNonce',
  [RepairRung.RESTART_RUNTIME]: 'restartRuntimeNonce',
  [RepairRung.RENEW_CERTIFICATES]: 'renewCertificatesNonce',
  [RepairRung.FREE_DISK]: 'freeDiskNonce',
  [RepairRung.REBOOT]: 'rebootNonce',
  [RepairRung.REJOIN]: 'resetNonce',
};

function clusterOf(view: Membership, isControlPlane: boolean): TargetCluster {
  const { cluster, controlPlane } = view;
  const initialises = bootstrapOf(view) === Bootstrap.INIT;
  const members = Math.max(cluster.status.controlPlaneReplicas, controlPlane.length);
  return TargetCluster.create({
    id: cluster.id,
    name: cluster.name,
    endpoint: cluster.status.endpoint,
    // The machine that makes the CA cannot be told its hash; it stays without, so that its target does not change.
    caCertHashes: initialises ? [] : [...cluster.status.caCertHashes],
    podCidr: cluster.spec.podCidr,
    serviceCidr: cluster.spec.serviceCidr,
    clusterDomain: cluster.spec.clusterDomain,
    bootstrap: bootstrapOf(view),
    controlPlaneClientSpki: Buffer.from(isControlPlane ? (cluster.access?.clientSpki ?? []) : []),
    apiServerSans: isControlPlane ? [splitEndpoint(cluster.status.endpoint).host] : [],
    // Any member that runs: the one that leads may be the one that is down when another is to join.
    uploadCertificates: isControlPlane && members > 1,
  });
}

/**
 * How it started stays said as it was: the leading part may pass on to a member that joined. A cluster that is there is
 * never initialised again: who initialised it joins the others when it is reset, and is one that joined from then on.
 */
function bootstrapOf(view: Membership): Bootstrap {
  const { node, cluster, controlPlane, repair } = view;
  const others = controlPlane.some((seat) => seat.nodeId !== node.id && seat.joined && !seat.removing);
  const rejoins = repair?.state === RepairState.RUNNING && repair.rung === RepairRung.REJOIN;
  if (rejoins && others) return Bootstrap.JOIN;
  const initialises = cluster.status.initNodeId === node.id && cluster.status.provisionedAtMs === undefined;
  return toldBefore(view)?.cluster?.bootstrap ?? (initialises ? Bootstrap.INIT : Bootstrap.JOIN);
}

/** The content as one text, for comparison: without epoch and generation, maps sorted. */
export function contentText(target: MachineTarget): string {
  const sorted = (map: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
  const { kubelet } = target;
  const settings =
    kubelet === undefined
      ? undefined
      : {
          ...kubelet,
          systemReserved: sorted(kubelet.systemReserved),
          kubeReserved: sorted(kubelet.kubeReserved),
          evictionHard: sorted(kubelet.evictionHard),
        };
  const content = { ...target, labels: sorted(target.labels), kubelet: settings, epoch: 0n, generation: 0n };
  return JSON.stringify(MachineTarget.toJSON(content));
}

/** The document as it is sent: ordered by (epoch, generation). */
export function stampTarget(record: TargetRecord, epoch: number): MachineTarget {
  return { ...record.target, epoch: BigInt(epoch), generation: BigInt(record.generation) };
}
