import type { ClusterLinkInfo, Engine, EnginePorts } from '@flotilla/core';
import type { KubeClient } from '@flotilla/kube';
import { MachineRole, MachineTarget, type TargetPush } from '@flotilla/proto';

/** Decides nothing: a test says which target a machine has. */
export class FakeEngine implements Engine {
  readonly tasks = [];
  readonly woken: string[] = [];
  readonly #pushes = new Map<string, TargetPush>();
  readonly clients = new Map<string, KubeClient>();

  constructor(readonly ports: EnginePorts) {}

  /** Gives the machine a target of this generation, stamped with the epoch of the store, and wakes its session. */
  setTarget(machineId: string, generation: number, secrets?: TargetPush['secrets']): void {
    const target = MachineTarget.create({
      epoch: BigInt(this.ports.store.instance.epoch),
      generation: BigInt(generation),
      role: MachineRole.WORKER,
      nodeName: 'edge',
    });
    this.#pushes.set(machineId, { target, secrets });
    this.ports.dispatch.wake(machineId);
  }

  wake(key: string): void {
    this.woken.push(key);
  }

  pushFor(machineId: string): Promise<TargetPush | undefined> {
    return Promise.resolve(this.#pushes.get(machineId));
  }

  clusterClient(clusterId: string): KubeClient | undefined {
    return this.clients.get(clusterId);
  }

  clusterLinks(): readonly ClusterLinkInfo[] {
    return [];
  }

  idle(): Promise<void> {
    return Promise.resolve();
  }
}
