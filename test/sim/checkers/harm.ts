import { HealthMode, RepairRung } from '@flotilla/proto';
import { Violation } from '../world/kernel.js';
import type { World } from '../world/world.js';
import type { Decision, Model } from './model.js';
import type { Truth } from './truth.js';

/** Both witnesses had time to say that all is well: a Lease each 10 s, a heartbeat, the way to us and a look. */
const witnessedMs = 60_000;
export const graceMs = 120_000;

/** R2: nothing disruptive is decided about a machine that is well. */
export function checkUnharmed({ node, repair }: Decision, world: World, truth: Truth): void {
  const machine = world.machineById(node.node.machineId);
  if (machine === undefined) return;
  const rung = RepairRung[repair.rung] ?? '';
  const wholeMs = truth.wholeForMs(machine);
  if (wholeMs >= witnessedMs)
    throw new Violation(
      'R2-unharmed',
      `${rung} was decided for ${machine.name} (${repair.cause}), which has been well for ${Math.round(wholeMs / 1000)} s and seen so by both witnesses`,
    );
  // The agent's silence alone is no reason: the cluster still hears the node.
  const heardByCluster =
    world.api.isUp() &&
    world.network.passes(machine.place, world.api.place) &&
    truth.soundForMs(machine) >= witnessedMs;
  const lease = world.api.leases.get(node.node.machineName);
  const freshMs = world.api.wallMs - (lease?.renewedAtMs ?? 0);
  const wasReady = world.api.nodes.get(node.node.machineName)?.conditions.find(({ type }) => type === 'Ready');
  const longReady = wasReady?.status === 'True' && world.api.wallMs - (wasReady.transitionAtMs ?? 0) >= witnessedMs;
  if (heardByCluster && freshMs < 15_000 && longReady)
    throw new Violation(
      'R2-unharmed',
      `${rung} was decided for ${machine.name} (${repair.cause}), whose Lease is fresh and whose node is Ready`,
    );
}

/** I17: after an outage of our own nobody is remediated before a full silence period. */
export function checkGrace({ node, repair }: Decision, world: World, truth: Truth): void {
  const sinceMs = world.nowMs - truth.ownTroubleEndedMs;
  if (sinceMs < graceMs)
    throw new Violation(
      'I17',
      `${RepairRung[repair.rung] ?? ''} was decided for ${node.node.machineName} ${Math.round(sinceMs / 1000)} s after ${truth.ownTrouble}`,
    );
}

/** A paused scope, a machine that opted out and a pool that only observes are left alone. */
export function checkPolicy({ node, repair }: Decision, model: Model, wallMs: number): void {
  const { poolId, clusterId, machineId, machineName } = node.node;
  const paused = [model.clusters.get(clusterId), model.pools.get(poolId), model.machines.get(machineId)].some(
    (scope) => scope?.pause !== undefined && scope.pause.untilMs > wallMs,
  );
  if (paused)
    throw new Violation(
      'policy',
      `${RepairRung[repair.rung] ?? ''} was decided for ${machineName} though repair is paused`,
    );
  if (model.machines.get(machineId)?.disabled === true)
    throw new Violation('policy', `${machineName} is repaired though it opted out`);
  if (model.modeOf(poolId) !== HealthMode.ENABLED)
    throw new Violation('policy', `${machineName} is repaired though its pool does not let us`);
}

/** At most one run of the ladder per node per hour. */
export function checkOncePerHour({ node, repair }: Decision): void {
  const earlier = node.runsMs.filter((atMs) => atMs < repair.startedAtMs && repair.startedAtMs - atMs < 3_600_000);
  if (earlier.length > 0)
    throw new Violation('once-per-hour', `a second run of the ladder on ${node.node.machineName} within an hour`);
}
