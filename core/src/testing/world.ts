import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { newId, seededRandom, silentLogger, SimClock, type Logger, type Random } from '@flotilla/kit';
import {
  Cni,
  ControlPlaneKind,
  NodePoolRole,
  SessionState,
  type ClusterSpec,
  type NodePoolSpec,
} from '@flotilla/proto';
import { controlPlanePoolName, nextTemplateRevision } from '../domain/pool-spec.js';
import type { NodeRecord } from '../domain/records.js';
import { createEngine } from '../reconcile/engine.js';
import type { Engine } from '../reconcile/engine-contract.js';
import type { EnginePorts } from '../reconcile/ports.js';
import type { EngineExtension } from '../reconcile/reconciler.js';
import type { Change, NewCluster, NewMachine, Owner } from '../store/change.js';
import { openSqliteStore } from '../store/sqlite/open.js';
import type { Store } from '../store/store.js';
import { FakeAgent } from './fake-agent.js';
import { FakeKubernetes } from './fake-kubernetes.js';
import { sampleVersion, someCluster, someMachine, somePool, type PoolWish } from './samples.js';

export interface WorldOptions {
  readonly seed?: number;
  readonly log?: Logger;
  /** Kill the engine right after its n-th durable commit or write to an API server. */
  readonly killAfter?: number;
  /** Reconcilers of other packages, as `compose.ts` adds them. */
  readonly extensions?: readonly EngineExtension[];
}

const renewEveryMs = 5_000;
const lostWithinMs = 600_000;

