import { FlotillaError, toFlotillaError, type Logger } from '@flotilla/kit';
import type { KubeClient } from '@flotilla/kube';
import type { ClusterLinks } from './cluster-links.js';
import { applyAddons, checkExternal, diagnoseNetwork, makeKeys } from './cluster-effects.js';
import { drainNode } from './drain.js';
import type { Effect, EffectOf } from './effect.js';
import type { EngineMemory } from './memory.js';
import { dropToken, mintToken, sweepTokens } from './mint-token.js';
import { cordonNode, syncNode, uncordonNode } from './node-effects.js';
import type { EnginePorts } from './ports.js';
import type { Key } from './reconciler.js';
import { same } from './same.js';

/** One executor for each kind; total by type. true = look again now, something is known that was not. */
type Executors = { readonly [K in Effect['kind']]: (effect: EffectOf<K>) => Promise<boolean> };

export interface EffectsRun {
  /** What is to be said about the key has changed. */
  readonly changed: boolean;
  readonly failed: boolean;
}

/** Carries out what plans ask for. Every effect is tried; one that fails keeps none of the others from happening. */
export class Effects {
  readonly #ports: EnginePorts;
  readonly #links: ClusterLinks;
  readonly #memory: EngineMemory;
  readonly #log: Logger;
  readonly #executors: Executors;

  constructor(ports: EnginePorts, links: ClusterLinks, memory: EngineMemory) {
    this.#ports = ports;
    this.#links = links;
    this.#memory = memory;
    this.#log = ports.log.child({ part: 'effects' });
    this.#executors = this.#table();
  }

  async run(key: Key, effects: readonly Effect[]): Promise<EffectsRun> {
    const outcomes = await Promise.allSettled(effects.map((effect) => this.#execute(effect)));
    let changed = false;
    let failed = false;
    const kinds = new Map<string, string | undefined>();
    for (const [i, outcome] of outcomes.entries()) {
      const kind = effects[i]?.kind ?? '';
      if (outcome.status === 'fulfilled') {
        changed = changed || outcome.value;
        if (!kinds.has(kind)) kinds.set(kind, undefined);
        continue;
      }
      failed = true;
      const error = toFlotillaError(outcome.reason);
      kinds.set(kind, `${kind}: ${error.message}${error.remedy === '' ? '' : ` ${error.remedy}`}`);
      // Somebody else wrote at the same moment, the kubelet mostly: the next look plans it anew, and nobody need know.
      const level = error.kind === 'conflict' ? 'debug' : 'warn';
      this.#log[level]({ key, effect: kind, code: error.code, err: error }, 'an effect failed and will be tried again');
    }
    for (const [kind, problem] of kinds) changed = this.#memory.setProblem(key, kind, problem) || changed;
    return { changed, failed };
  }

  /** A problem of something that is not asked for any more is no problem. */
  forgive(key: Key, effects: readonly Effect[], kinds: readonly Effect['kind'][]): boolean {
    const asked = new Set(effects.map((e) => e.kind));
    return kinds
      .filter((k) => !asked.has(k))
      .map((k) => this.#memory.setProblem(key, k, undefined))
      .includes(true);
  }

  async #execute(effect: Effect): Promise<boolean> {
    // The table is total and keyed by kind, which the compiler cannot follow through an index.
    const execute = this.#executors[effect.kind] as (effect: Effect) => Promise<boolean>;
    return execute(effect);
  }

  #client(clusterId: string): KubeClient {
    const client = this.#links.get(clusterId)?.client;
    if (client !== undefined) return client;
    throw new FlotillaError('CLUSTER_NOT_CONNECTED', 'there is no connection to the cluster', { kind: 'unavailable' });
  }

  /** Something at the API server after which there is nothing new to say. */
  async #at<E extends { readonly clusterId: string }>(
    effect: E,
    act: (client: KubeClient, effect: E) => Promise<void>,
  ): Promise<boolean> {
    await act(this.#client(effect.clusterId), effect);
    return false;
  }

  #table(): Executors {
    const { clock, dispatch } = this.#ports;
    return {
      cordon: (effect) => this.#at(effect, cordonNode),
      uncordon: (effect) => this.#at(effect, uncordonNode),
      'sync-node': (effect) => this.#at(effect, syncNode),
      drain: async (effect) => {
        const facts = await drainNode(this.#client(effect.clusterId), effect, clock.now().wallMs);
        const changed = !same(facts, this.#memory.drains.get(effect.nodeId));
        this.#memory.drains.set(effect.nodeId, facts);
        return changed;
      },
      'delete-node': async ({ clusterId, nodeName, uid }) => {
        await this.#client(clusterId).delete('nodes', { name: nodeName }, { uid });
        return false;
      },
      'mint-token': async (effect) => {
        await mintToken(this.#client(effect.clusterId), effect, this.#ports, this.#memory);
        dispatch.wake(effect.machineId);
        return false;
      },
      'drop-token': async ({ clusterId, machineId }) => {
        const client = this.#links.get(clusterId)?.client;
        // Without a cluster there is nothing to delete from; the token ends by itself.
        if (client !== undefined) await dropToken(client, machineId);
        this.#memory.tokens.drop(machineId);
        return false;
      },
      'sweep-tokens': async ({ clusterId }) => {
        await sweepTokens(this.#client(clusterId), this.#memory);
        this.#memory.swept.add(clusterId);
        return false;
      },
      'make-keys': async ({ clusterId }) => {
        await makeKeys(this.#ports, clusterId);
        return false;
      },
      'apply-addons': async ({ clusterId, manifests }) => {
        const client = this.#client(clusterId);
        await applyAddons(client, manifests);
        this.#memory.addons.set(clusterId, 'applied');
        return true;
      },
      'check-external': ({ clusterId }) => checkExternal(this.#client(clusterId), clusterId, clock.now(), this.#memory),
      'diagnose-network': ({ clusterId, cni }) =>
        diagnoseNetwork(this.#client(clusterId), clusterId, cni, clock.now(), this.#memory),
      'approve-csr': async ({ clusterId, name, uid, nodeName }) => {
        await this.#client(clusterId).approveCsr(name, {
          type: 'Approved',
          uid,
          reason: 'FlotillaApproved',
          message: `The requester is node ${nodeName} and every name is its own.`,
        });
        return false;
      },
    };
  }
}
