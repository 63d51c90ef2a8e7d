import {
  eventsOf,
  nothing,
  rungNonce,
  ruled,
  type Change,
  type ClusterHealthView,
  type EngineContext,
  type Expectation,
  type HealthMember,
  type Key,
  type Outcome,
  type PoolRecord,
  type Reconciler,
  type ScopeHealthRecord,
} from '@flotilla/core';
import { randomText, type Instant } from '@flotilla/kit';
import { HealthVerdict, RepairRung, RepairState } from '@flotilla/proto';
import { isUnhealthy } from '../plan/breakers.js';
import { actionable, judge } from '../plan/evidence.js';
import { planRemediation, type MemberFacts, type RemediationPlan } from '../plan/remediation.js';
import { sparesOf } from '../plan/spares.js';
import { graceEndsAtMs, hearKubelet } from '../plan/witness.js';
import type { HealthMemory } from './memory.js';
import type { HealthMetrics } from './metrics.js';
import { same } from './same.js';
import { sightOf } from './sight.js';

/** The ladder and its breakers: one decision at a time for a whole cluster. */
export function remediationReconciler(
  context: EngineContext,
  memory: HealthMemory,
  metrics: HealthMetrics,
): Reconciler {
  const { store, sessions, random } = context.ports;
  return {
    name: 'remediation',
    owner: 'health',
    key: 'health',
    reads: ['cluster', 'pools', 'nodes', 'machines', 'repairs', 'sessions', 'cluster watch'],
    writes: ['scope.health', 'repair.open', 'repair.update', 'event.append', 'audit.append'],
    look: async (clusterId, now) => {
      const view = await store.read.views.clusterHealth(clusterId);
      const first = view?.members[0];
      // Nobody is in it: there is nothing to hold, and nothing left to end.
      if (view === undefined || (first === undefined && view.cluster.health === undefined)) return nothing;
      memory.keepOnly(clusterId, new Set(view.members.map(({ nodeId }) => nodeId)));
      const plan = planRemediation({
        view,
        facts: await factsOf(context, memory, view, now),
        fleet: sessions.fleet(),
        graceEndsAtMs: graceEndsAtMs(sessions.live(first?.machineId ?? '')),
        apiUnknownMs: memory.apiUnknownMs(clusterId, context.witness(clusterId, '', '').known, now.monotonicMs),
        spares: await sparesOfPools(context, view),
        now,
        newRunId: () => `rep_${randomText(12, random)}`,
      });
      report(metrics, view, plan);
      return outcomeOf(view, plan, now);
    },
  };
}

/** What is known now of each member that is not well or that a run works on. The rest needs nothing. */
async function factsOf(
  context: EngineContext,
  memory: HealthMemory,
  view: ClusterHealthView,
  now: Instant,
): Promise<ReadonlyMap<string, MemberFacts>> {
  const pools = new Map(view.pools.map((pool) => [pool.id, pool]));
  const facts = new Map<string, MemberFacts>();
  for (const member of view.members) {
    const pool = pools.get(member.poolId);
    const matters = member.repair !== undefined || isUnhealthy(member) || actionable.has(verdictOf(member));
    if (pool !== undefined && matters)
      facts.set(member.nodeId, await factsOfMember(context, memory, view, pool, member, now));
  }
  return facts;
}

const verdictOf = (member: HealthMember): HealthVerdict => member.health?.verdict ?? HealthVerdict.UNKNOWN;

async function factsOfMember(
  context: EngineContext,
  memory: HealthMemory,
  { cluster }: ClusterHealthView,
  pool: PoolRecord,
  member: HealthMember,
  now: Instant,
): Promise<MemberFacts> {
  const sight = sightOf(context, member, pool, cluster, now);
  const { repair, nodeId } = member;
  const dueAtMs = memory.dueOf(nodeId);
  const begins = dueAtMs !== undefined && now.monotonicMs >= dueAtMs;
  // Reports are big, and in an outage there are many: only where they matter now.
  const reads = repair !== undefined || begins;
  const observed = reads ? (await context.ports.store.read.machine(member.machineId))?.observed : undefined;
  const nonce = repair === undefined ? '' : rungNonce(repair);
  return {
    live: sight.live,
    seenNow: judge(sight).verdict,
    kubeletReady: hearKubelet(sight.witness, sight.live.ownStallMs, now).state === 'fresh',
    volumesAttached: sight.witness.hasAttachedVolumes,
    dueAtMs,
    goneSinceMs: memory.heldOf(nodeId)?.causes.get('HostGone'),
    rungSeenMs: repair === undefined ? now.monotonicMs : memory.rungSeenMs(nodeId, nonce, now.monotonicMs),
    nonce: observed?.nonces.find((report) => report.nonce === nonce)?.state,
    bootId: observed?.bootId ?? '',
  };
}

