import { assert, jitteredDelayMs } from '@flotilla/kit';
import { Bootstrap, MachineRole, TargetPush, TargetSecrets } from '@flotilla/proto';
import type { MachineView } from '../domain/views.js';
import { stampTarget } from '../plan/target.js';
import type { CommitNotice } from '../store/store.js';
import { ClusterLinks } from './cluster-links.js';
import { clusterReconciler, wakesOfLink } from './cluster-reconciler.js';
import { csrReconciler } from './csr-reconciler.js';
import type { Effect } from './effect.js';
import { Effects } from './effects.js';
import type { Engine } from './engine-contract.js';
import { Loop } from './loop.js';
import { machineReconciler, targetReconciler } from './machine-reconciler.js';
import { EngineMemory } from './memory.js';
import { nodeReconciler } from './node-reconciler.js';
import { poolReconciler } from './pool-reconciler.js';
import type { EnginePorts } from './ports.js';
import { projectReconciler } from './project-reconciler.js';
import type { EngineContext, EngineExtension, Key, KeyKind, Outcome, Reconciler } from './reconciler.js';
import { registry } from './registry.js';
import { witnessOf } from './witness.js';

const resyncMs = 60_000;
const pageSize = 200;
/** Pools up to this size are looked at whenever something happens; bigger ones rest 1 ms per machine, at most 2 s. */
const restlessPoolMax = 100;
const restMsMax = 2_000;
const effectRetry = { delayMsMin: 1_000, delayMsMax: 60_000 } as const;

/** Puts the deciding part together. Nothing runs until its tasks do. */
export function createEngine(ports: EnginePorts, extensions: readonly EngineExtension[] = []): Engine {
  return new ReconcileEngine(ports, extensions);
}

class ReconcileEngine implements Engine {
  readonly tasks: Engine['tasks'];
  readonly #ports: EnginePorts;
  readonly #memory = new EngineMemory();
  readonly #links: ClusterLinks;
  readonly #effects: Effects;
  readonly #reconcilers: readonly Reconciler[];
  readonly #loop: Loop;
  readonly #effectFailures = new Map<Key, number>();

