import type { EventRecord } from '@flotilla/core';
import type { HealthPolicy } from '@flotilla/proto';
import { Checks, type Happened } from './checkers/checks.js';
import { checkFeed } from './checkers/feed.js';
import type { SimMachine } from './world/machine.js';
import { World } from './world/world.js';

export interface Shape {
  readonly seed?: number;
  readonly controlPlane?: number;
  readonly workers?: number;
  readonly spares?: number;
  /** Zone of the i-th worker or spare; all in `a` unless told. */
  readonly zone?: (index: number) => string;
  readonly health?: Partial<HealthPolicy>;
  readonly podsPerNode?: number;
}

export const seconds = (value: number): { seconds: bigint; nanos: number } => ({ seconds: BigInt(value), nanos: 0 });
export const minute = 60_000;

/** A deterministic story: a cluster that stands, then what the test does to it. Every invariant is checked on the way. */
export class Scenario {
  readonly checks: Checks;

  private constructor(
    readonly world: World,
    readonly shape: Required<Omit<Shape, 'health' | 'zone'>>,
  ) {
    this.checks = new Checks(world);
    world.observers.push(this.checks);
  }

  /** Builds the cluster, lets the story happen, and checks that the feed has no gap. */
  static async play(shape: Shape, story: (scenario: Scenario) => Promise<void>): Promise<Scenario> {
    const { seed = 1, controlPlane = 1, workers = 3, spares = 1, podsPerNode = 1 } = shape;
    const world = await World.open({ seed, podsPerNode });
    const scenario = new Scenario(world, { seed, controlPlane, workers, spares, podsPerNode });
    try {
      await world.kernel.during(async () => {
        await scenario.#build(shape);
        await story(scenario);
        await world.kernel.settle(checkFeed(world));
      });
    } finally {
      await world.close();
    }
    return scenario;
  }

  async #build({ zone = () => 'a', health }: Shape): Promise<void> {
    const { world, shape } = this;
    world.startServer();
    const cluster = await world.kernel.settle(world.createCluster('prod', shape.controlPlane));
    for (let i = 0; i < shape.controlPlane; i++)
      await world.kernel.settle(world.enroll(`cp${i}`, { zone: 'abc'[i] ?? 'a', wantedPoolId: 'pol_prod_cp' }));
    await world.run(20_000);
    const wish = { size: shape.workers, ...(health === undefined ? {} : { health }) };
    await world.kernel.settle(world.createPool(cluster, 'web', wish));
    for (let i = 0; i < shape.workers; i++) await world.kernel.settle(world.enroll(`w${i}`, { zone: zone(i) }));
    await world.run(2 * minute);
    for (let i = 0; i < shape.spares; i++)
      await world.kernel.settle(world.enroll(`s${i}`, { zone: zone(shape.workers + i) }));
    await world.run(4 * minute);
    this.forget();
  }

  /** What happened until now was setting up. */
  forget(): void {
    const lists: readonly unknown[][] = Object.values(this.checks.happened);
    for (const list of lists) list.length = 0;
  }

  machine(name: string): SimMachine {
    const machine = this.world.machines.get(name);
    if (machine === undefined) throw new Error(`there is no machine ${name}`);
    return machine;
  }

  get happened(): Happened {
    return this.checks.happened;
  }

  minutes(count: number): Promise<void> {
    return this.world.run(count * minute);
  }

  seconds(count: number): Promise<void> {
    return this.world.run(count * 1000);
  }

  cut(a: string, b: string): void {
    this.world.network.setCut(a, b, true);
  }

  mend(a: string, b: string): void {
    this.world.network.setCut(a, b, false);
  }

  /** Names of what was decided, in order: `w0 RESTART_KUBELET`. */
  get decisions(): string[] {
    return this.happened.decisions.map(({ machine, rung }) => `${machine} ${rung}`);
  }

  actsOn(name: string): string[] {
    return this.happened.acts.filter(({ machine }) => machine === name).map(({ act }) => act);
  }

  /** Everything that takes something away from a node, by whatever way. */
  get disruptions(): string[] {
    const { decisions, releases, apiWrites, acts } = this.happened;
    return [
      ...decisions.map(({ machine, rung }) => `${machine} ${rung}`),
      ...releases.map(({ machine, reason }) => `${machine} released ${reason}`),
      ...apiWrites.filter(({ act }) => act !== 'uncordon').map(({ node, act }) => `${node} ${act}`),
      ...acts.map(({ machine, act }) => `${machine} ${act}`),
    ];
  }

  /** Reasons of events, in order. */
  get reasons(): string[] {
    return this.happened.events.map(({ reason }) => reason);
  }

  async nodes(): Promise<Record<string, { readonly ready: boolean; readonly state: number; readonly pool: string }>> {
    const page = await this.world.kernel.settle(this.world.store.read.nodes({ pageSize: 500 }));
    return Object.fromEntries(
      page.items.map(({ name, status, poolName }) => [
        name,
        { ready: status.kubernetesReady, state: status.state, pool: poolName },
      ]),
    );
  }

  async verdicts(): Promise<Record<string, number | undefined>> {
    const page = await this.world.kernel.settle(this.world.store.read.nodes({ pageSize: 500 }));
    return Object.fromEntries(page.items.map(({ name, health }) => [name, health?.verdict]));
  }

  async events(): Promise<readonly EventRecord[]> {
    return (await this.world.kernel.settle(this.world.store.read.events({ pageSize: 500 }))).items;
  }
}
