import { seededRandom, type Random } from '@flotilla/kit';
import { Checks } from './checkers/checks.js';
import { checkFeed } from './checkers/feed.js';
import type { ChaosLevels } from './world/chaos.js';
import { attend, unfinished } from './world/converge.js';
import { faults, healAll, pick, type FaultName } from './world/faults.js';
import { Violation } from './world/kernel.js';
import { operatorActs, type OperatorActName } from './world/operators.js';
import { World } from './world/world.js';

export interface SeedResult {
  readonly seed: number;
  readonly traceHash: string;
  readonly steps: number;
  readonly virtualMs: number;
  readonly machines: number;
  /** Undefined when every rule held. */
  readonly violation: { readonly invariant: string; readonly message: string; readonly stack: string } | undefined;
  readonly transcript: readonly string[];
  /** How often each thing happened, to see that the seed tried something. */
  readonly counts: Readonly<Record<string, number>>;
}

const minute = 60_000;
const healMs = 60 * minute;

interface Plan {
  readonly faults: readonly FaultName[];
  /** What calls for the ladder comes more often. */
  readonly common: readonly FaultName[];
  readonly operators: readonly OperatorActName[];
  readonly chaos: Partial<ChaosLevels>;
  readonly buildMs: number;
  readonly safetyMs: number;
  readonly meanGapMs: number;
  readonly workers: number;
  readonly spares: number;
  readonly controlPlane: number;
  readonly heartbeatIntervalMs: number;
  readonly quick: boolean;
}

/** Swarm: every seed turns some kinds of trouble off, and lets others run wild. */
function draw(random: Random): Plan {
  const some = <T>(of: readonly T[], share: number): T[] => of.filter(() => random.fraction() < share);
  const level = (share: number, high: number): number => (random.fraction() < share ? random.fraction() * high : 0);
  const share = 0.15 + random.fraction() * 0.6;
  const common: FaultName[] = ['kubelet ends', 'kubelet cannot start', 'runtime ends', 'power cut'];
  return {
    faults: some(Object.keys(faults) as FaultName[], share), // keys of a const object
    common: some(common, 0.6),
    operators: some(Object.keys(operatorActs) as OperatorActName[], random.fraction() * 0.7),
    chaos: {
      serverCrash: level(0.3, 0.004),
      agentCrash: level(0.4, 0.02),
      storeFull: level(0.2, 0.03),
      storeBroken: level(0.15, 0.002),
      stepFails: level(0.3, 0.15),
      replay: level(0.4, 0.3),
      apiLies: level(0.3, 0.1),
    },
    buildMs: 3 * minute,
    safetyMs: (6 + random.fraction() * 11) * minute,
    meanGapMs: (0.4 + random.fraction() * 2.5) * minute,
    workers: 2 + Math.floor(random.fraction() * 3.5),
    spares: Math.floor(random.fraction() * 2.6),
    controlPlane: random.fraction() < 0.1 ? 3 : 1,
    heartbeatIntervalMs: pick(random, [5_000, 10_000, 10_000, 20_000]) ?? 5_000,
    quick: random.fraction() < 0.7,
  };
}

const shortPlan = {
  buildMs: minute,
  safetyMs: minute,
  meanGapMs: 10_000,
  workers: 1,
  spares: 0,
  controlPlane: 1,
} as const;

const seconds = (value: number): { seconds: bigint; nanos: number } => ({ seconds: BigInt(value), nanos: 0 });
/** Shorter waits, so that a run of half an hour sees whole ladders. */
const quickPolicy = {
  nodeStartupTimeout: seconds(300),
  readyFalseTimeout: seconds(90),
  readyUnknownTimeout: seconds(90),
  diskPressureTimeout: seconds(120),
  readonlyFilesystemTimeout: seconds(60),
};