  constructor(ports: EnginePorts, extensions: readonly EngineExtension[]) {
    this.#ports = ports;
    const log = ports.log.child({ part: 'reconcile' });
    const wakeAll = (keys: Promise<readonly Key[]>): void => {
      keys.then(
        (list) => list.forEach((key) => this.#loop.wake(key)),
        (error: unknown) => log.warn({ err: error }, 'could not wake; the next full look will'),
      );
    };
    this.#links = new ClusterLinks(
      ports.clusters,
      {
        link: (clusterId) => wakeAll(wakesOfLink(clusterId, ports.store)),
        node: (_clusterId, machineId) => this.#loop.wake(`machine:${machineId}`),
        csrs: (clusterId) => this.#loop.wake(`csr:${clusterId}`),
        leases: (clusterId) => this.#loop.wake(`health:${clusterId}`),
      },
      ports.clock,
      log,
    );
    this.#effects = new Effects(ports, this.#links, this.#memory);
    const context: EngineContext = {
      ports,
      witness: (clusterId, nodeName, machineId) => witnessOf(this.#links.get(clusterId), nodeName, machineId),
    };
    this.#reconcilers = registry([
      projectReconciler(ports),
      clusterReconciler(ports, this.#links, this.#memory),
      poolReconciler(ports, this.#memory),
      nodeReconciler(ports, this.#links, this.#memory),
      machineReconciler(ports, this.#memory),
      targetReconciler(ports, this.#memory),
      csrReconciler(ports, this.#links, this.#memory),
      ...extensions.flatMap((extend) => extend(context)),
    ]);
    const { clock, random } = ports;
    this.#loop = new Loop({
      clock,
      random,
      log,
      work: (key) => this.#work(key),
      allKeys: () => this.#allKeys(),
      restMs: (key) => this.#restMs(key),
      resyncMs,
      workers: 8,
    });
    this.tasks = [
      { name: 'cluster-links', run: (signal) => this.#links.run(signal) },
      { name: 'reconcile', run: (signal) => this.#runLoop(signal) },
    ];
  }

  wake(key: Parameters<Engine['wake']>[0]): void {
    if (key !== 'mirror' && !key.startsWith('node:')) {
      this.#loop.wake(key as Key); // the other kinds are keys of the loop
      return;
    }
    void this.#wakeWide(key);
  }

  idle(): Promise<void> {
    return this.#loop.idle();
  }

  clusterClient(clusterId: string): ReturnType<Engine['clusterClient']> {
    const link = this.#links.get(clusterId);
    return link?.known === true ? link.client : undefined;
  }

  clusterLinks(): ReturnType<Engine['clusterLinks']> {
    return [...this.#links.all()].map(([clusterId, link]) => ({
      clusterId,
      reachable: link.known,
      problem: link.problem,
      nodesSeen: link.nodes.size,
    }));
  }

  async pushFor(machineId: string): Promise<TargetPush | undefined> {
    const view = await this.#ports.store.read.views.machine(machineId);
    if (view?.target === undefined) return undefined;
    const target = stampTarget(view.target, this.#ports.store.instance.epoch);
    return TargetPush.create({ target, secrets: await this.#secretsOf(view) });
  }

  async #secretsOf({ machine, node, cluster, target }: MachineView): Promise<TargetSecrets> {
    const secrets = TargetSecrets.create();
    const document = target?.target;
    if (node === undefined || cluster === undefined || document?.nodeId !== node.id) return secrets;
    if (document.cluster?.bootstrap === Bootstrap.JOIN) {
      const usable = this.#memory.tokens.usable(machine.id, node.id, this.#ports.clock.now());
      secrets.bootstrapToken = usable?.token ?? '';
      secrets.bootstrapTokenTtlSeconds = Math.floor((usable?.leftMs ?? 0) / 1000);
    }
    if (document.role === MachineRole.CONTROL_PLANE && cluster.access !== undefined) {
      secrets.certificateKey = await this.#ports.keys.openCertificateKey(
        cluster.id,
        cluster.access.sealedCertificateKey,
      );
    }
    return secrets;
  }

  async #runLoop(signal: AbortSignal): Promise<void> {
    const stop = this.#ports.store.onCommit((notice) => this.#onCommit(notice));
    try {
      await this.#loop.run(signal);
    } finally {
      stop();
    }
  }

  #onCommit(notice: CommitNotice): void {
    for (const { kind, id } of notice.touched) {
      if (kind === 'cluster' || kind === 'pool' || kind === 'machine' || kind === 'health' || kind === 'project') {
        this.#loop.wake(`${kind}:${id}`);
      }
      if (kind === 'target') {
        this.#loop.wake(`machine:${id}`);
        this.#ports.dispatch.wake(id);
      }
    }
  }

  /** A look at a big pool reads all of its machines, one at the health of a big cluster all of its nodes. */
  #restMs(key: Key): number {
    const colon = key.indexOf(':');
    const [kind, id] = [key.slice(0, colon), key.slice(colon + 1)];
    if (kind !== 'pool' && kind !== 'health') return 0;
    const size = (kind === 'pool' ? this.#memory.poolSizes.get(id) : this.#links.get(id)?.nodes.size) ?? 0;
    return size <= restlessPoolMax ? 0 : Math.min(restMsMax, size);
  }

  async #work(key: Key): Promise<number | undefined> {
    const colon = key.indexOf(':');
    const [kind, id] = [key.slice(0, colon) as KeyKind, key.slice(colon + 1)]; // keys are made by us
    let recheckMs: number | undefined;
    let seen: MachineView | undefined;
    for (const reconciler of this.#reconcilers) {
      if (reconciler.key !== kind) continue;
      if (kind === 'machine') seen ??= await this.#ports.store.read.views.machine(id);
      const outcome = await reconciler.look(id, this.#ports.clock.now(), seen);
      if (outcome.changes.length > 0) seen = undefined;
      await this.#commit(reconciler, outcome);
      for (const wake of outcome.wakes) this.#loop.wake(wake);
      recheckMs = earliest(recheckMs, outcome.recheckMs);
      recheckMs = earliest(recheckMs, await this.#runEffects(key, reconciler, outcome));
    }
    return recheckMs;
  }

  async #commit({ owner, name, writes }: Reconciler, { changes, expect }: Outcome): Promise<void> {
    if (changes.length === 0) return;
    for (const change of changes)
      assert(writes.includes(change.kind), `${name} does not declare that it writes ${change.kind}`);
    const nowMs = this.#ports.clock.now().wallMs;
    await this.#ports.store.commit(changes, { owner, nowMs, actor: `rule:${name}`, expect });
  }

  /** The time after which to try again, when one failed. */
  async #runEffects(key: Key, { name }: Reconciler, { effects }: Outcome): Promise<number | undefined> {
    const tried = effectKindsOf[name] ?? [];
    if (this.#effects.forgive(key, effects, tried)) this.#loop.wake(key);
    if (effects.length === 0) return undefined;
    const { changed, failed } = await this.#effects.run(key, effects);
    if (changed) this.#loop.wake(key);
    if (!failed) {
      this.#effectFailures.delete(key);
      return undefined;
    }
    const failures = this.#effectFailures.get(key) ?? 0;
    this.#effectFailures.set(key, failures + 1);
    return jitteredDelayMs(failures, effectRetry, this.#ports.random);
  }

  async *#allKeys(): AsyncIterable<readonly Key[]> {
    for (const kind of ['project', 'cluster', 'pool', 'machine'] as const) {
      let afterId = '';
      for (;;) {
        const ids = await this.#ports.store.read.views.liveIds(kind, afterId, pageSize);
        yield ids.map((id): Key => `${kind}:${id}`);
        if (kind === 'cluster') yield ids.flatMap((id): Key[] => [`csr:${id}`, `health:${id}`]);
        afterId = ids.at(-1) ?? '';
        if (ids.length < pageSize) break;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    }
  }

  async #wakeWide(key: string): Promise<void> {
    try {
      if (key === 'mirror') {
        for await (const keys of this.#allKeys()) for (const k of keys) this.#loop.wake(k);
        return;
      }
      const node = await this.#ports.store.read.node(key.slice('node:'.length));
      if (node !== undefined) this.#loop.wake(`machine:${node.machineId}`);
    } catch (error) {
      this.#ports.log.warn({ key, err: error }, 'could not wake; the next full look will');
    }
  }
}

/** Which effects each reconciler asks for: a problem of one that is not asked for any more is over. */
const effectKindsOf: Readonly<Record<string, readonly Effect['kind'][]>> = {
  node: ['cordon', 'uncordon', 'drain', 'delete-node', 'sync-node', 'mint-token', 'drop-token'],
  cluster: ['make-keys', 'sweep-tokens', 'apply-addons', 'check-external', 'diagnose-network'],
  csr: ['approve-csr'],
};

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
