import { generateKeyPairSync } from 'node:crypto';
import {
  openSqliteStore,
  type Change,
  type CommitOptions,
  type Committed,
  type EngineExtension,
  type NewCluster,
  type Owner,
  type Store,
} from '@flotilla/core';
import { someCluster, someMachine, somePool, type PoolWish } from '@flotilla/core/testing';
import { seededRandom, type Logger, type Random } from '@flotilla/kit';
import { FakeAuthority } from '@flotilla/kube/fake';
import { MachineState, NodePoolRole, type SessionResponse } from '@flotilla/proto';
import { fakeManifest } from '@flotilla/node-agent/testing';
import { createHash } from 'node:crypto';
import { SimApiServer, type ApiWrite } from './api-server.js';
import { Chaos, noChaos, type ChaosLevels } from './chaos.js';
import { Kernel, Violation, type Process } from './kernel.js';
import { ViewMemo } from './memo.js';
import { SimMachine, type HostAct } from './machine.js';
import { Network } from './net.js';
import { SimServer } from './server.js';
import { Connection } from './streams.js';
import { transcriptLogger } from './transcript-log.js';

export interface WorldOptions {
  readonly seed: number;
  readonly chaos?: Partial<ChaosLevels>;
  readonly heartbeatIntervalMs?: number;
  readonly podsPerNode?: number;
  readonly keepLines?: boolean;
  readonly log?: Logger;
  /** Instead of the health part; for the world's own tests. */
  readonly extensions?: readonly EngineExtension[];
}

/** What happens, for whoever checks or writes it down. */
export interface Observer {
  commit?(changes: readonly Change[], options: CommitOptions, committed: Committed): void;
  push?(machine: SimMachine, message: SessionResponse): void;
  act?(machine: SimMachine, act: HostAct): void;
  apiWrite?(write: ApiWrite): void;
  journalLine?(machine: SimMachine, line: string): void;
  targetFile?(machine: SimMachine, text: string): void;
  serverStarted?(server: SimServer): void;
  serverDied?(reason: string): void;
  /** Everything is quiet. */
  event?(): void;
}

export const startWallMs = Date.UTC(2026, 0, 1);
const serverRestartMs = 4_000;
const ca = new FakeAuthority();
const identity = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const identitySpki = new Uint8Array(identity.publicKey.export({ type: 'spki', format: 'der' }));

/** One cluster, its machines, its control plane and everything between them. */
export class World {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly chaos: Chaos;
  readonly api: SimApiServer;
  readonly machines = new Map<string, SimMachine>();
  readonly observers: Observer[] = [];
  readonly log: Logger;
  readonly heartbeatIntervalMs: number;
  readonly memo: ViewMemo;
  readonly artifactManifestSha256 = createHash('sha256').update(fakeManifest().json).digest('hex');
  readonly random: Random;
  serverSkewMs = 0;
  storeFull = false;
  apiDown = false;
  /** Undefined while the control plane is down. */
  server: SimServer | undefined;
  /** Changes of operators and enrolments go around the server's door, not around its store. */
  readonly connections = new Set<{
    readonly machine: SimMachine;
    readonly connection: Connection;
    welcomed: bigint | undefined;
  }>();
  #epoch: number;
  #addresses = 10;
  #keepDown = false;

  private constructor(
    readonly store: Store,
    readonly projectId: string,
    readonly options: WorldOptions,
  ) {
    this.kernel = new Kernel(options.seed, startWallMs, { keepLines: options.keepLines ?? true });
    this.network = new Network(this.kernel);
    this.random = this.kernel.fork('world');
    this.chaos = new Chaos({ ...noChaos, ...options.chaos }, this.kernel.fork('chaos'));
    this.api = new SimApiServer(this.kernel, this.network, 'api', options.podsPerNode ?? 1);
    this.api.isUp = () => this.#quorum();
    this.api.onWrite = (write) => this.#each((observer) => observer.apiWrite?.(write));
    this.log =
      options.log ??
      transcriptLogger(
        (line) => this.kernel.log(line),
        (error) => this.kernel.fail(new Violation('internal-error', error.stack ?? error.message)),
      );
    this.heartbeatIntervalMs = options.heartbeatIntervalMs ?? 5_000;
    this.#epoch = store.instance.epoch;
    this.memo = new ViewMemo(store, this.kernel, this.kernel.fork('memo'));
    this.kernel.afterEvent = () => this.#each((observer) => observer.event?.());
  }

