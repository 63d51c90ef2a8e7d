import { realpathSync } from 'node:fs';

import {
  isLossPercent,
  parseBedState,
  withServer,
  type BedState,
  type Partition,
  type ServerState,
} from '../pure/bed-state.js';
import { TestbedError } from '../pure/errors.js';
import {
  bridgeName,
  CALL,
  hostAddress,
  isTaken,
  nextServerAddress,
  parseBedName,
  parseServerName,
  parseSubnet,
  pickSubnet,
} from '../pure/names.js';
import { ensureBase } from './base-image.js';
import { bedsWithCgroups, killAll, removeCgroups } from './cgroups.js';
import { exists, listNames, makeDir, readText, removeEmptyDir, writeText } from './files.js';
import { findLeftovers } from './leftovers.js';
import { withLock } from './lock.js';
import { applyPartitions, bedsWithBridges, ensureBridge, removeNetwork, takenNetworks } from './network.js';
import { BedPaths } from './paths.js';
import { forgetNspawn, installScripts, powerCut, powerOn } from './power.js';
import { requirePrerequisites } from './prerequisites.js';
import { forgetRegistry, registerBed, registeredBeds, registeredDir, unregisterBed, usualDir } from './registry.js';
import { Server } from './server.js';
import { makeDisk, removeMountedTree } from './storage.js';
import { rememberAndRaise, restoreSettings } from './sysctls.js';

const LIFECYCLE_LOCK_MS = 20 * 60_000;
const STATE_LOCK_MS = 60_000;
const MIN_DISK_MIB = 64;

export interface BedOptions {
  /** 1 to 11 small letters and digits. Default `demo`. */
  readonly name?: string;
  /** Directory of the bed's own files; made and removed by the bed. Default below the user's cache. */
  readonly stateDir?: string;
  /** A /24, for example 10.77.3.0/24. Default: the first free 10.77.N.0/24. */
  readonly subnet?: string;
  /** Progress, one line each. Default: silent. */
  readonly log?: (line: string) => void;
}

/** A server by name, or with a disk of its own size (then all it can write is that small). */
export type ServerSpec = string | { readonly name: string; readonly diskMiB?: number };

/** Opens a bed: a name and a place. Nothing is touched before the first verb. */
export function openBed(options: BedOptions = {}): Bed {
  const name = parseBedName(options.name ?? 'demo');
  return new Bed(
    name,
    options.stateDir ?? usualDir(name),
    options.subnet === undefined ? null : parseSubnet(options.subnet),
    options.log ?? (() => undefined),
  );
}

/** N real servers on a bridge of their own. They outlive the process that booted them; `down` ends them from any process. */
export class Bed {
  readonly name: string;
  readonly bridge: string;
  readonly #stateDir: string;
  readonly #subnet: string | null;
  readonly #log: (line: string) => void;

  constructor(name: string, stateDir: string, subnet: string | null, log: (line: string) => void) {
    this.name = name;
    this.bridge = bridgeName(name);
    this.#stateDir = stateDir;
    this.#subnet = subnet;
    this.#log = log;
  }

  /** Directory of the bed's files, without symbolic links once it exists. */
  get stateDir(): string {
    return exists(this.#stateDir) ? realpathSync(this.#stateDir) : this.#stateDir;
  }

  get #paths(): BedPaths {
    return new BedPaths(this.stateDir);
  }