/** The engine with fake hosts and a fake API server over a real store in memory and a simulated clock. */
export class World {
  readonly clock = new SimClock();
  readonly kubernetes = new FakeKubernetes();
  readonly agents = new Map<string, FakeAgent>();
  readonly projectId: string;
  readonly store: Store;
  readonly random: Random;
  engine: Engine;
  /** Times the engine was killed. */
  kills = 0;
  /** Commits and API writes of the engine so far. */
  marks = 0;
  mirrored = true;
  /** Silence after which an agent counts as silent, and how long our own process stalled. */
  deadlineMs = 15_000;
  ownStallMs = 0;
  /** What the mirror has of network plugins, by name. */
  readonly cni = new Map<string, string>();
  readonly #over = new AbortController();
  readonly #options: WorldOptions;
  readonly #disconnected = new Set<string>();
  readonly #heard = new Map<string, number>();
  readonly #dirty = new Set<string>();
  #life = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  private constructor(store: Store, projectId: string, options: WorldOptions) {
    this.store = store;
    this.projectId = projectId;
    this.random = seededRandom(options.seed ?? 1);
    this.#options = options;
    this.kubernetes.setUp(false);
    this.engine = this.#start();
    void this.#kubelets();
  }

  static async open(options: WorldOptions = {}): Promise<World> {
    const store = await openSqliteStore({
      dataDir: ':memory:',
      hostId: 'host-1',
      nowMs: Date.UTC(2026, 0, 1),
      random: seededRandom(99),
      writer: 'inline',
      onFatal: (error) => {
        throw error;
      },
    });
    const project = await store.read.project('default');
    return new World(store, project?.id ?? '', options);
  }

  async close(): Promise<void> {
    this.#over.abort(new Error('over'));
    this.#life.abort(new Error('over'));
    await this.#running;
    await this.store.close();
  }

  commit(owner: Owner, ...changes: Change[]): Promise<unknown> {
    return this.store.commit(changes, { owner, nowMs: this.clock.now().wallMs, actor: 'test' });
  }

  async createCluster(name: string, controlPlaneSize = 1, spec: Partial<ClusterSpec> = {}): Promise<NewCluster> {
    const first = someCluster(this.projectId, `clu_${name}`, { name });
    const cluster = { ...first, spec: { ...first.spec, ...spec } };
    const pool = somePool(cluster, `pol_${name}_cp`, {
      name: controlPlanePoolName,
      role: NodePoolRole.CONTROL_PLANE,
      size: controlPlaneSize,
    });
    await this.commit('api', { kind: 'cluster.spec', cluster }, { kind: 'pool.spec', pool });
    return cluster;
  }

  async createPool(cluster: NewCluster, name: string, wish: PoolWish = {}): Promise<string> {
    const pool = somePool(cluster, `pol_${cluster.name}_${name}`, { name, ...wish });
    await this.commit('api', { kind: 'pool.spec', pool });
    return pool.id;
  }

  /** An existing cluster is imported: the API server answers and is nobody's of ours. */
  async importCluster(name: string): Promise<NewCluster> {
    const external = { controlPlaneKind: ControlPlaneKind.EXTERNAL, cni: Cni.NONE, kubernetesVersion: sampleVersion };
    const first = someCluster(this.projectId, `clu_${name}`, { name });
    const cluster = { ...first, spec: { ...first.spec, ...external } };
    const sealedKubeconfig = new Uint8Array([1, 2, 3]);
    this.kubernetes.setUp(true);
    await this.commit(
      'api',
      { kind: 'cluster.spec', cluster },
      { kind: 'cluster.import', clusterId: cluster.id, sealedKubeconfig },
    );
    return cluster;
  }

  /** The live node of that name. */
  async node(name: string): Promise<NodeRecord> {
    const [node] = await this.store.read.nodesByName(this.projectId, name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  /** An operator changes a pool; a template that differs gets the next revision. */
  async changePool(poolId: string, over: Partial<NodePoolSpec>): Promise<void> {
    const stored = await this.store.read.pool(poolId);
    if (stored === undefined) throw new Error(`there is no pool ${poolId}`);
    const spec = { ...stored.spec, ...over };
    const templateRevision = nextTemplateRevision(stored.spec, spec, stored.templateRevision);
    await this.commit('api', { kind: 'pool.spec', pool: { ...stored, spec, templateRevision } });
  }

  /** A machine enrolls and its agent connects. */
  async enroll(name: string, wantedPoolId = '', over: Partial<NewMachine> = {}): Promise<FakeAgent> {
    const machineId = `mch_${name}`;
    await this.commit('enroll', {
      kind: 'machine.register',
      machine: someMachine(this.projectId, machineId, { name, wantedPoolId, ...over }),
    });
    const agent = new FakeAgent(machineId, name, {
      kubernetes: this.kubernetes,
      nowMs: () => this.clock.now().wallMs,
      report: async (observed) => {
        await this.commit('session', { kind: 'machine.observe', machineId, observed });
      },
    });
    this.agents.set(machineId, agent);
    await this.setConnected(name, true);
    return agent;
  }

  async setConnected(name: string, connected: boolean): Promise<void> {
    const machineId = `mch_${name}`;
    this.#heard.set(machineId, this.clock.now().monotonicMs);
    if (connected) this.#disconnected.delete(machineId);
    else this.#disconnected.add(machineId);
    const session = connected ? SessionState.CONNECTED : SessionState.DISCONNECTED;
    const lastSeenAtMs = this.clock.now().wallMs;
    await this.commit('session', {
      kind: 'machine.presence',
      machineId,
      session,
      lastSeenAtMs,
      remoteAddress: '192.0.2.1',
    });
    this.#dirty.add(machineId);
  }

  /** The machine loses power: neither its agent nor its kubelet is heard any more. */
  async powerOff(name: string): Promise<void> {
    this.kubernetes.stopKubelet(name);
    await this.setConnected(name, false);
  }

  async powerOn(name: string): Promise<void> {
    this.agents.get(`mch_${name}`)?.boot();
    await this.setConnected(name, true);
  }

  /** The kubelets' Leases, whatever the engine does. */
  async #kubelets(): Promise<void> {
    const { signal } = this.#over;
    setMaxListeners(0, signal);
    while (!signal.aborted) {
      this.kubernetes.tick(this.clock.now().wallMs);
      await this.clock.sleep(renewEveryMs, signal).catch(() => undefined);
    }
  }

  /** Lets everything happen that can happen without time passing. */
  async settle(): Promise<void> {
    for (let round = 0; round < 2000; round++) {
      await this.#atRest();
      await new Promise<void>((resolve) => setImmediate(resolve));
      const engine = this.engine;
      let moved = false;
      for (const machineId of [...this.#dirty]) {
        const agent = this.agents.get(machineId);
        this.#dirty.delete(machineId);
        if (agent === undefined || this.#disconnected.has(machineId)) continue;
        const push = await engine.pushFor(machineId);
        if (push !== undefined) agent.receive(push);
        if (await agent.step()) {
          moved = true;
          this.#dirty.add(machineId);
        }
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (!moved && this.#dirty.size === 0 && engine === this.engine) {
        await this.#atRest();
        if (this.#dirty.size === 0 && engine === this.engine) return;
      }
    }
    throw new Error('the world does not come to rest');
  }

  /** Settles, then lets time pass, in turns. */
  async run(durationMs: number, stepMs = 5_000): Promise<void> {
    await this.settle();
    for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
      await this.clock.advance(stepMs);
      await this.settle();
    }
  }

  /** The server dies at this moment and starts again: all that was only in memory is gone. */
  restart(): void {
    this.kills += 1;
    this.#life.abort(new Error('killed'));
    this.engine = this.#start();
    for (const machineId of this.agents.keys()) this.#dirty.add(machineId);
  }

  /** The engine has nothing to do, or has been killed meanwhile: a dead one never comes to rest. */
  async #atRest(): Promise<void> {
    const { signal } = this.#life;
    const killed = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([this.engine.idle(), killed]);
  }

  #start(): Engine {
    const life = new AbortController();
    setMaxListeners(0, life.signal);
    this.#life = life;
    const engine = createEngine(this.#ports(life), this.#options.extensions);
    this.#running = Promise.all(engine.tasks.map((task) => task.run(life.signal)));
    return engine;
  }

  #silentMs(machineId: string): number {
    return this.clock.now().monotonicMs - (this.#heard.get(machineId) ?? 0);
  }

  #mark(life: AbortController): void {
    if (life.signal.aborted) return;
    this.marks += 1;
    if (this.marks === this.#options.killAfter) this.restart();
  }

  #ports(life: AbortController): EnginePorts {
    const alive = (): boolean => !life.signal.aborted;
    const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
    const { clock, random, store } = this;
    const bytes = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());
    return {
      clock,
      random,
      log: this.#options.log ?? silentLogger,
      store: {
        instance: store.instance,
        read: store.read,
        onCommit: (listener) => store.onCommit((notice) => (alive() ? listener(notice) : undefined)),
        close: () => Promise.resolve(),
        commit: async (changes, options) => {
          if (!alive()) return never();
          const committed = await store.commit(changes, options);
          this.#mark(life);
          return alive() ? committed : never();
        },
      },
      sessions: {
        fleet: () => ({
          heard: this.agents.size - this.#disconnected.size,
          lost: [...this.#disconnected].filter((id) => this.#silentMs(id) <= lostWithinMs).length,
        }),
        live: (machineId) => ({
          connected: this.agents.has(machineId) && !this.#disconnected.has(machineId),
          lastHeardMs: this.#disconnected.has(machineId) ? this.#heard.get(machineId) : clock.now().monotonicMs,
          watchedSinceMs: 0,
          deadlineMs: this.deadlineMs,
          ownStallMs: this.ownStallMs,
          heartbeatIntervalMs: 5_000,
          probes: this.agents.get(machineId)?.probes ?? [],
        }),
      },
      clusters: { connect: () => Promise.resolve(this.kubernetes.client(alive, () => this.#mark(life))) },
      keys: {
        create: (clusterId) =>
          Promise.resolve({
            clientSpki: bytes(newId('key', random)),
            sealedClientKey: bytes(clusterId),
            sealedCertificateKey: bytes('c'),
          }),
        openCertificateKey: () => Promise.resolve('c'.repeat(64)),
      },
      mirror: {
        manifestSha256: () => (this.mirrored ? 'f'.repeat(64) : undefined),
        flannelImage: () => 'ghcr.io/flannel-io/flannel:v0.28.4',
        cniManifests: (cni) => {
          const text = this.cni.get(Cni[cni] ?? '');
          return text === undefined ? undefined : { text };
        },
        knows: () => true,
      },
      dispatch: { wake: (machineId) => (alive() ? this.#dirty.add(machineId) : undefined) },
    };
  }
}
