import { createHash, generateKeyPairSync } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  createEngine,
  type Change,
  type CommitOptions,
  type Committed,
  type Engine,
  type EngineExtension,
  type EnginePorts,
  type Store,
  type StoreReads,
} from '@flotilla/core';
import { healthExtension, StallMeter } from '@flotilla/health';
import { FlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import type { KubeClient } from '@flotilla/kube';
import { parseFacts } from '../../../control-plane/src/enroll/facts.js';
import { challengeMessage, provenBy } from '../../../control-plane/src/enroll/proof.js';
import { Intake } from '../../../control-plane/src/session/intake.js';
import { resetPresence } from '../../../control-plane/src/session/reset-presence.js';
import { Sessions } from '../../../control-plane/src/session/sessions.js';
import { SessionTable } from '../../../control-plane/src/session/table.js';
import type { Chaos } from './chaos.js';
import { processClock } from './clock.js';
import { Process, type Kernel } from './kernel.js';
import type { ViewMemo } from './memo.js';

/** What the server needs from the simulated world. */
export interface ServerWorld {
  readonly kernel: Kernel;
  readonly chaos: Chaos;
  readonly store: Store;
  /** What the server reads of it. */
  readonly memo: ViewMemo;
  readonly log: Logger;
  readonly heartbeatIntervalMs: number;
  readonly artifactManifestSha256: string;
  /** Wall clock of the server minus the true one. */
  serverSkewMs: number;
  /** True while the disk takes no write. */
  storeFull: boolean;
  apiClient(clusterId: string, owner: Process): KubeClient;
  /** After each durable commit, in order, before anybody hears of it. */
  onCommit(changes: readonly Change[], options: CommitOptions, committed: Committed): void;
  /** The server died; the world starts it again. */
  onServerDeath(reason: string): void;
}

/** As compose.ts has it. */
const stallTickMs = 1_000;
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** One life of the control plane: the real engine with the health part, the real sessions, over the simulated world. */
export class SimServer {
  readonly process: Process;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly table: SessionTable;
  readonly intake: Intake;
  readonly startedMs: number;
  readonly #stop = new AbortController();
  readonly #random: Random;
  readonly #stalls: StallMeter;

  constructor(
    private readonly world: ServerWorld,
    readonly epoch: number,
    extensions: readonly EngineExtension[] = [healthExtension()],
  ) {
    const { kernel, log } = world;
    setMaxListeners(0, this.#stop.signal);
    this.process = new Process(kernel, `server#${epoch}`);
    this.#random = kernel.fork(`server ${epoch}`);
    this.clock = processClock(kernel, this.process, () => world.serverSkewMs);
    this.startedMs = kernel.nowMs;
    const store = this.#store();
    this.#stalls = new StallMeter(stallTickMs, this.clock.now().monotonicMs);
    this.table = new SessionTable(this.clock, world.heartbeatIntervalMs, this.#stalls);
    this.intake = new Intake({ store, clock: this.clock, log });
    const late: { sessions?: Sessions } = {};
    this.engine = createEngine(
      this.#ports(store, (machineId) => late.sessions?.wake(machineId)),
      extensions,
    );
    this.sessions = new Sessions({
      store,
      engine: this.engine,
      table: this.table,
      intake: this.intake,
      clock: this.clock,
      random: this.#random,
      log,
      parseFacts,
      identity: (key, nonce, signature) => provenBy(key, challengeMessage(nonce), signature),
    });
    late.sessions = this.sessions;
  }

  start(): void {
    const { signal } = this.#stop;
    const tasks = [
      ...this.engine.tasks.map((task) => task.run(signal)),
      this.intake.run(signal),
      this.sessions.run(signal),
      this.#presence(signal),
      this.#tickStalls(signal),
    ];
    for (const task of tasks)
      task.catch((error: unknown) => {
        if (!this.process.dead) this.world.kernel.fail(error);
      });
  }

  /** As SIGKILL: nothing of it happens any more. */
  kill(reason: string): void {
    if (this.process.dead) return;
    this.process.kill();
    this.world.onServerDeath(reason);
  }

  /** As SIGTERM. Resolves once its tasks have ended. */
  stop(): void {
    this.#stop.abort(new Error('stopping'));
  }

  async #tickStalls(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.clock.sleep(stallTickMs, signal).catch(() => undefined);
      this.#stalls.tick(this.clock.now().monotonicMs);
    }
  }

  async #presence(signal: AbortSignal): Promise<void> {
    await this.clock.sleep(130_000, signal).catch(() => undefined);
    if (!signal.aborted) await resetPresence(this.#store(), this.table, this.intake);
  }

  /** The store port: the real store, with a disk that fills up, breaks, and a process that may die at each await. */
  #store(): Store {
    const { store } = this.world;
    const dead = (): boolean => this.process.dead;
    return {
      instance: { ...store.instance, epoch: this.epoch },
      read: guardedReads(this.world.memo.reads, dead),
      onCommit: (listener) => store.onCommit((notice) => (dead() ? undefined : listener(notice))),
      close: () => Promise.resolve(),
      commit: (changes, options) => this.#commit(changes, options),
    };
  }

  async #commit(changes: readonly Change[], options: CommitOptions): Promise<Committed> {
    const { chaos, store, storeFull } = this.world;
    if (this.process.dead) return never();
    if (chaos.strikes('serverCrash')) return this.#die('before a commit');
    if (storeFull || chaos.strikes('storeFull')) {
      throw new FlotillaError('STORE_FULL', 'the disk is full', { kind: 'exhausted', retry: 'later' });
    }
    if (chaos.strikes('storeBroken')) return this.#die('the disk failed a write');
    this.world.memo.before(changes);
    const committed = await store.commit(changes, options);
    this.world.onCommit(changes, options, committed);
    if (this.process.dead) return never();
    if (chaos.strikes('serverCrash')) return this.#die('after a commit');
    return committed;
  }

  #die<T>(reason: string): Promise<T> {
    this.kill(reason);
    return never();
  }

  #ports(store: Store, wake: (machineId: string) => void): EnginePorts {
    const bytes = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());
    const { world } = this;
    return {
      clock: this.clock,
      random: this.#random,
      log: world.log,
      store,
      sessions: this.table,
      clusters: { connect: ({ clusterId }) => Promise.resolve(this.#client(clusterId)) },
      keys: {
        create: (clusterId) =>
          Promise.resolve({
            clientSpki: clientSpki,
            sealedClientKey: bytes(clusterId),
            sealedCertificateKey: bytes('c'),
          }),
        openCertificateKey: () => Promise.resolve('c'.repeat(64)),
      },
      mirror: {
        manifestSha256: () => world.artifactManifestSha256,
        flannelImage: () => 'ghcr.io/flannel-io/flannel:v0.28.4',
        knows: () => true,
        cniManifests: () => undefined,
      },
      dispatch: { wake: (machineId) => (this.process.dead ? undefined : wake(machineId)) },
    };
  }

  /** Every call may end with the death of the caller, or with an error though it was carried out. */
  #client(clusterId: string): KubeClient {
    const { world } = this;
    const client = world.apiClient(clusterId, this.process);
    return new Proxy(client, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function' || name === 'watchList') return member;
        return async (...args: unknown[]) => {
          if (this.process.dead) return never();
          if (world.chaos.strikes('serverCrash')) return this.#die(`before ${String(name)}`);
          const answer = (await Reflect.apply(member, target, args)) as unknown;
          if (this.process.dead) return never();
          if (world.chaos.strikes('serverCrash')) return this.#die(`after ${String(name)}`);
          if (world.chaos.strikes('apiLies'))
            throw new FlotillaError('KUBE_TIMEOUT', 'the answer was lost', { kind: 'unavailable', retry: 'later' });
          return answer;
        };
      },
    });
  }
}

/** P-256, so that the agent's signing step takes it; nobody has the private key. */
const clientSpki = new Uint8Array(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' }),
);

/** Reads of a dead process never come back. */
function guardedReads(reads: StoreReads, dead: () => boolean): StoreReads {
  const guard = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (of, name) => {
        const member: unknown = Reflect.get(of, name);
        if (typeof member === 'object' && member !== null) return guard(member);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          if (dead()) return never();
          const answer = (await Reflect.apply(member, of, args)) as unknown;
          return dead() ? never() : answer;
        };
      },
    });
  return guard(reads);
}