  /** Address of the host as the servers see it. Known from the first `up` on. */
  get hostAddress(): string {
    return hostAddress(this.#load().subnet);
  }

  get subnet(): string {
    return this.#load().subnet;
  }

  /** The servers of the bed in the order they were made; empty when there is no bed. */
  servers(): Server[] {
    return (this.#loadOrNull()?.servers ?? []).map((server) => this.#handle(server));
  }

  /** @throws TestbedError NO_SERVER */
  server(name: string): Server {
    const found = this.#loadOrNull()?.servers.find((server) => server.name === name);
    if (found !== undefined) return this.#handle(found);
    const known = this.servers()
      .map((server) => server.name)
      .join(', ');
    throw new TestbedError(
      'NO_SERVER',
      `bed ${this.name} has no server "${name}"`,
      known === '' ? `The bed is not up: ${CALL} up --bed ${this.name}` : `It has: ${known}`,
    );
  }

  /** Partitions declared by a server. */
  partitionsOf(name: string): ServerState['partitions'] {
    return this.#load().servers.find((server) => server.name === name)?.partitions ?? [];
  }

  /**
   * Makes and boots these servers and gives their handles. Servers that are already up stay as they are, ones that are off
   * are switched on, and half-made ones of a process that was killed are made anew.
   */
  async up(specs: readonly ServerSpec[]): Promise<Server[]> {
    const wanted = specs.map(parseSpec);
    await requirePrerequisites(this.#log);
    const baseDir = await ensureBase(this.#log);
    return withLock(`bed-${this.name}`, LIFECYCLE_LOCK_MS, async () => {
      makeDir(this.#stateDir);
      const bed = await withLock('host', STATE_LOCK_MS, () => this.#claim(baseDir)).catch((error: unknown) => {
        removeEmptyDir(this.#stateDir);
        throw error;
      });
      installScripts(this.#paths);
      await ensureBridge(bed);
      for (const server of wanted) await this.#make(server.name, server.diskMiB);
      const servers = wanted.map(({ name }) => this.server(name));
      await Promise.all(servers.map(async (server) => this.#boot(server)));
      return servers;
    });
  }

  async #boot(server: Server): Promise<void> {
    const before = server.power();
    await server.powerOn();
    this.#log(`${server.name}  ${server.address}  ${before === 'off' ? 'booted' : 'was up'}`);
  }

  /** Takes a subnet and remembers the host's settings, while no other bed does the same. */
  async #claim(baseDir: string): Promise<BedState> {
    const elsewhere = registeredDir(this.name);
    if (elsewhere !== null && elsewhere !== this.stateDir) {
      throw new TestbedError(
        'BED_ELSEWHERE',
        `bed ${this.name} is already up with its files in ${elsewhere}`,
        `Use another name, or remove it: ${CALL} down --bed ${this.name}`,
      );
    }
    const known = this.#loadOrNull();
    const subnet = await this.#chooseSubnet(known);
    registerBed(this.name, this.stateDir);
    rememberAndRaise();
    if (known !== null) return known;
    const bed: BedState = { version: 1, name: this.name, subnet, baseDir, servers: [] };
    this.#save(bed);
    // The route of the bridge is what other beds see: it must exist before the host lock is given back.
    await ensureBridge(bed);
    return bed;
  }

  async #chooseSubnet(known: BedState | null): Promise<string> {
    if (known !== null && (this.#subnet ?? known.subnet) === known.subnet) return known.subnet;
    const way = `Take the bed down first: ${CALL} down --bed ${this.name}`;
    if (known !== null) throw new TestbedError('SUBNET_DIFFERS', `bed ${this.name} already has ${known.subnet}`, way);
    const taken = await takenNetworks();
    if (this.#subnet === null) return pickSubnet(this.name, taken);
    if (!isTaken(this.#subnet, taken)) return this.#subnet;
    throw new TestbedError(
      'SUBNET_TAKEN',
      `this host already has a route into ${this.#subnet}`,
      'Give another one, or none.',
    );
  }

  async #make(name: string, diskMiB: number | null): Promise<void> {
    const known = this.#load().servers.find((server) => server.name === name);
    if (known?.phase === 'made') {
      if (diskMiB === null || diskMiB === known.diskMiB) return;
      const way = `Choose another name, or take the bed down first: ${CALL} down --bed ${this.name}`;
      throw new TestbedError('DISK_DIFFERS', `${name} already has a disk of another size`, way);
    }
    if (known !== undefined) {
      this.#log(`${name}  was left half made: making it anew`);
      await powerCut(this.name, name, this.#paths);
      await removeMountedTree(this.#paths.server(name).dir);
    }
    const bed = await this.#change((state) => {
      const others = state.servers.filter((server) => server.name !== name);
      const address =
        known?.address ??
        nextServerAddress(
          state.subnet,
          others.map((server) => server.address),
        );
      return { ...state, servers: [...others, { name, address, diskMiB, phase: 'creating', partitions: [] }] };
    });
    const server = bed.servers.find((candidate) => candidate.name === name);
    if (server === undefined) throw new TestbedError('NO_SERVER', `${name} vanished while it was made`);
    await makeDisk(bed, server, this.#paths.server(name));
    await this.#change((state) => withServer(state, name, { phase: 'made' }));
  }

  /**
   * Ends and removes everything of the bed: processes, cgroups, mounts, loop devices, bridge, rules, files; the last bed
   * puts the host's settings back. Works again and again, without a state file, and after a crash of the process that made the bed.
   */
  async down(): Promise<void> {
    await withLock(`bed-${this.name}`, LIFECYCLE_LOCK_MS, async () => {
      await killAll(this.name);
      const places = [...new Set([this.stateDir, registeredDir(this.name) ?? this.stateDir])];
      for (const place of places) {
        // Everything is dead already: this takes the cables, cgroups and locks of each server.
        for (const server of listNames(`${place}/servers`)) await powerCut(this.name, server, new BedPaths(place));
        await removeMountedTree(place);
      }
      await removeCgroups(this.name);
      await removeNetwork(this.name);
      await withLock('host', STATE_LOCK_MS, () => {
        unregisterBed(this.name);
        this.#forgetHost();
      });
      const left = (await Promise.all(places.map(async (place) => findLeftovers(this.name, place)))).flat();
      if (left.length > 0) throw new TestbedError('LEFT_BEHIND', `bed ${this.name} left behind: ${left.join(', ')}`);
    });
  }

  #forgetHost(): void {
    if (registeredBeds().length > 0 || bedsWithCgroups().length > 0 || bedsWithBridges().length > 0) return;
    const failed = restoreSettings();
    forgetNspawn();
    forgetRegistry();
    if (failed.length > 0) this.#log(`note: could not put back ${failed.join(', ')}`);
  }

  /** What is still on the host of this bed; empty after `down`. */
  async leftovers(): Promise<string[]> {
    return findLeftovers(this.name, this.stateDir);
  }

  #handle(server: ServerState): Server {
    return new Server(
      {
        bed: this.name,
        paths: this.#paths,
        bootServer: async (name) => {
          const bed = this.#load();
          const state = bed.servers.find((candidate) => candidate.name === name);
          if (state !== undefined) await powerOn(bed, state, this.#paths);
        },
        addPartition: async (name, partition) => this.#partition([name], partition),
        clearPartitions: async (name) => {
          await this.#change((state) => withServer(state, name, { partitions: [] }), applyPartitions);
        },
      },
      server.name,
      server.address,
    );
  }

  /** Cuts these servers off from the host and from all others of the bed; among themselves they stay together. */
  async isolate(names: readonly string[]): Promise<void> {
    for (const name of names) this.server(name);
    const others = this.servers().flatMap(({ name }) => (names.includes(name) ? [] : [name]));
    await this.#partition(names, { from: 'host', direction: 'both' });
    if (others.length > 0) await this.#partition(names, { from: others, direction: 'both' });
  }

  async #partition(names: readonly string[], partition: Partition): Promise<void> {
    if (typeof partition.from !== 'string') for (const peer of partition.from) this.server(peer);
    if (partition.lossPercent !== undefined && !isLossPercent(partition.lossPercent))
      throw new TestbedError(
        'BAD_LOSS',
        `${String(partition.lossPercent)} percent of the frames cannot be lost`,
        'Give a whole number from 1 to 99, or none to lose all.',
      );
    await this.#change(
      (state) =>
        names.reduce((bed, name) => {
          const before = bed.servers.find((server) => server.name === name)?.partitions ?? [];
          return withServer(bed, name, { partitions: [...before, partition] });
        }, state),
      applyPartitions,
    );
  }

  #loadOrNull(): BedState | null {
    const text = readText(this.#paths.stateFile);
    return text === null ? null : parseBedState(text);
  }

  #load(): BedState {
    const bed = this.#loadOrNull();
    if (bed !== null) return bed;
    throw new TestbedError('BED_DOWN', `bed ${this.name} is not up`, `Bring it up: ${CALL} up --bed ${this.name}`);
  }

  #save(bed: BedState): void {
    writeText(this.#paths.stateFile, `${JSON.stringify(bed, null, 1)}\n`, 0o600);
  }

  /** `apply` runs under the same lock: the bridge never shows an older state than the file. */
  async #change(edit: (bed: BedState) => BedState, apply?: (bed: BedState) => Promise<void>): Promise<BedState> {
    return withLock(`state-${this.name}`, STATE_LOCK_MS, async () => {
      const bed = edit(this.#load());
      this.#save(bed);
      await apply?.(bed);
      return bed;
    });
  }
}

function parseSpec(spec: ServerSpec): { name: string; diskMiB: number | null } {
  const { name, diskMiB } = typeof spec === 'string' ? { name: spec, diskMiB: undefined } : spec;
  if (diskMiB !== undefined && !(Number.isInteger(diskMiB) && diskMiB >= MIN_DISK_MIB)) {
    throw new TestbedError(
      'BAD_DISK',
      `a disk of ${String(diskMiB)} MiB is not possible`,
      `Give a whole number of MiB from ${String(MIN_DISK_MIB)} on.`,
    );
  }
  return { name: parseServerName(name), diskMiB: diskMiB ?? null };
}
