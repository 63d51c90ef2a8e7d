import { newId } from '@flotilla/kit';
import { EventSeverity } from '@flotilla/proto';
import type { PoolCandidate, PoolMember, PoolView } from '../domain/views.js';
import type { Release } from '../plan/pool-moves.js';
import { planPool, type PoolPlan } from '../plan/pool.js';
import type { Change } from '../store/change.js';
import type { Expectation } from '../store/store.js';
import { eventsOf, ruled } from './changes.js';
import type { EngineMemory } from './memory.js';
import type { EnginePorts } from './ports.js';
import { nothing, type Key, type Reconciler } from './reconciler.js';
import { same } from './same.js';

/** Who joins a pool and who leaves it. */
export function poolReconciler(ports: EnginePorts, memory: EngineMemory): Reconciler {
  return {
    name: 'pool',
    owner: 'pool',
    key: 'pool',
    reads: ['pool', 'cluster', 'nodes of the pool', 'spares of the project'],
    writes: ['node.claim', 'node.release', 'node.rollout', 'pool.status', 'event.append', 'audit.append'],
    look: async (poolId, now) => {
      const view = await ports.store.read.views.pool(poolId);
      if (view === undefined || view.pool.goneAtMs !== undefined) {
        memory.hungryPools.delete(poolId);
        memory.poolSizes.delete(poolId);
        memory.forget(`pool:${poolId}`);
        return nothing;
      }
      memory.poolSizes.set(poolId, view.members.length + view.candidates.length);
      const plan = planPool(view);
      if (plan.hungry) memory.hungryPools.set(poolId, view.cluster.id);
      else memory.hungryPools.delete(poolId);
      const changes = [
        ...plan.claims.flatMap((candidate) => claim(view, candidate, newId('nod', ports.random))),
        ...plan.releases.flatMap((release) => releaseOf(view, release, now.wallMs)),
        ...plan.rollouts.flatMap((member) => rolloutOf(view, member)),
      ];
      const statusChanged = plan.gone || !same(plan.status, view.pool.status);
      if (statusChanged) changes.push({ kind: 'pool.status', poolId, status: plan.status, gone: plan.gone });
      return {
        ...nothing,
        changes: [...changes, ...(statusChanged ? eventsOf('pool', poolId, plan.notes) : [])],
        expect: changes.length === 0 ? [] : expectations(view, plan),
        recheckMs: plan.recheckMs,
        wakes: wakesOf(view, memory),
      };
    },
  };
}

function expectations(view: PoolView, plan: PoolPlan): Expectation[] {
  return [
    { kind: 'pool', id: view.pool.id, version: view.pool.version },
    ...plan.claims.map((c): Expectation => ({ kind: 'machine', id: c.machineId, version: c.version })),
    ...plan.releases.map((r): Expectation => ({ kind: 'node', id: r.member.nodeId, version: r.member.version })),
    ...plan.rollouts.map((m): Expectation => ({ kind: 'node', id: m.nodeId, version: m.version })),
  ];
}

function claim({ pool, cluster }: PoolView, candidate: PoolCandidate, nodeId: string): Change[] {
  const { machineId, name } = candidate;
  const kubernetesVersion = pool.spec.template?.kubernetesVersion || cluster.spec.kubernetesVersion;
  return [
    {
      kind: 'node.claim',
      node: {
        id: nodeId,
        projectId: pool.projectId,
        clusterId: cluster.id,
        clusterName: cluster.name,
        poolId: pool.id,
        poolName: pool.name,
        machineId,
        machineName: name,
        role: pool.spec.role,
        templateRevision: pool.templateRevision,
        kubernetesVersion,
      },
    },
    ...eventsOf('node', nodeId, [
      {
        severity: EventSeverity.NORMAL,
        category: 'Lifecycle',
        reason: 'NodeClaimed',
        message: `Machine ${name} was claimed for pool ${cluster.name}/${pool.name}.`,
      },
    ]),
    ruled(pool.projectId, 'node.claim', 'node', nodeId, { machine: machineId, pool: pool.id }),
  ];
}

function releaseOf({ pool }: PoolView, { member, removal }: Release, atMs: number): Change[] {
  const { reason } = removal;
  return [
    { kind: 'node.release', nodeId: member.nodeId, removal: { atMs, ...removal } },
    ruled(pool.projectId, 'node.release', 'node', member.nodeId, { machine: member.machineId, reason }),
  ];
}

function rolloutOf({ pool }: PoolView, { nodeId, templateRevision: before }: PoolMember): Change[] {
  const { templateRevision, rolloutRevision } = pool;
  const change: Change = { kind: 'node.rollout', nodeId, templateRevision };
  if (before >= rolloutRevision) return [change];
  const message = `The node takes the settings of revision ${templateRevision} of its pool.`;
  const note = { severity: EventSeverity.NORMAL, category: 'Lifecycle', reason: 'RolloutReached', message };
  const details = { pool: pool.id, revision: String(templateRevision) };
  return [change, ...eventsOf('node', nodeId, [note]), ruled(pool.projectId, 'node.rollout', 'node', nodeId, details)];
}

/** The members' targets are made of the pool's template. */
function wakesOf({ pool, members }: PoolView, memory: EngineMemory): Key[] {
  const signal = `${pool.templateRevision}/${pool.deleteRequestedAtMs ?? ''}`;
  if (!memory.signalChanged(`pool:${pool.id}`, signal)) return [];
  return members.map((m): Key => `machine:${m.machineId}`);
}
