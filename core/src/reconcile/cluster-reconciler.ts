import type { Instant } from '@flotilla/kit';
import { ControlPlaneKind } from '@flotilla/proto';
import type { ClusterRecord } from '../domain/records.js';
import type { ClusterView } from '../domain/views.js';
import { clusterAddons, cniNameOf } from './addons/addons.js';
import { planCluster, type NetworkFacts } from '../plan/cluster.js';
import { isComplete } from '../plan/external.js';
import type { Change } from '../store/change.js';
import { eventsOf } from './changes.js';
import type { ClusterLinks, LinkView } from './cluster-links.js';
import { waitsForNetwork } from './kubernetes-facts.js';
import type { Effect } from './effect.js';
import type { EngineMemory } from './memory.js';
import type { EnginePorts } from './ports.js';
import { nothing, type Key, type Outcome, type Reconciler } from './reconciler.js';
import { same } from './same.js';

/** How often an imported cluster is asked what we may do there: soon while something is missing. */
const externalEveryMs = { complete: 300_000, lacking: 30_000 } as const;
/** How long the pod network may take before somebody looks why, and how often. */
const networkGraceMs = 20_000;
const networkEveryMs = 15_000;

/** How far a cluster is, how it is reached, and what runs in it. */
export function clusterReconciler(ports: EnginePorts, links: ClusterLinks, memory: EngineMemory): Reconciler {
  return {
    name: 'cluster',
    owner: 'cluster',
    key: 'cluster',
    reads: ['cluster', 'pools', 'control-plane nodes and machines', 'cluster watch', 'mirror'],
    writes: ['cluster.status', 'cluster.access', 'event.append'],
    look: async (clusterId, now) => {
      const view = await ports.store.read.views.cluster(clusterId);
      if (view === undefined || view.cluster.goneAtMs !== undefined) return forget(clusterId, links, memory);
      links.ensure(view.cluster);
      const link = links.get(clusterId);
      if (link?.known !== true) memory.addons.delete(clusterId);
      const { cluster, project } = view;
      const addons = clusterAddons(cluster, project.name, ports.mirror);
      const network = networkOf(clusterId, link, now, memory);
      const problem = memory.problemOf(`cluster:${clusterId}`);
      const plan = planCluster(view, {
        now,
        link,
        addonProblem: 'problem' in addons ? addons.problem : problem,
        addonsApplied: memory.addons.has(clusterId),
        network,
        external: memory.external.get(clusterId)?.facts,
      });
      const effects: Effect[] = [];
      if (plan.makeKeys) effects.push({ kind: 'make-keys', clusterId });
      if (link?.known === true && !memory.swept.has(clusterId)) effects.push({ kind: 'sweep-tokens', clusterId });
      if (plan.applyAddons && 'manifests' in addons) {
        effects.push({ kind: 'apply-addons', clusterId, manifests: addons.manifests });
      }
      const asks = [...externalLook(view, link, now, memory), ...networkLook(cluster, network, now, memory)];
      const outcome = outcomeOf(view, plan, [...effects, ...asks], await wakesOf(view, ports, memory));
      return { ...outcome, recheckMs: outcome.recheckMs ?? recheckOf(cluster, network) };
    },
  };
}

function forget(clusterId: string, links: ClusterLinks, memory: EngineMemory): Outcome {
  links.drop(clusterId);
  memory.addons.delete(clusterId);
  memory.swept.delete(clusterId);
  memory.external.delete(clusterId);
  memory.networks.delete(clusterId);
  memory.forget(`cluster:${clusterId}`);
  memory.forget(`control-plane:${clusterId}`);
  return nothing;
}

const isExternal = ({ spec }: ClusterRecord): boolean => spec.controlPlaneKind === ControlPlaneKind.EXTERNAL;

/** An imported cluster is asked what we may do there, as soon as there is a client. */
function externalLook(
  { cluster }: ClusterView,
  link: LinkView | undefined,
  now: Instant,
  memory: EngineMemory,
): Effect[] {
  if (!isExternal(cluster) || link?.client === undefined) return [];
  const last = memory.external.get(cluster.id);
  const everyMs = isComplete(last?.facts) ? externalEveryMs.complete : externalEveryMs.lacking;
  if (last !== undefined && now.monotonicMs - last.atMs < everyMs) return [];
  return [{ kind: 'check-external', clusterId: cluster.id }];
}

