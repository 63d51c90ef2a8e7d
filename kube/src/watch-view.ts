import type { Clock, FlotillaError, Instant, Task } from '@flotilla/kit';
import type { KubeClient, WatchEventType, WatchHandler, WatchOptions } from './contract.js';
import type { KubeMeta, KubeObjects, KubeResource } from './objects.js';

/** An object as last seen. */
export interface Sighting<T> {
  readonly object: T;
  /** When we saw it become what it is, by our clocks: a heartbeat counts from here, whatever its sender's clock says. */
  readonly changedAt: Instant;
}

/** Whether what is known is being kept up to date. */
export type WatchState =
  /** Since the first list, or the one after a loss: judge nobody by silence from before. */
  | { readonly kind: 'watching'; readonly watchedSince: Instant }
  /** What is known, if anything, grows old since then. */
  | { readonly kind: 'lost'; readonly lostSince: Instant; readonly reason: FlotillaError | undefined };

/** What happened to a view. */
export type ViewChange =
  /** Look at everything: it was listed anew. */
  | { readonly kind: 'listed' }
  | { readonly kind: 'object'; readonly type: WatchEventType; readonly namespace: string; readonly name: string }
  | { readonly kind: 'lost'; readonly reason: FlotillaError };

/** What the cluster has of one resource, in memory, kept up to date by a watch. One run at a time. */
export class WatchView<R extends KubeResource> {
  readonly resource: R;
  readonly #options: WatchOptions;
  readonly #clock: Clock;
  readonly #onChange: (change: ViewChange) => void;
  #sightings = new Map<string, Sighting<KubeObjects[R]>>();
  #state: WatchState;

  /** `onChange` is called after each change, in order; it must be quick and must not throw. */
  constructor(resource: R, clock: Clock, onChange: (change: ViewChange) => void, options: WatchOptions = {}) {
    this.resource = resource;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#options = options;
    this.#state = { kind: 'lost', lostSince: clock.now(), reason: undefined };
  }

  get state(): WatchState {
    return this.#state;
  }

  /** Whether there was a first list: before it, what is not here says nothing. */
  get listed(): boolean {
    return this.#listed;
  }
  #listed = false;

  get size(): number {
    return this.#sightings.size;
  }

  get(name: string, namespace = ''): Sighting<KubeObjects[R]> | undefined {
    return this.#sightings.get(`${namespace}/${name}`);
  }

  all(): readonly Sighting<KubeObjects[R]>[] {
    return [...this.#sightings.values()];
  }

  /** Watches until the signal is aborted; the view is lost from then on. */
  async run(client: KubeClient, signal: AbortSignal): Promise<void> {
    const handler: WatchHandler<KubeObjects[R]> = {
      onList: (items) => this.#list(items),
      onEvent: (type, object) => this.#change(type, object),
      onLost: (reason) => this.#lose(reason),
    };
    try {
      await client.watchList(this.resource, handler, signal, this.#options);
    } finally {
      if (this.#state.kind === 'watching')
        this.#state = { kind: 'lost', lostSince: this.#clock.now(), reason: undefined };
    }
  }

  #list(items: readonly KubeObjects[R][]): void {
    const now = this.#clock.now();
    const next = new Map<string, Sighting<KubeObjects[R]>>();
    for (const object of items) next.set(keyOf(object.meta), this.#sighting(object, now));
    this.#sightings = next;
    this.#listed = true;
    this.#state = { kind: 'watching', watchedSince: now };
    this.#onChange({ kind: 'listed' });
  }

  #change(type: WatchEventType, object: KubeObjects[R]): void {
    const { namespace, name } = object.meta;
    if (type === 'deleted') this.#sightings.delete(keyOf(object.meta));
    else this.#sightings.set(keyOf(object.meta), this.#sighting(object, this.#clock.now()));
    this.#onChange({ kind: 'object', type, namespace, name });
  }

  #lose(reason: FlotillaError): void {
    // A first list that fails again does not make the loss younger.
    const lostSince = this.#state.kind === 'lost' ? this.#state.lostSince : this.#clock.now();
    this.#state = { kind: 'lost', lostSince, reason };
    this.#onChange({ kind: 'lost', reason });
  }

  /** An object listed anew that did not change meanwhile keeps its time. */
  #sighting(object: KubeObjects[R], now: Instant): Sighting<KubeObjects[R]> {
    const before = this.#sightings.get(keyOf(object.meta));
    const same =
      before?.object.meta.resourceVersion === object.meta.resourceVersion && before.object.meta.uid === object.meta.uid;
    return { object, changedAt: same ? before.changedAt : now };
  }
}

function keyOf(meta: KubeMeta): string {
  return `${meta.namespace}/${meta.name}`;
}

/** Which view of a cluster changed, and how. */
export type ClusterChange = ViewChange & { readonly resource: 'nodes' | 'leases' | 'certificatesigningrequests' };

/** What is known of one cluster without asking: its nodes, their heartbeats, and requests for certificates. */
export class ClusterView {
  readonly nodes: WatchView<'nodes'>;
  /** Of the kubelets; named like their nodes. */
  readonly leases: WatchView<'leases'>;
  readonly csrs: WatchView<'certificatesigningrequests'>;

  constructor(clock: Clock, onChange: (change: ClusterChange) => void) {
    this.nodes = new WatchView('nodes', clock, (change) => onChange({ resource: 'nodes', ...change }));
    const leases = { namespace: nodeLeaseNamespace };
    this.leases = new WatchView('leases', clock, (change) => onChange({ resource: 'leases', ...change }), leases);
    this.csrs = new WatchView('certificatesigningrequests', clock, (change) =>
      onChange({ resource: 'certificatesigningrequests', ...change }),
    );
  }

  /** The kubelet's lease of a node. */
  lease(nodeName: string): Sighting<KubeObjects['leases']> | undefined {
    return this.leases.get(nodeName, nodeLeaseNamespace);
  }

  /** Watching when all three watch, since the youngest of them; else lost since the first loss. */
  get state(): WatchState {
    const states = [this.nodes.state, this.leases.state, this.csrs.state];
    return states.reduce((worst, state) => {
      if (worst.kind === 'watching' && state.kind === 'watching')
        return isLater(state.watchedSince, worst.watchedSince) ? state : worst;
      if (worst.kind === 'lost' && state.kind === 'lost')
        return isLater(worst.lostSince, state.lostSince) ? state : worst;
      return worst.kind === 'lost' ? worst : state;
    });
  }

  /** The tasks that keep the view up to date, to be run together. */
  tasks(client: KubeClient): readonly Task[] {
    return [this.nodes, this.leases, this.csrs].map((view) => ({
      name: `watch-${view.resource}`,
      run: (signal: AbortSignal) => view.run(client, signal),
    }));
  }
}

const nodeLeaseNamespace = 'kube-node-lease';

function isLater(a: Instant, b: Instant): boolean {
  return a.monotonicMs > b.monotonicMs;
}
