import type { Random } from '@flotilla/kit';
import type { Checks } from '../checkers/checks.js';
import type { SimMachine } from './machine.js';
import type { World } from './world.js';

export interface FaultContext {
  readonly world: World;
  readonly checks: Checks;
  readonly random: Random;
}

/** One kind of trouble: begins now, and ends by itself or when everything is healed. */
export type Fault = (context: FaultContext) => void;

const minute = 60_000;

function between(random: Random, low: number, high: number): number {
  return low + random.fraction() * (high - low);
}

export function pick<T>(random: Random, from: readonly T[]): T | undefined {
  return from[Math.floor(random.fraction() * from.length)];
}

/** A machine that is up; workers more often than members of the control plane. */
function someMachine({ world, random }: FaultContext): SimMachine | undefined {
  const up = [...world.machines.values()].filter(({ powered }) => powered);
  const workers = up.filter(({ controlPlaneOf }) => controlPlaneOf === undefined);
  return pick(random, random.fraction() < 0.85 && workers.length > 0 ? workers : up);
}

function on(context: FaultContext, what: string, run: (machine: SimMachine, random: Random) => void): void {
  const machine = someMachine(context);
  if (machine === undefined) return;
  context.world.kernel.log(`FAULT ${what} ${machine.name}`);
  run(machine, context.random);
}

/** Something is cut for a while, at least a moment longer than a heartbeat. */
function cutFor(context: FaultContext, set: (cut: boolean) => void, highMs = 12 * minute): void {
  set(true);
  context.world.kernel.at(between(context.random, 3_000, highMs), () => {
    set(false);
    context.world.network.healed();
  });
}