/** Spares are counted only for pools that have somebody to replace. */
async function sparesOfPools(
  { ports }: EngineContext,
  view: ClusterHealthView,
): Promise<ReadonlyMap<string, number | undefined>> {
  const spares = new Map<string, number | undefined>();
  const sick = view.members.filter((member) => member.repair !== undefined || actionable.has(verdictOf(member)));
  for (const poolId of new Set(sick.map((member) => member.poolId))) {
    const pool = await ports.store.read.views.pool(poolId);
    if (pool !== undefined) spares.set(poolId, sparesOf(pool));
  }
  return spares;
}

function outcomeOf(view: ClusterHealthView, plan: RemediationPlan, now: Instant): Outcome {
  const { cluster } = view;
  const scopes: Change[] = [];
  const wakes = new Set<Key>();
  const write = (
    of: 'cluster' | 'pool',
    id: string,
    before: ScopeHealthRecord | undefined,
    health: ScopeHealthRecord,
  ): void => {
    if (same(before, health)) return;
    scopes.push({ kind: 'scope.health', of, id, health });
    // What holds a node is said on its own page.
    const members = view.members.filter((member) => of === 'cluster' || member.poolId === id).filter(isUnhealthy);
    if (!same(before?.holds ?? [], health.holds))
      for (const { machineId } of members) wakes.add(`machine:${machineId}`);
  };
  write('cluster', cluster.id, cluster.health, plan.cluster);
  for (const pool of view.pools) {
    const health = plan.pools.get(pool.id);
    if (health !== undefined) write('pool', pool.id, pool.health, health);
  }
  const expect: Expectation[] = plan.updates.map(({ id, version }) => ({ kind: 'repair', id, version }));
  return {
    ...nothing,
    changes: [
      ...scopes,
      ...plan.opens.map((repair): Change => ({ kind: 'repair.open', repair })),
      ...plan.updates.map((repair): Change => ({ kind: 'repair.update', repair })),
      ...plan.notes.flatMap(({ kind, id, note }) => eventsOf(kind, id, [note])),
      ...plan.acts.map(({ nodeId, rung, repair }) =>
        ruled(cluster.projectId, 'repair.act', 'node', nodeId, {
          rung: RepairRung[rung] ?? '',
          cause: repair.cause,
          nonce: rungNonce(repair),
        }),
      ),
    ],
    expect,
    wakes: [...wakes],
    recheckMs: plan.recheckAtMs === undefined ? undefined : Math.max(1, plan.recheckAtMs - now.monotonicMs),
  };
}

function report(metrics: HealthMetrics, { cluster, members }: ClusterHealthView, plan: RemediationPlan): void {
  const verdicts = new Map<HealthVerdict, number>();
  for (const member of members) verdicts.set(verdictOf(member), (verdicts.get(verdictOf(member)) ?? 0) + 1);
  const inState = (state: RepairState): number => members.filter(({ repair }) => repair?.state === state).length;
  metrics.cluster(cluster.id, {
    clusterName: cluster.name,
    verdicts,
    holds: [...plan.cluster.holds, ...[...plan.pools.values()].flatMap(({ holds }) => holds)],
    running: inState(RepairState.RUNNING),
    parked: inState(RepairState.PARKED),
  });
  for (const { history, id } of plan.updates) {
    const known = members.find(({ repair }) => repair?.id === id)?.repair?.history.length ?? 0;
    for (const { rung, outcome } of history.slice(known)) metrics.rung(rung, outcome);
  }
}