  static async open(options: WorldOptions): Promise<World> {
    const store = await openSqliteStore({
      dataDir: ':memory:',
      hostId: 'host-1',
      nowMs: startWallMs,
      random: seededRandom(options.seed ^ 0x5eed),
      writer: 'inline',
      onFatal: (error) => {
        throw error;
      },
    });
    const project = await store.read.project('default');
    return new World(store, project?.id ?? '', options);
  }

  close(): Promise<void> {
    this.server?.process.kill();
    for (const machine of this.machines.values()) machine.agent?.kill();
    return this.store.close();
  }

  get nowMs(): number {
    return this.kernel.nowMs;
  }

  get wallMs(): number {
    return startWallMs + this.kernel.nowMs + this.serverSkewMs;
  }

  #each(tell: (observer: Observer) => void): void {
    for (const observer of this.observers) tell(observer);
  }

  // The control plane

  startServer(): void {
    if (this.server !== undefined) return;
    this.#keepDown = false;
    // As real starts do: above everything before, and not below the wall clock.
    this.#epoch = Math.max(this.#epoch + 1, Math.floor(this.wallMs / 1000));
    this.server = new SimServer(this, this.#epoch, this.options.extensions);
    this.#each((observer) => observer.serverStarted?.(this.server as SimServer)); // just made
    this.server.start();
  }

  /** Kills it and keeps it down for so long. */
  crashServer(downMs: number, reason: string): void {
    this.#keepDown = true;
    this.server?.kill(reason);
    this.kernel.at(downMs, () => this.startServer());
  }

  onServerDeath(reason: string): void {
    this.kernel.log(`FAULT the control plane dies: ${reason}`);
    this.server = undefined;
    this.#each((observer) => observer.serverDied?.(reason));
    if (!this.#keepDown) this.kernel.at(serverRestartMs, () => this.startServer());
  }

  apiClient(_clusterId: string, owner: Process): ReturnType<SimApiServer['client']> {
    return this.api.client(owner);
  }

  onCommit(changes: readonly Change[], options: CommitOptions, committed: Committed): void {
    this.#each((observer) => observer.commit?.(changes, options, committed));
  }

  // Machines

  apiAt(endpoint: string): SimApiServer | undefined {
    return endpoint === '' || endpoint.endsWith(':6443') ? this.api : undefined;
  }

  onAct(machine: SimMachine, act: HostAct): void {
    this.kernel.log(`${machine.name}: ${act}`);
    this.#each((observer) => observer.act?.(machine, act));
  }

  onJournalLine(machine: SimMachine, line: string): void {
    this.#each((observer) => observer.journalLine?.(machine, line));
  }

  onTargetFile(machine: SimMachine, text: string): void {
    this.#each((observer) => observer.targetFile?.(machine, text));
  }

  /** Dials: a handshake there and back, refused while the server is down. */
  async connect(machine: SimMachine, process: Process): Promise<Connection> {
    const { network, kernel } = this;
    await new Promise<void>((resolve, reject) => {
      const refuse = (why: string): void => reject(new Error(why));
      if (!network.passes(machine.place, 'server')) kernel.at(10_000, () => refuse('no answer'), process);
      else {
        const delayMs = 2 * network.delayMs(network.way(machine.place, 'server'));
        kernel.at(
          delayMs,
          () =>
            this.server === undefined || !network.passes(machine.place, 'server')
              ? refuse('connection refused')
              : resolve(),
          process,
        );
      }
    });
    const server = this.server;
    if (server === undefined) throw new Error('connection refused');
    const connection: Connection = new Connection({
      network,
      host: machine.place,
      agent: process,
      server: server.process,
      onDown: (message) => this.#sent(machine, connection, message),
      replayAfterMs: (message) =>
        message.message?.$case === 'target' && this.chaos.strikes('replay')
          ? 1_000 + this.chaos.random.fraction() * 60_000
          : undefined,
    });
    machine.connections.push(connection);
    this.connections.add({ machine, connection, welcomed: undefined });
    const record = await this.store.read.machine(machine.id);
    const state = record?.status.state === MachineState.RETIRED ? 'revoked' : 'valid';
    const serving = server.sessions.accept(connection.serverSide(), {
      machineId: machine.id,
      state,
      remoteAddress: machine.address,
    });
    serving.catch(() => connection.serverSide().end());
    return connection;
  }

  #sent(machine: SimMachine, connection: Connection, message: SessionResponse): void {
    if (message.message?.$case === 'welcome') {
      const { sessionEpoch } = message.message.value;
      for (const entry of this.connections) if (entry.connection === connection) entry.welcomed = sessionEpoch;
    }
    this.#each((observer) => observer.push?.(machine, message));
  }

  // What operators and enrolment do: through the store, as the doors do

  async commit(owner: Owner, ...changes: Change[]): Promise<Committed> {
    const options: CommitOptions = { owner, nowMs: this.wallMs, actor: 'operator' };
    this.memo.before(changes);
    const committed = await this.store.commit(changes, options);
    this.onCommit(changes, options, committed);
    return committed;
  }

  async createCluster(name: string, controlPlaneSize: number): Promise<NewCluster> {
    const cluster = someCluster(this.projectId, `clu_${name}`, { name });
    const pool = somePool(cluster, `pol_${name}_cp`, {
      name: 'control-plane',
      role: NodePoolRole.CONTROL_PLANE,
      size: controlPlaneSize,
    });
    await this.commit('api', { kind: 'cluster.spec', cluster }, { kind: 'pool.spec', pool });
    return cluster;
  }

  async createPool(
    cluster: NewCluster,
    name: string,
    wish: PoolWish & { readonly health?: object } = {},
  ): Promise<string> {
    const { health, ...rest } = wish;
    const pool = somePool(cluster, `pol_${cluster.name}_${name}`, { name, ...rest });
    const given =
      health === undefined
        ? pool
        : { ...pool, spec: { ...pool.spec, health: { ...pool.spec.health, ...health } as typeof pool.spec.health } };
    await this.commit('api', { kind: 'pool.spec', pool: given });
    return pool.id;
  }

  /** A machine is installed and enrolled; its agent starts. */
  async enroll(
    name: string,
    options: { readonly zone?: string; readonly wantedPoolId?: string; readonly labels?: Record<string, string> } = {},
  ): Promise<SimMachine> {
    const { zone = 'a', wantedPoolId = '', labels = {} } = options;
    const address = `10.0.${Math.floor(this.#addresses / 250)}.${10 + (this.#addresses++ % 240)}`;
    const machine = new SimMachine(this, name, zone, address, { certificate: ca.caPem, key: ca.caKeyPem });
    const sample = someMachine(this.projectId, machine.id, { name, wantedPoolId, labels, identityKey: identitySpki });
    await this.commit('enroll', {
      kind: 'machine.register',
      machine: {
        ...sample,
        identityKeySha256: `key-${name}`,
        location: { provider: 'dc', region: 'r1', zone },
        facts: { ...sample.facts, hostname: name, nodeAddress: address },
      },
    });
    this.machines.set(name, machine);
    machine.startAgent();
    return machine;
  }

  machineById(id: string): SimMachine | undefined {
    return this.machines.get(id.replace('mch_', ''));
  }

  machineOfNode(nodeName: string): SimMachine | undefined {
    return this.machines.get(nodeName);
  }

  #quorum(): boolean {
    if (this.apiDown) return false;
    let members = 0;
    let up = 0;
    for (const machine of this.machines.values()) {
      if (machine.controlPlaneOf === undefined) continue;
      members += 1;
      if (machine.powered && !machine.frozen) up += 1;
    }
    return members > 0 && up > Math.floor(members / 2);
  }

  /** Lets time pass. */
  run(durationMs: number): Promise<void> {
    return this.kernel.runUntil(this.kernel.nowMs + durationMs);
  }
}