/** Every kind there is, by name. A seed turns about half of them on. */
export const faults = {
  'agent killed': (context) => on(context, 'agent killed on', (machine) => machine.killAgent()),

  'agent in a crash loop': (context) =>
    on(context, 'agent in a crash loop on', (machine, random) => {
      const untilMs = context.world.nowMs + between(random, 1, 6) * minute;
      const again = (): void => {
        if (context.world.nowMs >= untilMs) return;
        machine.killAgent();
        context.world.kernel.at(20_000, again);
      };
      again();
    }),

  'agent gone for long': (context) =>
    on(context, 'agent gone on', (machine, random) =>
      machine.killAgent({ restartAfterMs: between(random, 2, 12) * minute }),
    ),

  'agent cut off both ways': (context) =>
    on(context, 'agent cut off both ways on', (machine) =>
      cutFor(context, (cut) => context.world.network.setCut(machine.place, 'server', cut)),
    ),

  'agent is not heard': (context) =>
    on(context, 'one way to us cut on', (machine) =>
      cutFor(context, (cut) => (context.world.network.way(machine.place, 'server').cut = cut)),
    ),

  'agent does not hear': (context) =>
    on(context, 'one way from us cut on', (machine) =>
      cutFor(context, (cut) => (context.world.network.way('server', machine.place).cut = cut)),
    ),

  'connection forgotten': (context) =>
    on(context, 'connection forgotten by a firewall on', (machine) => {
      for (const connection of machine.connections) connection.vanish();
    }),

  'lossy link': (context) =>
    on(context, 'lossy link on', (machine, random) => {
      const ways = [
        context.world.network.way(machine.place, 'server'),
        context.world.network.way('server', machine.place),
      ];
      for (const way of ways) Object.assign(way, { loss: between(random, 0.1, 0.35), latencyMs: 250, jitterMs: 400 });
      context.world.kernel.at(between(random, 1, 10) * minute, () => {
        for (const way of ways) Object.assign(way, { loss: 0, latencyMs: 20, jitterMs: 2 });
      });
    }),

  'node cut off from its API server': (context) =>
    on(context, 'node cut off from its API server', (machine) =>
      cutFor(context, (cut) => context.world.network.setCut(machine.place, context.world.api.place, cut)),
    ),

  'machine cut off from everything': (context) =>
    on(context, 'machine cut off from everything', (machine) =>
      cutFor(context, (cut) => {
        context.world.network.setCut(machine.place, context.world.api.place, cut);
        context.world.network.setCut(machine.place, 'server', cut);
      }),
    ),

  'kubelet ends': (context) =>
    on(context, 'kubelet ends on', (machine, random) => {
      machine.killUnit('kubelet.service', { broken: false });
      // Sometimes systemd brings it back.
      if (random.fraction() < 0.3) context.world.kernel.at(10_000, () => machine.reviveUnit('kubelet.service'));
    }),

  'kubelet cannot start': (context) =>
    on(context, 'kubelet cannot start on', (machine) => machine.killUnit('kubelet.service', { broken: true })),

  'runtime ends': (context) =>
    on(context, 'runtime ends on', (machine, random) =>
      machine.killUnit('containerd.service', { broken: random.fraction() < 0.2 }),
    ),

  'disk full': (context) =>
    on(context, 'disk full on', (machine, random) => {
      machine.disk = 'full';
      machine.host.disk = { totalBytes: 100e9, freeBytes: 0 };
      context.world.kernel.at(between(random, 1, 15) * minute, () => machine.healDisk());
    }),

  'root read-only': (context) =>
    on(context, 'root read-only on', (machine, random) => {
      machine.setReadOnly(true);
      context.world.kernel.at(between(random, 1, 15) * minute, () => machine.healDisk());
    }),

  'machine frozen': (context) =>
    on(context, 'machine frozen', (machine, random) => machine.freeze(between(random, 5, 150) * 1000)),

  'machine rebooted by somebody': (context) => on(context, 'rebooted by somebody', (machine) => machine.reboot()),

  'power cut': (context) =>
    on(context, 'power cut on', (machine, random) => {
      machine.powerOff();
      if (random.fraction() < 0.6) context.world.kernel.at(between(random, 1, 20) * minute, () => machine.powerOn());
    }),

  'clock of a machine jumps': (context) =>
    on(
      context,
      'clock jumps on',
      (machine, random) => (machine.skewMs += (random.fraction() - 0.5) * 2 * 24 * 60 * minute),
    ),

  'site lost': (context) => {
    const zone = pick(context.random, [
      ...new Set([...context.world.machines.values()].map((machine) => machine.zone)),
    ]);
    const site = [...context.world.machines.values()].filter(
      (machine) => machine.zone === zone && machine.controlPlaneOf === undefined,
    );
    context.world.kernel.log(`FAULT site ${zone ?? ''} lost (${site.length} machines)`);
    const power = context.random.fraction() < 0.4;
    const durationMs = between(context.random, 1, 15) * minute;
    for (const machine of site) {
      const set = (lost: boolean): void => {
        if (power) {
          if (lost) machine.powerOff();
          else machine.powerOn();
          return;
        }
        context.world.network.setCut(machine.place, context.world.api.place, lost);
        context.world.network.setCut(machine.place, 'server', lost);
      };
      set(true);
      context.world.kernel.at(durationMs, () => set(false));
    }
  },

  'control plane killed': ({ world, random }) => world.crashServer(between(random, 1_000, 5 * minute), 'killed'),

  'control plane paused': ({ world, random }) => {
    const durationMs = between(random, 2_000, 90_000);
    world.kernel.log(`FAULT the control plane is paused for ${Math.round(durationMs / 1000)} s`);
    world.server?.process.pause(durationMs);
  },

  'our uplink cut': (context) => {
    const { world, checks, random } = context;
    world.kernel.log('FAULT our uplink is cut');
    const places = [...world.machines.values()].map(({ place }) => place).concat(world.api.place);
    for (const place of places) world.network.setCut(place, 'server', true);
    world.kernel.at(between(random, 20_000, 8 * minute), () => {
      for (const place of places) world.network.setCut(place, 'server', false);
      world.kernel.log('our uplink is back');
      checks.ownTrouble('the return of our uplink');
    });
  },

  'API server down': ({ world, random }) => {
    world.kernel.log('FAULT the API server is down');
    world.apiDown = true;
    world.kernel.at(between(random, 5_000, 10 * minute), () => (world.apiDown = false));
  },

  'API server cut off from us': (context) => {
    context.world.kernel.log('FAULT the API server is cut off from us');
    cutFor(context, (cut) => context.world.network.setCut('server', context.world.api.place, cut));
  },

  'our disk full': ({ world, random }) => {
    world.kernel.log('FAULT our disk is full');
    world.storeFull = true;
    world.kernel.at(between(random, 5_000, 4 * minute), () => (world.storeFull = false));
  },

  'our clock jumps': ({ world, random }) => {
    // Forward mostly: an epoch is never below the wall clock at a start, so backwards needs the stored one.
    world.serverSkewMs += (random.fraction() - 0.3) * 60 * minute;
    world.kernel.log('FAULT our wall clock jumps');
  },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;

/** Ends everything that was done, so that nothing is left but to converge. */
export function healAll(world: World): void {
  world.kernel.log('HEAL everything');
  world.chaos.enabled = false;
  world.apiDown = false;
  world.storeFull = false;
  world.serverSkewMs = 0;
  world.api.protectedPods.clear();
  for (const machine of world.machines.values()) {
    for (const [a, b] of [
      [machine.place, 'server'],
      ['server', machine.place],
      [machine.place, world.api.place],
      [world.api.place, machine.place],
    ] as const)
      Object.assign(world.network.way(a, b), { cut: false, loss: 0, latencyMs: 20, jitterMs: 2 });
    machine.healHost();
  }
  world.network.setCut('server', world.api.place, false);
  if (world.server === undefined) world.startServer();
}
