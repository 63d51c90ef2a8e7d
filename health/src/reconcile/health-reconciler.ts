import {
  eventsOf,
  nothing,
  type Change,
  type EngineContext,
  type MachineView,
  type Outcome,
  type Reconciler,
} from '@flotilla/core';
import type { Instant } from '@flotilla/kit';
import { MachineState } from '@flotilla/proto';
import { planConditions } from '../plan/conditions.js';
import { holdSentence, leftAloneReason } from '../plan/holds.js';
import { planNodeHealth } from '../plan/node-health.js';
import { minHealthyMsDefault, rulesOf } from '../plan/policy.js';
import type { HealthMemory } from './memory.js';
import { same } from './same.js';
import { factsOfNode, sightOf } from './sight.js';

/** What two witnesses say of one machine and its node; written on transitions only. */
export function healthReconciler(context: EngineContext, memory: HealthMemory): Reconciler {
  return {
    name: 'health',
    owner: 'health',
    key: 'machine',
    reads: ['machine', 'node', 'pool', 'cluster', 'sessions', 'cluster watch'],
    writes: ['machine.health', 'node.health', 'event.append'],
    look: async (machineId, now, seen) => {
      const view = seen ?? (await context.ports.store.read.views.machine(machineId));
      if (view === undefined || view.machine.status.state === MachineState.RETIRED) return nothing;
      return merged(now, lookAtMachine(context, view, now), lookAtNode(context, memory, view, now));
    },
  };
}

interface Look {
  readonly changes: readonly Change[];
  readonly wakes: Outcome['wakes'];
  /** Monotonic. */
  readonly recheckAtMs: number | undefined;
}

const nothingSeen: Look = { changes: [], wakes: [], recheckAtMs: undefined };

function lookAtMachine({ ports }: EngineContext, { machine, node, pool }: MachineView, now: Instant): Look {
  const plan = planConditions({
    before: machine.health,
    live: ports.sessions.live(machine.id),
    isNode: node !== undefined,
    minHealthyMs: pool === undefined ? minHealthyMsDefault : rulesOf(pool.spec).minHealthyMs,
    now,
  });
  const changed = !same(plan.health, machine.health ?? { conditions: [] });
  const changes: Change[] = changed ? [{ kind: 'machine.health', machineId: machine.id, health: plan.health }] : [];
  return {
    changes: [...changes, ...eventsOf('machine', machine.id, plan.notes)],
    wakes: [],
    recheckAtMs: plan.recheckAtMs,
  };
}

function lookAtNode(context: EngineContext, memory: HealthMemory, view: MachineView, now: Instant): Look {
  const { node, pool, cluster, machine, repair } = view;
  if (node === undefined || pool === undefined || cluster === undefined) return nothingSeen;
  const wakes: Outcome['wakes'] = repair === undefined ? [] : [`health:${cluster.id}`];
  // A node that leaves is nobody's patient any more.
  if (node.removal !== undefined) return { ...nothingSeen, wakes };
  const { provider = '', region = '', zone = '' } = machine.location ?? {};
  const member = { ...machine, machineName: machine.name, provider, region, zone };
  const plan = planNodeHealth({
    ...sightOf(context, factsOfNode(node), pool, cluster, now),
    before: node.health,
    held: memory.heldOf(node.id),
    hold: holdSentence(member, pool, cluster, now.wallMs),
    leftAlone: leftAloneReason(member, pool) !== '',
  });
  const dueMoved = memory.remember(node.id, { clusterId: cluster.id, held: plan.held, dueAtMs: plan.dueAtMs });
  const changed = !same(plan.health, node.health);
  const changes: Change[] = changed ? [{ kind: 'node.health', nodeId: node.id, health: plan.health }] : [];
  return {
    changes: [...changes, ...eventsOf('node', node.id, plan.notes)],
    wakes: changed || dueMoved ? [`health:${cluster.id}`] : wakes,
    recheckAtMs: plan.recheckAtMs,
  };
}

function merged(now: Instant, ...looks: readonly Look[]): Outcome {
  const times = looks.flatMap(({ recheckAtMs }) => (recheckAtMs === undefined ? [] : [recheckAtMs]));
  return {
    ...nothing,
    changes: looks.flatMap(({ changes }) => changes),
    wakes: looks.flatMap(({ wakes }) => wakes),
    recheckMs: times.length === 0 ? undefined : Math.max(1, Math.min(...times) - now.monotonicMs),
  };
}