async function build(world: World, plan: Plan): Promise<void> {
  const { kernel } = world;
  world.startServer();
  const cluster = await kernel.settle(world.createCluster('prod', plan.controlPlane));
  for (let i = 0; i < plan.controlPlane; i++) {
    await kernel.settle(world.enroll(`cp${i}`, { zone: 'abc'[i] ?? 'a', wantedPoolId: 'pol_prod_cp' }));
  }
  // The control plane takes the machines that were meant for it before others are there.
  await world.run(20_000);
  const health = plan.quick ? { health: quickPolicy } : {};
  await kernel.settle(world.createPool(cluster, 'web', { size: plan.workers, ...health }));
  for (let i = 0; i < plan.workers + plan.spares; i++)
    await kernel.settle(world.enroll(`w${i}`, { zone: i % 2 === 0 ? 'a' : 'b' }));
  await world.run(plan.buildMs);
}

async function trouble(world: World, checks: Checks, plan: Plan): Promise<void> {
  const random = world.kernel.fork('trouble');
  const context = { world, checks, random };
  world.chaos.enabled = true;
  const endMs = world.nowMs + plan.safetyMs;
  while (world.nowMs < endMs) {
    await world.run(Math.min(endMs - world.nowMs, -Math.log(1 - random.fraction()) * plan.meanGapMs));
    if (world.nowMs >= endMs) break;
    const acts = random.fraction() < 0.2 && plan.operators.length > 0;
    const name = acts ? undefined : pick(random, random.fraction() < 0.3 ? plan.common : plan.faults);
    if (name !== undefined) faults[name](context);
    const act = acts ? pick(random, plan.operators) : undefined;
    if (act !== undefined) operatorActs[act](context);
  }
}

/** Heals everything and requires that the world comes to rest as it is wanted, in bounded time. */
async function converge(world: World, checks: Checks): Promise<void> {
  healAll(world);
  const endMs = world.nowMs + healMs;
  let left: string[] = [];
  for (let round = 0; world.nowMs < endMs; round++) {
    await world.run(minute);
    if (round % 3 === 2) await world.kernel.settle(attend(world, checks));
    left = await world.kernel.settle(unfinished(world, checks));
    if (left.length === 0) return;
  }
  throw new Violation('convergence', `an hour after everything was healed: ${left.slice(0, 6).join('; ')}`);
}

export interface SeedOptions {
  readonly keepLines?: boolean;
  /** A small world and few minutes, for tests of the simulation itself. */
  readonly short?: boolean;
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const world = await openWorld(seed, options);
  const { plan } = world;
  const checks = new Checks(world.world);
  world.world.observers.push(checks);
  let violation: SeedResult['violation'];
  const { kernel } = world.world;
  try {
    await kernel.during(async () => {
      await build(world.world, plan);
      await trouble(world.world, checks, plan);
      await converge(world.world, checks);
      await kernel.settle(checkFeed(world.world));
    });
  } catch (error) {
    const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    violation = { invariant: error instanceof Violation ? error.invariant : 'exception', message, stack };
    kernel.log(`VIOLATION ${message}`);
  } finally {
    await world.world.close();
  }
  return {
    seed,
    traceHash: kernel.traceHash,
    steps: kernel.steps,
    virtualMs: world.world.nowMs,
    machines: world.world.machines.size,
    violation,
    transcript: kernel.lines,
    counts: countsOf(checks),
  };
}

async function openWorld(
  seed: number,
  { keepLines = true, short = false }: SeedOptions,
): Promise<{ readonly world: World; readonly plan: Plan }> {
  const drawn = { plan: { ...draw(seededRandom(seed * 2_654_435_761)), ...(short ? shortPlan : {}) } };
  const { chaos, heartbeatIntervalMs } = drawn.plan;
  const world = await World.open({ seed, chaos, heartbeatIntervalMs, keepLines });
  world.kernel.log(
    `seed ${seed}: ${drawn.plan.controlPlane} + ${drawn.plan.workers} + ${drawn.plan.spares} machines; ${drawn.plan.faults.join(', ') || 'no faults'}`,
  );
  return { world, plan: drawn.plan };
}

function countsOf({ happened }: Checks): Record<string, number> {
  const counts: Record<string, number> = {};
  const add = (key: string): void => {
    counts[key] = (counts[key] ?? 0) + 1;
  };
  for (const { rung } of happened.decisions) add(`decided ${rung}`);
  for (const { act } of happened.acts) add(act);
  for (const { reason } of happened.releases) add(`released ${reason}`);
  add('runs');
  return counts;
}
