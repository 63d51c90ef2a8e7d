import type { ClusterView } from '../domain/views.js';
import { clusterAddons } from './addons/addons.js';
import { planCluster } from '../plan/cluster.js';
import type { Change } from '../store/change.js';
import { eventsOf } from './changes.js';
import type { ClusterLinks } from './cluster-links.js';
import type { Effect } from './effect.js';
import type { EngineMemory } from './memory.js';
import type { EnginePorts } from './ports.js';
import { nothing, type Key, type Outcome, type Reconciler } from './reconciler.js';
import { same } from './same.js';

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
      if (view === undefined || view.cluster.goneAtMs !== undefined) {
        links.drop(clusterId);
        memory.addons.delete(clusterId);
        memory.swept.delete(clusterId);
        memory.forget(`cluster:${clusterId}`);
        return nothing;
      }
      links.ensure(view.cluster);
      const link = links.get(clusterId);
      if (link?.known !== true) memory.addons.delete(clusterId);
      const { cluster, project } = view;
      const addons = clusterAddons(cluster, project.name, ports.mirror.flannelImage(cluster.spec.kubernetesVersion));
      const plan = planCluster(view, {
        now,
        link,
        addonProblem: 'problem' in addons ? addons.problem : memory.problemOf(`cluster:${clusterId}`),
        addonsApplied: memory.addons.has(clusterId),
      });
      const effects: Effect[] = [];
      if (plan.makeKeys) effects.push({ kind: 'make-keys', clusterId });
      if (link?.known === true && !memory.swept.has(clusterId)) effects.push({ kind: 'sweep-tokens', clusterId });
      if (plan.applyAddons && 'manifests' in addons) {
        effects.push({ kind: 'apply-addons', clusterId, manifests: addons.manifests });
      }
      return outcomeOf(view, plan, effects, await wakesOf(view, ports, memory));
    },
  };
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
async function wakesOf({ cluster, pools }: ClusterView, { store }: EnginePorts, memory: EngineMemory): Promise<Key[]> {
  const { status } = cluster;
  const signal = JSON.stringify([
    cluster.deleteRequestedAtMs,
    status.initNodeId,
    status.endpoint,
    status.caCertHashes,
    status.provisionedAtMs,
    cluster.access !== undefined,
  ]);
  if (!memory.signalChanged(`cluster:${cluster.id}`, signal)) {
    return pools.filter((p) => memory.hungryPools.has(p.id)).map((p): Key => `pool:${p.id}`);
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
