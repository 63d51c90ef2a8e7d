import {
  Bootstrap,
  KubeletSettings,
  MachineRole,
  MachineTarget,
  Maintenance,
  NodePoolRole,
  TargetCluster,
} from '@flotilla/proto';
import { splitEndpoint } from '../domain/cluster-spec.js';
import type { ClusterRecord, MachineRecord, NodeRecord, PoolRecord, TargetRecord } from '../domain/records.js';
import type { MachineView } from '../domain/views.js';
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
}

/** A spare: nothing of Kubernetes on the host. */
const nothing = MachineTarget.create({ role: MachineRole.NONE });

/** The one document that says what the machine shall be. Deterministic: the same facts give the same content. */
export function planTarget(view: MachineView, facts: TargetFacts): TargetPlan {
  const { machine, node, pool, cluster, target } = view;
  if (node === undefined || pool === undefined || cluster === undefined) return against(target, nothing, undefined);
  if (mustLeave(node)) return against(target, nothing, undefined);
  const content = contentOf({ machine, node, pool, cluster }, facts.manifestSha256 ?? '');
  if (node.removal !== undefined) return keep(target, node, undefined);
  const hold = holdOf(node, cluster, machine, facts);
  return hold === undefined ? against(target, content, undefined) : keep(target, node, hold);
}

/** The node goes and its pods are out, or need not be asked. */
export function mustLeave(node: NodeRecord): boolean {
  return node.removal !== undefined && (!node.removal.drain || node.status.drainedAtMs !== undefined);
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
  node: NodeRecord,
  cluster: ClusterRecord,
  machine: MachineRecord,
  facts: TargetFacts,
): TargetHold | undefined {
  if (cluster.access === undefined || cluster.status.initNodeId === '') {
    return { reason: 'WaitingForControlPlane', message: 'The cluster has no control-plane machine yet.' };
  }
  if (cluster.status.initNodeId !== node.id && cluster.status.provisionedAtMs === undefined) {
    return {
      reason: 'WaitingForControlPlane',
      message: 'The control plane is being built; this machine joins when it answers.',
    };
  }
  if (facts.manifestSha256 === undefined) {
    const { arch } = machine.facts;
    return {
      reason: 'ArtifactsMissing',
      message: `Kubernetes ${node.kubernetesVersion} for ${arch} is not in the mirror. Run: flotilla artifacts sync ${node.kubernetesVersion} --arch ${arch}`,
    };
  }
  return undefined;
}

interface Membership {
  readonly machine: MachineRecord;
  readonly node: NodeRecord;
  readonly pool: PoolRecord;
  readonly cluster: ClusterRecord;
}

function contentOf({ machine, node, pool, cluster }: Membership, artifactManifestSha256: string): MachineTarget {
  const template = pool.spec.template;
  const isControlPlane = node.role === NodePoolRole.CONTROL_PLANE;
  return MachineTarget.create({
    role: isControlPlane ? MachineRole.CONTROL_PLANE : MachineRole.WORKER,
    cluster: clusterOf(node, cluster, isControlPlane),
    kubernetesVersion: node.kubernetesVersion,
    nodeName: node.name,
    poolName: pool.name,
    nodeId: node.id,
    labels: registrationLabels(nodeLabels(pool, machine)),
    taints: [...(template?.taints ?? [])],
    kubelet: KubeletSettings.create({ maxPods: template?.maxPods ?? 0 }),
    maintenance: Maintenance.create({ retryNonce: node.retryCount === 0 ? '' : `${node.id}/retry-${node.retryCount}` }),
    providerId: `flotilla://${machine.id}`,
    artifactManifestSha256,
    skippedChecks: [...(template?.skippedChecks ?? [])],
  });
}

function clusterOf(node: NodeRecord, cluster: ClusterRecord, isControlPlane: boolean): TargetCluster {
  const initialises = cluster.status.initNodeId === node.id;
  return TargetCluster.create({
    id: cluster.id,
    name: cluster.name,
    endpoint: cluster.status.endpoint,
    // The machine that makes the CA cannot be told its hash; it stays without, so that its target does not change.
    caCertHashes: initialises ? [] : [...cluster.status.caCertHashes],
    podCidr: cluster.spec.podCidr,
    serviceCidr: cluster.spec.serviceCidr,
    clusterDomain: cluster.spec.clusterDomain,
    bootstrap: initialises ? Bootstrap.INIT : Bootstrap.JOIN,
    controlPlaneClientSpki: Buffer.from(isControlPlane ? (cluster.access?.clientSpki ?? []) : []),
    apiServerSans: isControlPlane ? [splitEndpoint(cluster.status.endpoint).host] : [],
  });
}

/** The content as one text, for comparison: without epoch and generation, maps sorted. */
export function contentText(target: MachineTarget): string {
  const labels = Object.fromEntries(Object.entries(target.labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(MachineTarget.toJSON({ ...target, labels, epoch: 0n, generation: 0n }));
}

/** The document as it is sent: ordered by (epoch, generation). */
export function stampTarget(record: TargetRecord, epoch: number): MachineTarget {
  return { ...record.target, epoch: BigInt(epoch), generation: BigInt(record.generation) };
}
