import { Violation } from '../world/kernel.js';
import type { World } from '../world/world.js';
import type { Model } from './model.js';

const revokedMs = 5_000;
/** Rows of the intake for one machine: presence, inventory, report; and its events. */
const waitingPerMachine = 3;
const eventsMax = 20_000;

/** I1, I9, I12 as far as sessions go. */
export class SessionChecks {
  readonly #retiredAtMs = new Map<string, number>();
  #highest = 0n;

  constructor(
    private readonly world: World,
    private readonly model: Model,
  ) {}

  look(): void {
    const { world } = this;
    const owners = new Map<string, number>();
    for (const entry of world.connections) {
      if (!entry.connection.openAtServer) {
        world.connections.delete(entry);
        continue;
      }
      if (entry.welcomed === undefined) continue;
      const count = (owners.get(entry.machine.name) ?? 0) + 1;
      owners.set(entry.machine.name, count);
      if (count > 1)
        throw new Violation('I1', `${entry.machine.name} has ${count} sessions that were welcomed and are open`);
    }
    for (const machine of this.model.machines.values()) {
      if (!machine.retired) continue;
      const sinceMs = this.#retiredAtMs.get(machine.id) ?? world.nowMs;
      this.#retiredAtMs.set(machine.id, sinceMs);
      const name = machine.id.replace('mch_', '');
      if (world.nowMs - sinceMs > revokedMs && owners.has(name))
        throw new Violation('I9', `${name} was retired ${world.nowMs - sinceMs} ms ago and still has a session`);
    }
    const waiting = world.server?.intake.waiting ?? 0;
    if (waiting > eventsMax + waitingPerMachine * world.machines.size)
      throw new Violation('I12', `${waiting} transitions wait in memory`);
  }

  /** Session epochs only grow, over restarts too. */
  welcome(epoch: bigint): void {
    if (epoch <= this.#highest) throw new Violation('I1', `session epoch ${epoch} was given after ${this.#highest}`);
    this.#highest = epoch;
  }
}
