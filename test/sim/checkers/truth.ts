import type { World } from '../world/world.js';
import type { SimMachine } from '../world/machine.js';

/** What the injector knows and the control plane has to find out: since when each machine is sound, and since when not. */
export class Truth {
  /** Monotonic time since which both witnesses of it could say that all is well; undefined = they cannot. */
  readonly #wholeSinceMs = new Map<string, number>();
  /** Since when kubelet, runtime, disk and the way to the API server are well, whatever its agent does. */
  readonly #soundSinceMs = new Map<string, number>();
  /** Since when its kubelet does not renew its Lease, or its host is broken. */
  readonly #brokenSinceMs = new Map<string, number>();
  /** End of the last trouble of our own: a crash, a pause, a cut of our uplink. */
  #lookedMs = -1_000;
  ownTroubleEndedMs = 0;
  ownTrouble = 'start';

  constructor(private readonly world: World) {}

  look(): void {
    const nowMs = this.world.nowMs;
    // Between two looks less than a moment passes, or nothing.
    if (nowMs - this.#lookedMs < 250) return;
    this.#lookedMs = nowMs;
    for (const machine of this.world.machines.values()) {
      set(this.#wholeSinceMs, machine.name, machine.wholeNow, nowMs);
      set(this.#soundSinceMs, machine.name, !broken(machine), nowMs);
      set(this.#brokenSinceMs, machine.name, machine.joined && broken(machine), nowMs);
    }
  }

  /** How long, without a break, the machine has been well and heard by both ways, in ms. */
  wholeForMs(machine: SimMachine): number {
    const since = this.#wholeSinceMs.get(machine.name);
    return since === undefined ? 0 : this.world.nowMs - since;
  }

  soundForMs(machine: SimMachine): number {
    const since = this.#soundSinceMs.get(machine.name);
    return since === undefined ? 0 : this.world.nowMs - since;
  }

  brokenForMs(machine: SimMachine): number {
    const since = this.#brokenSinceMs.get(machine.name);
    return since === undefined ? 0 : this.world.nowMs - since;
  }

  /** The node itself is well: kubelet, runtime and disk; whoever does not hear it has lost the way to it. */
  nodeIsWell(machine: SimMachine): boolean {
    return machine.kubeletAlive && machine.fake.runtimeRuns && machine.disk === 'ok' && !this.world.apiDown;
  }
}

function broken(machine: SimMachine): boolean {
  return !machine.kubeletAlive || !machine.fake.runtimeRuns || machine.disk !== 'ok' || !machine.reachesApi;
}

function set(map: Map<string, number>, key: string, holds: boolean, nowMs: number): void {
  if (!holds) map.delete(key);
  else if (!map.has(key)) map.set(key, nowMs);
}
