import type { Instant } from '@flotilla/kit';
import type { NodeView, MachineView } from '../domain/views.js';
import { planNode } from '../plan/node.js';
import type { NodeFacts } from '../plan/node-facts.js';
import { planStray } from '../plan/stray.js';
import { planTarget } from '../plan/target.js';
import type { Change } from '../store/change.js';
import { eventsOf } from './changes.js';
import type { ClusterLinks } from './cluster-links.js';
import type { Effect, NodePlace } from './effect.js';
import { toNodeFacts } from './kubernetes-facts.js';
import type { EngineMemory } from './memory.js';
import type { EnginePorts } from './ports.js';
import { nothing, type Outcome, type Reconciler } from './reconciler.js';
import { same } from './same.js';

/** A node's status, its phases, and what is done for it at the API server. Keyed by machine: a machine is one node at most. */
export function nodeReconciler(ports: EnginePorts, links: ClusterLinks, memory: EngineMemory): Reconciler {
  return {
    name: 'node',
    owner: 'node',
    key: 'machine',
    reads: ['node', 'machine', 'pool', 'cluster', 'target', 'sessions', 'cluster watch'],
    writes: ['node.status', 'node.yield', 'event.append'],
    look: async (machineId, now, seen) => {
      const view = seen ?? (await ports.store.read.views.machine(machineId));
      if (view === undefined) return nothing;
      const nodeView = nodeViewOf(view);
      const strays = straysOf(view, links);
      if (nodeView === undefined) return { ...nothing, effects: strays };
      const outcome = outcomeOf(nodeView, factsOf(view, nodeView, now, ports, links, memory), memory);
      return { ...outcome, effects: [...outcome.effects, ...strays] };
    },
  };
}

/** Node objects of this machine in clusters that it is no live member of. */
function straysOf(view: MachineView, links: ClusterLinks): Effect[] {
  const { machine, node } = view;
  const effects: Effect[] = [];
  for (const [clusterId, link] of links.all()) {
    if (!link.known || node?.clusterId === clusterId) continue;
    const seen = link.nodes.get(machine.name);
    if (seen?.providerId !== `flotilla://${machine.id}`) continue;
    const act = planStray(view, toNodeFacts(seen));
    const place = { clusterId, nodeId: '', nodeName: machine.name, machineId: machine.id };
    if (act !== undefined) effects.push({ ...act, ...place });
  }
  return effects;
}

function nodeViewOf({ node, pool, cluster, ...view }: MachineView): NodeView | undefined {
  if (node === undefined || pool === undefined || cluster === undefined) return undefined;
  return { ...view, node, pool, cluster };
}

function factsOf(
  view: MachineView,
  { node, machine, cluster }: NodeView,
  now: Instant,
  ports: EnginePorts,
  links: ClusterLinks,
  memory: EngineMemory,
): NodeFacts {
  const link = links.get(cluster.id);
  const seen = link?.nodes.get(node.name);
  // A Node object of the same name that belongs to another machine is not ours to read or to delete.
  const ours = seen?.providerId === `flotilla://${machine.id}`;
  const manifestSha256 = ports.mirror.manifestSha256(node.kubernetesVersion, machine.facts.arch);
  const tokenUsable = memory.tokens.usable(machine.id, node.id, now) !== undefined;
  return {
    now,
    live: ports.sessions.live(machine.id),
    clusterKnown: link?.known ?? false,
    kubernetes: seen !== undefined && ours && link?.known === true ? toNodeFacts(seen) : undefined,
    drain: memory.drains.get(node.id),
    hold: planTarget(view, { manifestSha256, tokenUsable }).hold,
    networkProblem: memory.networkProblemOf(cluster.id, node.name),
    effectProblem: memory.problemOf(`machine:${machine.id}`),
    tokenHeld: memory.tokens.has(machine.id),
    tokenUsable,
  };
}

function outcomeOf(view: NodeView, facts: NodeFacts, memory: EngineMemory): Outcome {
  const { node, cluster, machine } = view;
  const plan = planNode(view, facts);
  const place: NodePlace = { clusterId: cluster.id, nodeId: node.id, nodeName: node.name, machineId: machine.id };
  const effects: Effect[] = plan.acts.map((act) => ({ ...act, ...place }));
  if (plan.ended) memory.drains.delete(node.id);
  const yields = (plan.yields ?? []).map((wish): Change => ({ kind: 'node.yield', nodeId: node.id, wish }));
  const changed = plan.ended || plan.notes.length > 0 || yields.length > 0 || !same(plan.status, node.status);
  if (!changed) return { ...nothing, effects, recheckMs: plan.recheckMs };
  return {
    ...nothing,
    effects,
    recheckMs: plan.recheckMs,
    changes: [
      ...yields,
      { kind: 'node.status', nodeId: node.id, status: plan.status, ended: plan.ended },
      ...eventsOf('node', node.id, plan.notes),
    ],
    expect: [{ kind: 'node', id: node.id, version: node.version }],
  };
}
