import { MachineState } from '@flotilla/proto';
import type { MachineView } from '../domain/views.js';
import { planMachine } from '../plan/machine.js';
import { planTarget } from '../plan/target.js';
import type { Change } from '../store/change.js';
import { eventsOf, ruled } from './changes.js';
import type { EngineMemory } from './memory.js';
import type { EnginePorts } from './ports.js';
import { nothing, type Key, type Reconciler } from './reconciler.js';
import { same } from './same.js';

/** A machine's state; and who may want it, when it is free. */
export function machineReconciler({ store }: EnginePorts, memory: EngineMemory): Reconciler {
  return {
    name: 'machine',
    owner: 'machine',
    key: 'machine',
    reads: ['machine', 'node', 'target'],
    writes: ['machine.status', 'machine.retire', 'event.append', 'audit.append'],
    look: async (machineId, _now, seen) => {
      const view = seen ?? (await store.read.views.machine(machineId));
      if (view === undefined || view.machine.status.state === MachineState.RETIRED) return nothing;
      const { machine } = view;
      const plan = planMachine(view);
      const wakes = poolsThatCare(view, plan.status.state, memory);
      if (!plan.retire && same(plan.status, machine.status)) return { ...nothing, wakes, recheckMs: plan.recheckMs };
      const write: Change[] = plan.retire
        ? [
            { kind: 'machine.retire', machineId, status: plan.status },
            ruled(machine.projectId, 'machine.retire', 'machine', machineId, { name: machine.name }),
          ]
        : [{ kind: 'machine.status', machineId, status: plan.status }];
      return {
        ...nothing,
        wakes,
        recheckMs: plan.recheckMs,
        changes: [...write, ...eventsOf('machine', machineId, plan.notes)],
        expect: [{ kind: 'machine', id: machineId, version: machine.version }],
      };
    },
  };
}

/** A spare interests the pools that lack machines; one that is to be retired, the pool that has it. */
function poolsThatCare({ machine, node }: MachineView, state: MachineState, memory: EngineMemory): Key[] {
  if (node !== undefined) {
    const taken = machine.retireRequestedAtMs !== undefined || machine.quarantined;
    return taken && node.removal === undefined ? [`pool:${node.poolId}`] : [];
  }
  if (state !== MachineState.AVAILABLE) return [];
  return machine.wantedPoolId === '' ? hungry(memory) : [`pool:${machine.wantedPoolId}`];
}

function hungry(memory: EngineMemory): Key[] {
  return [...memory.hungryPools.keys()].map((id): Key => `pool:${id}`);
}

/** The one document that says what a machine shall be. */
export function targetReconciler({ store, mirror }: EnginePorts, memory: EngineMemory): Reconciler {
  return {
    name: 'target',
    owner: 'target',
    key: 'machine',
    reads: ['machine', 'node', 'pool', 'cluster', 'target', 'mirror'],
    writes: ['target.write'],
    look: async (machineId, now, seen) => {
      const view = seen ?? (await store.read.views.machine(machineId));
      if (view === undefined || view.machine.status.state === MachineState.RETIRED) return nothing;
      const { machine, node } = view;
      const tokenUsable = node !== undefined && memory.tokens.usable(machine.id, node.id, now) !== undefined;
      const manifestSha256 =
        node === undefined ? undefined : mirror.manifestSha256(node.kubernetesVersion, machine.facts.arch);
      const plan = planTarget(view, { manifestSha256, tokenUsable });
      if (plan.generation === undefined) return nothing;
      return {
        ...nothing,
        changes: [{ kind: 'target.write', machineId, generation: plan.generation, target: plan.content }],
        // A node that was released or claimed meanwhile wants another document.
        expect: [{ kind: 'machine', id: machineId, version: machine.version }],
      };
    },
  };
}