/** What the kubelets say of their network, and what was found when somebody looked why. */
function networkOf(
  clusterId: string,
  link: LinkView | undefined,
  now: Instant,
  memory: EngineMemory,
): NetworkFacts | undefined {
  if (link?.known !== true || link.nodes.size === 0) return undefined;
  const waiting = [...link.nodes.values()].filter(waitsForNetwork).length;
  if (waiting === 0) {
    memory.networks.delete(clusterId);
    return { waiting, explained: '' };
  }
  const look = memory.networks.get(clusterId) ?? {
    sinceMs: now.monotonicMs,
    askedMs: undefined,
    summary: '',
    problems: new Map<string, string>(),
  };
  memory.networks.set(clusterId, look);
  return { waiting, explained: look.summary };
}

function networkLook(
  cluster: ClusterRecord,
  network: NetworkFacts | undefined,
  now: Instant,
  memory: EngineMemory,
): Effect[] {
  const look = memory.networks.get(cluster.id);
  if (look === undefined || network === undefined || network.waiting === 0) return [];
  if (now.monotonicMs - look.sinceMs < networkGraceMs) return [];
  if (look.askedMs !== undefined && now.monotonicMs - look.askedMs < networkEveryMs) return [];
  return [{ kind: 'diagnose-network', clusterId: cluster.id, cni: cniNameOf(cluster.spec.cni) }];
}

function recheckOf(cluster: ClusterRecord, network: NetworkFacts | undefined): number | undefined {
  if ((network?.waiting ?? 0) > 0) return networkEveryMs;
  return isExternal(cluster) ? externalEveryMs.lacking : undefined;
}

function outcomeOf(
  { cluster }: ClusterView,
  plan: ReturnType<typeof planCluster>,
  effects: Effect[],
  wakes: Key[],
): Outcome {
  const changes: Change[] = [];
  if (plan.access !== undefined) changes.push({ kind: 'cluster.access', clusterId: cluster.id, access: plan.access });
  if (plan.gone || !same(plan.status, cluster.status)) {
    changes.push({ kind: 'cluster.status', clusterId: cluster.id, status: plan.status, gone: plan.gone });
    changes.push(...eventsOf('cluster', cluster.id, plan.notes));
  }
  const expect = changes.length === 0 ? [] : [{ kind: 'cluster' as const, id: cluster.id, version: cluster.version }];
  return { changes, expect, effects, recheckMs: plan.recheckMs, wakes };
}

/** Everybody in the cluster looks when what their decisions are made of has changed; hungry pools always. */
async function wakesOf(
  { cluster, pools, nodesTotal, controlPlane }: ClusterView,
  { store }: EnginePorts,
  memory: EngineMemory,
): Promise<Key[]> {
  const { status } = cluster;
  const signal = JSON.stringify([
    cluster.deleteRequestedAtMs,
    status.initNodeId,
    status.endpoint,
    status.caCertHashes,
    status.provisionedAtMs,
    cluster.access !== undefined,
    memory.networks.get(cluster.id)?.summary,
    // The control plane of a cluster that goes waits for its workers to leave.
    cluster.deleteRequestedAtMs === undefined ? '' : nodesTotal,
    status.controlPlaneReplicas,
  ]);
  const seats = JSON.stringify(
    controlPlane.map(({ node }) => [node.id, node.status.kubernetesReady, node.status.readyAtMs, node.removal?.atMs]),
  );
  const turned = memory.signalChanged(`control-plane:${cluster.id}`, seats);
  // Members of the control plane join and leave one after the other.
  const members = turned ? controlPlane.map(({ machine }): Key => `machine:${machine.id}`) : [];
  if (!memory.signalChanged(`cluster:${cluster.id}`, signal)) {
    const hungry = pools.filter((p) => memory.hungryPools.has(p.id)).map((p): Key => `pool:${p.id}`);
    return [...hungry, ...members];
  }
  return [...pools.map((p): Key => `pool:${p.id}`), ...(await machinesOf(cluster.id, store))];
}

async function machinesOf(clusterId: string, store: EnginePorts['store']): Promise<Key[]> {
  const names = await store.read.views.nodeNames(clusterId);
  return [...names.values()].map(({ machineId }): Key => `machine:${machineId}`);
}

/** A link came up or was lost: every node of the cluster is seen differently. */
export async function wakesOfLink(clusterId: string, store: EnginePorts['store']): Promise<Key[]> {
  return [`cluster:${clusterId}`, ...(await machinesOf(clusterId, store))];
}
