import {
  rungNonce,
  type Change,
  type NewNode,
  type NewPool,
  type NodeHealthRecord,
  type PauseRecord,
  type RepairRecord,
  type ScopeHealthRecord,
} from '@flotilla/core';
import { HealthMode, NodePoolRole, RepairRung, RepairState, type MachineTarget } from '@flotilla/proto';

export interface ModelNode {
  readonly node: NewNode;
  removal: string | undefined;
  removalDrain: boolean;
  removedAtMs: number | undefined;
  drainWish: boolean;
  cordonWish: boolean;
  replaceWish: boolean;
  ready: boolean;
  health: NodeHealthRecord | undefined;
  repair: RepairRecord | undefined;
  /** Runs that did something, by their start. */
  readonly runsMs: number[];
}

export interface ModelMachine {
  readonly id: string;
  readonly zone: string;
  generation: number;
  target: MachineTarget | undefined;
  quarantined: boolean;
  preserved: boolean;
  disabled: boolean;
  retired: boolean;
  pause: PauseRecord | undefined;
}

export interface ModelScope {
  health: ScopeHealthRecord | undefined;
  pause: PauseRecord | undefined;
}

/** Rungs that take something away from the node, if only for seconds. */
export const disruptive: ReadonlySet<RepairRung> = new Set([
  RepairRung.RESTART_KUBELET,
  RepairRung.RESTART_RUNTIME,
  RepairRung.RENEW_CERTIFICATES,
  RepairRung.REBOOT,
  RepairRung.REJOIN,
  RepairRung.REPLACE,
]);

/** One decision of the ladder to do something to a node now. */
export interface Decision {
  readonly node: ModelNode;
  readonly repair: RepairRecord;
}

/** What is known from the stream of durable commits alone: the checkers' own memory, independent of the store's tables. */
export class Model {
  /** Every act that was ever decided, by its name. */
  readonly decided = new Set<string>();
  readonly nodes = new Map<string, ModelNode>();
  readonly machines = new Map<string, ModelMachine>();
  readonly pools = new Map<string, ModelScope & { pool: NewPool }>();
  readonly clusters = new Map<string, ModelScope>();

  membersOf(poolId: string): ModelNode[] {
    return [...this.nodes.values()].filter(({ node }) => node.poolId === poolId);
  }

  nodeOfMachine(machineId: string): ModelNode | undefined {
    return [...this.nodes.values()].find(({ node }) => node.machineId === machineId);
  }

  modeOf(poolId: string): HealthMode {
    const mode = this.pools.get(poolId)?.pool.spec.health?.mode ?? HealthMode.UNSPECIFIED;
    return mode === HealthMode.UNSPECIFIED ? HealthMode.ENABLED : mode;
  }

  /** Decisions of this commit to do something disruptive, found before it is taken in. */
  decisions(changes: readonly Change[]): Decision[] {
    const found: Decision[] = [];
    for (const change of changes) {
      if (change.kind !== 'repair.open' && change.kind !== 'repair.update') continue;
      const repair = { version: 0, ...change.repair };
      const node = this.nodes.get(repair.nodeId);
      if (node === undefined || repair.state !== RepairState.RUNNING || repair.endedAtMs !== undefined) continue;
      const before = node.repair;
      const isNew =
        before === undefined ||
        before.id !== repair.id ||
        before.rung !== repair.rung ||
        before.attempt !== repair.attempt;
      if (isNew && disruptive.has(repair.rung)) found.push({ node, repair });
    }
    return found;
  }

  take(changes: readonly Change[], nowMs: number): void {
    for (const change of changes) this.#take(change, nowMs);
  }

  #take(change: Change, nowMs: number): void {
    switch (change.kind) {
      case 'machine.register':
        this.machines.set(change.machine.id, {
          id: change.machine.id,
          zone: change.machine.location?.zone ?? '',
          generation: 0,
          target: undefined,
          quarantined: false,
          preserved: false,
          disabled: false,
          retired: false,
          pause: undefined,
        });
        return;
      case 'pool.spec':
        this.pools.set(change.pool.id, {
          health: undefined,
          pause: undefined,
          ...this.pools.get(change.pool.id),
          pool: change.pool,
        });
        return;
      case 'cluster.spec':
        this.clusters.set(change.cluster.id, {
          health: undefined,
          pause: undefined,
          ...this.clusters.get(change.cluster.id),
        });
        return;
      case 'node.claim':
        this.nodes.set(change.node.id, {
          node: change.node,
          removal: undefined,
          removalDrain: false,
          removedAtMs: undefined,
          drainWish: false,
          cordonWish: false,
          replaceWish: false,
          ready: false,
          health: undefined,
          repair: undefined,
          runsMs: [],
        });
        return;
      case 'machine.spec':
        return this.#machineSpec(change);
      case 'machine.retire': {
        const machine = this.machines.get(change.machineId);
        if (machine !== undefined) machine.retired = true;
        return;
      }
      case 'target.write': {
        const machine = this.machines.get(change.machineId);
        if (machine !== undefined) {
          machine.target = change.target;
          machine.generation = change.generation;
        }
        return;
      }
      case 'pause.set': {
        const of = { cluster: this.clusters, pool: this.pools, machine: this.machines }[change.of].get(change.id);
        if (of !== undefined) of.pause = change.pause;
        return;
      }
      case 'scope.health': {
        const of = (change.of === 'cluster' ? this.clusters : this.pools).get(change.id);
        if (of !== undefined) of.health = change.health;
        return;
      }
      default:
        return this.#node(change, nowMs);
    }
  }

  #machineSpec(change: Extract<Change, { kind: 'machine.spec' }>): void {
    const machine = this.machines.get(change.machineId);
    if (machine === undefined) return;
    if (change.set.quarantined !== undefined) machine.quarantined = change.set.quarantined;
    if (change.set.remediationDisabled !== undefined) machine.disabled = change.set.remediationDisabled;
    if (change.set.preserved === false) machine.preserved = false;
  }

  #node(change: Change, nowMs: number): void {
    const id = 'repair' in change ? change.repair.nodeId : 'nodeId' in change ? change.nodeId : undefined;
    const node = id === undefined ? undefined : this.nodes.get(id);
    if (node === undefined) return;
    switch (change.kind) {
      case 'node.release':
      case 'node.remove': {
        node.removal ??= change.removal.reason;
        node.removalDrain ||= change.removal.drain;
        node.removedAtMs ??= nowMs;
        const machine = this.machines.get(node.node.machineId);
        if (change.removal.preserve === true && machine !== undefined) machine.preserved = true;
        return;
      }
      case 'node.drain':
        node.drainWish = change.drain !== undefined;
        return;
      case 'node.cordon':
        node.cordonWish = change.cordon !== undefined;
        return;
      case 'node.replace':
        node.replaceWish = true;
        return;
      case 'node.health':
        node.health = change.health;
        return;
      case 'node.status':
        node.ready = change.status.kubernetesReady;
        if (change.ended) this.nodes.delete(node.node.id);
        return;
      case 'repair.open':
      case 'repair.update': {
        const repair = { version: 0, ...change.repair };
        this.decided.add(rungNonce(repair));
        if (
          repair.state === RepairState.RUNNING &&
          disruptive.has(repair.rung) &&
          !node.runsMs.includes(repair.startedAtMs)
        )
          node.runsMs.push(repair.startedAtMs);
        node.repair = repair.endedAtMs === undefined ? repair : undefined;
        return;
      }
      default:
        return;
    }
  }
}

export const isControlPlane = (node: ModelNode): boolean => node.node.role === NodePoolRole.CONTROL_PLANE;
