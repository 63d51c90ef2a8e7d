import { HealthVerdict, RepairRung, RepairState } from '@flotilla/proto';
import { Violation } from '../world/kernel.js';
import type { World } from '../world/world.js';
import { isControlPlane, type Decision, type Model, type ModelNode } from './model.js';
import type { Truth } from './truth.js';

const isRunning = ({ repair }: ModelNode): boolean => repair?.state === RepairState.RUNNING;

/** What has been broken for this long counts: a Lease is stale after 50 s, and we look at it within seconds. */
const noticedMs = 90_000;

/** "20%" of a pool, at least one; an explicit number or share as it is written (decision 2). */
export function poolLimit(maxUnhealthy: string, total: number): number {
  if (maxUnhealthy === '') return Math.max(1, Math.floor((total * 20) / 100));
  if (maxUnhealthy.endsWith('%')) return Math.floor((total * Number(maxUnhealthy.slice(0, -1))) / 100);
  return Number(maxUnhealthy);
}

/** I4, with numbers counted by the injector and by nobody else. */
export function checkBreakers(decision: Decision, model: Model, world: World, truth: Truth): void {
  const { node, repair } = decision;
  const all = [...model.nodes.values()].filter(({ node: { clusterId } }) => clusterId === node.node.clusterId);
  const pool = all.filter(({ node: { poolId } }) => poolId === node.node.poolId);
  const zoneOf = (one: ModelNode): string => model.machines.get(one.node.machineId)?.zone ?? '';
  const zone = all.filter((one) => zoneOf(one) === zoneOf(node));
  const broken = (one: ModelNode): boolean => {
    const machine = world.machineById(one.node.machineId);
    return one.removal === undefined && machine !== undefined && truth.brokenForMs(machine) >= noticedMs;
  };
  const count = (of: readonly ModelNode[]): number => of.filter(broken).length;
  const what = `${RepairRung[repair.rung] ?? ''} was decided for ${node.node.machineName}`;
  const spec = model.pools.get(node.node.poolId)?.pool.spec.health?.maxUnhealthy ?? '';
  const limit = poolLimit(spec, pool.length);
  if (count(pool) > limit || limit === 0)
    throw new Violation(
      'I4',
      `${what} though ${count(pool)} of ${pool.length} nodes of its pool are broken; at most ${limit} may be`,
    );
  const sick = count(zone);
  const silent = (zone.length >= 2 && sick === zone.length) || (sick >= 3 && sick * 100 >= zone.length * 55);
  if (silent) throw new Violation('I4', `${what} though ${sick} of ${zone.length} machines of its location are broken`);
  if (count(all) > Math.max(2, Math.floor((all.length * 30) / 100)))
    throw new Violation('I4', `${what} though ${count(all)} of ${all.length} nodes of its cluster are broken`);
}

/** I4 again: what we ourselves wrote down as a breaker that is open. */
export function checkHolds({ node, repair }: Decision, model: Model): void {
  const scopes = [model.pools.get(node.node.poolId), model.clusters.get(node.node.clusterId)];
  const zone = model.machines.get(node.node.machineId)?.zone ?? '';
  // What was replaced is remembered as a hold that only spaces replacements; the breakers are the others.
  for (const hold of scopes.flatMap((scope) => scope?.health?.holds ?? [])) {
    if (hold.reason === 'ReplacementPending') continue;
    const applies = hold.scope === 'location' ? hold.subject.endsWith(zone) : hold.scope !== 'machine';
    if (applies)
      throw new Violation(
        'I4',
        `${RepairRung[repair.rung] ?? ''} was decided for ${node.node.machineName} though ${hold.scope} ${hold.subject} holds: ${hold.reason}`,
      );
  }
}

/** I5: what we ourselves take out of service at one time. */
export function checkBudget({ node }: Decision, model: Model): void {
  const pool = model.membersOf(node.node.poolId);
  const spec = model.pools.get(node.node.poolId)?.pool.spec.health?.maxUnhealthy ?? '';
  const limit = Math.max(1, poolLimit(spec, pool.length));
  const busy = pool.filter(
    (one) =>
      one !== node && isRunning(one) && one.removal === undefined && one.health?.verdict !== HealthVerdict.HEALTHY,
  );
  if (busy.length + 1 > limit)
    throw new Violation(
      'I5',
      `${busy.length + 1} nodes of pool ${node.node.poolName} would be repaired at once; its limit is ${limit}`,
    );
}

/** I6: no act of ours leaves etcd without a quorum, and no two of its members are worked on at once. */
export function checkQuorum({ node, repair }: Decision, model: Model, world: World): void {
  if (!isControlPlane(node)) return;
  const members = [...world.machines.values()].filter(({ controlPlaneOf }) => controlPlaneOf !== undefined);
  const self = world.machineById(node.node.machineId);
  const others = members.filter((member) => member !== self && member.powered && !member.frozen).length;
  const heavy = [RepairRung.REBOOT, RepairRung.REJOIN, RepairRung.REPLACE].includes(repair.rung);
  if (heavy && self?.powered === true && others < Math.floor(members.length / 2) + 1)
    throw new Violation(
      'I6',
      `${RepairRung[repair.rung] ?? ''} of ${node.node.machineName} would leave ${others} of ${members.length} etcd members`,
    );
  const busy = model.membersOf(node.node.poolId).filter((one) => one !== node && isRunning(one));
  if (busy.length > 0)
    throw new Violation(
      'I6',
      `two control-plane nodes are repaired at once: ${node.node.machineName} and ${busy[0]?.node.machineName ?? ''}`,
    );
}
