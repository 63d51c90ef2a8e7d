import type { MachineRecord, NodeRecord } from '@flotilla/core';
import { MachineState, NodePoolRole, NodeState, RepairState, SessionState, StepState } from '@flotilla/proto';
import type { Checks } from '../checkers/checks.js';
import type { World } from './world.js';

/** A person with time goes round: releases what was kept for them, tries again what was parked, ends pauses. */
export async function attend(world: World, checks: Checks): Promise<void> {
  for (const machine of (await world.store.read.machines({ pageSize: 500 })).items) {
    const set = {
      ...(machine.preserved ? { preserved: false as const } : {}),
      ...(machine.quarantined ? { quarantined: false, quarantineReason: '' } : {}),
      ...(machine.remediationDisabled ? { remediationDisabled: false } : {}),
    };
    if (Object.keys(set).length > 0)
      await quietly(world.commit('api', { kind: 'machine.spec', machineId: machine.id, set }));
  }
  for (const pool of checks.model.pools.values())
    if (pool.pause !== undefined)
      await quietly(world.commit('api', { kind: 'pause.set', of: 'pool', id: pool.pool.id, pause: undefined }));
  for (const node of (await world.store.read.nodes({ pageSize: 500 })).items) {
    const parked =
      node.status.phases.some(({ state }) => state === StepState.PARKED) || node.status.state === NodeState.FAILED;
    if (parked) await quietly(world.commit('api', { kind: 'node.retry', nodeId: node.id }));
    if (node.drain !== undefined)
      await quietly(world.commit('api', { kind: 'node.drain', nodeId: node.id, drain: undefined }));
    if (node.cordon !== undefined)
      await quietly(world.commit('api', { kind: 'node.cordon', nodeId: node.id, cordon: undefined }));
  }
}

async function quietly(work: Promise<unknown>): Promise<void> {
  // Too late is as good as done here: the next round looks again.
  await work.catch(() => undefined);
}

/** What is not yet as it shall be; empty = converged. */
export async function unfinished(world: World, checks: Checks): Promise<string[]> {
  const problems: string[] = [];
  const machines = (await world.store.read.machines({ pageSize: 500 })).items;
  const nodes = (await world.store.read.nodes({ pageSize: 500 })).items;
  const byId = new Map(machines.map((machine) => [machine.id, machine]));
  for (const node of nodes) nodeProblems(node, byId.get(node.machineId), problems);
  for (const machine of machines) await machineProblems(world, machine, problems);
  for (const { pool } of checks.model.pools.values()) {
    const record = await world.store.read.pool(pool.id);
    if (record === undefined || record.goneAtMs !== undefined || record.deleteRequestedAtMs !== undefined) continue;
    const have = nodes.filter(({ poolId }) => poolId === pool.id).length;
    const spares = machines.filter(
      (machine) =>
        machine.status.state === MachineState.AVAILABLE &&
        !machine.quarantined &&
        ['', pool.id].includes(machine.wantedPoolId) &&
        !record.status.mismatches.some((mismatch) => JSON.stringify(mismatch).includes(machine.name)),
    ).length;
    const wanted = record.spec.size ?? have;
    if (have > wanted || (have < wanted && spares > 0 && pool.spec.role === NodePoolRole.WORKER))
      problems.push(`pool ${pool.name} has ${have} of ${wanted} nodes with ${spares} spares`);
    if ((record.health?.holds.length ?? 0) > 0)
      problems.push(`pool ${pool.name} holds: ${record.health?.holds[0]?.message ?? ''}`);
  }
  for (const node of checks.model.nodes.values())
    if (node.repair?.state === RepairState.RUNNING)
      problems.push(`${node.node.machineName} is still under repair: ${node.repair.message}`);
  return problems;
}

function nodeProblems(node: NodeRecord, machine: MachineRecord | undefined, problems: string[]): void {
  const { state, kubernetesReady, message, reason } = node.status;
  if (node.removal !== undefined) problems.push(`${node.name} is still leaving: ${message}`);
  else if (state !== NodeState.RUNNING && state !== NodeState.RUNNING_SCHEDULING_DISABLED)
    problems.push(`${node.name} is ${NodeState[state] ?? ''} (${reason}): ${message}`);
  else if (!kubernetesReady) problems.push(`${node.name} is not Ready`);
  if (machine !== undefined && machine.session !== SessionState.CONNECTED)
    problems.push(`${node.name} is not connected`);
}

/** Every generation ends converged, replaced, or held with a reason. */
async function machineProblems(world: World, machine: MachineRecord, problems: string[]): Promise<void> {
  if (machine.status.state === MachineState.RETIRED) return;
  const target = await world.store.read.target(machine.id);
  const { observed } = machine;
  if (target === undefined) return;
  const held = observed?.steps.some(({ problems: found }) => found.length > 0) === true;
  const reached =
    observed !== undefined && observed.observedGeneration === BigInt(target.generation) && (observed.converged || held);
  if (!reached)
    problems.push(
      `${machine.name} observed ${observed?.observedGeneration ?? 0n} of generation ${target.generation}${observed?.converged === true ? '' : ', not converged'}`,
    );
}
