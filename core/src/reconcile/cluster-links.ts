import type { Clock, Logger } from '@flotilla/kit';
import type { KubeClient, KubeCsr, KubeLease, KubeNode, WatchHandler } from '@flotilla/kube';
import { ControlPlaneKind } from '@flotilla/proto';
import type { ClusterRecord } from '../domain/records.js';
import { machineIdOf } from './kubernetes-facts.js';
import type { ClusterConnection, ClusterConnector } from './ports.js';

/** What is seen of a cluster at this moment. */
export interface LinkView {
  /** The API server answers and its watch of nodes is live. */
  readonly known: boolean;
  /** Why not; empty when known. */
  readonly problem: string;
  readonly client: KubeClient | undefined;
  readonly nodes: ReadonlyMap<string, KubeNode>;
  readonly csrs: ReadonlyMap<string, KubeCsr>;
  /** Monotonic time since which nodes and leases are both watched without a break; undefined while they are not. */
  readonly watchedSinceMs: number | undefined;
  /** Monotonic time at which we last saw the kubelet renew its Lease; undefined = not since the watch began. */
  leaseSeenMs(nodeName: string): number | undefined;
}

/** A Lease that was not renewed for this long was late: when it comes again, its machine is looked at. */
const leaseLateMs = 40_000;

export interface LinkListener {
  /** The link came up or was lost. */
  link(clusterId: string): void;
  node(clusterId: string, machineId: string): void;
  csrs(clusterId: string): void;
  /** The watch of the kubelets' Leases began or was lost. */
  leases(clusterId: string): void;
}

/** One watch per cluster whose certificates are known: the second witness of every node. */
export class ClusterLinks {
  readonly #connector: ClusterConnector;
  readonly #listener: LinkListener;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #links = new Map<string, Link>();
  #stopped = false;

  constructor(connector: ClusterConnector, listener: LinkListener, clock: Clock, log: Logger) {
    this.#connector = connector;
    this.#listener = listener;
    this.#clock = clock;
    this.#log = log;
  }

  get(clusterId: string): LinkView | undefined {
    return this.#links.get(clusterId);
  }

  all(): ReadonlyMap<string, LinkView> {
    return this.#links;
  }

  /** Watches the cluster if it can be reached at all; begins anew when how to reach it has changed. */
  ensure(cluster: ClusterRecord): void {
    const connection = connectionOf(cluster);
    const known = this.#links.get(cluster.id);
    if (connection === undefined || this.#stopped) {
      if (connection === undefined) this.drop(cluster.id);
      return;
    }
    const kubeconfig = Buffer.from(connection.sealedKubeconfig).toString('base64');
    const { endpoint, caCertificate, clientCertificate } = connection;
    const key = `${endpoint}\n${caCertificate}\n${clientCertificate}\n${kubeconfig}`;
    if (known?.key === key) return;
    known?.stop();
    const link = new Link(key, connection, this.#connector, this.#listener, this.#clock, this.#log);
    this.#links.set(cluster.id, link);
  }

  drop(clusterId: string): void {
    this.#links.get(clusterId)?.stop();
    this.#links.delete(clusterId);
  }

  /** Ends every watch when the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    this.#stopped = true;
    const links = [...this.#links.values()];
    for (const link of links) link.stop();
    await Promise.all(links.map((link) => link.ended));
  }
}

function connectionOf(cluster: ClusterRecord): ClusterConnection | undefined {
  const { access, status } = cluster;
  if (cluster.spec.controlPlaneKind === ControlPlaneKind.EXTERNAL) {
    if (access === undefined || access.sealedKubeconfig.length === 0) return undefined;
    const nothing = { endpoint: '', caCertificate: '', clientCertificate: '', sealedClientKey: new Uint8Array() };
    return { clusterId: cluster.id, ...nothing, sealedKubeconfig: access.sealedKubeconfig };
  }
  if (access === undefined || access.clientCertificate === '' || status.endpoint === '') return undefined;
  return {
    clusterId: cluster.id,
    endpoint: status.endpoint,
    caCertificate: access.caCertificate,
    clientCertificate: access.clientCertificate,
    sealedClientKey: access.sealedClientKey,
    sealedKubeconfig: new Uint8Array(),
  };
}

class Link implements LinkView {
  readonly key: string;
  readonly nodes = new Map<string, KubeNode>();
  readonly csrs = new Map<string, KubeCsr>();
  readonly ended: Promise<void>;
  known = false;
  problem = 'it has not been asked yet';
  client: KubeClient | undefined;
  readonly #abort = new AbortController();
  readonly #clock: Clock;
  readonly #leases = new Map<string, { readonly resourceVersion: string; readonly seenMs: number | undefined }>();
  #nodesSinceMs: number | undefined;
  #leasesSinceMs: number | undefined;

  constructor(
    key: string,
    connection: ClusterConnection,
    connector: ClusterConnector,
    listener: LinkListener,
    clock: Clock,
    log: Logger,
  ) {
    this.key = key;
    this.#clock = clock;
    const { clusterId } = connection;
    this.ended = this.#watch(connection, connector, listener).catch((error: unknown) => {
      if (this.#abort.signal.aborted) return;
      this.#lost(error instanceof Error ? error.message : String(error));
      log.error({ clusterId, err: error }, 'the watch of a cluster ended');
      listener.link(clusterId);
    });
  }

  get watchedSinceMs(): number | undefined {
    if (!this.known || this.#nodesSinceMs === undefined || this.#leasesSinceMs === undefined) return undefined;
    return Math.max(this.#nodesSinceMs, this.#leasesSinceMs);
  }

  leaseSeenMs(nodeName: string): number | undefined {
    return this.#leases.get(nodeName)?.seenMs;
  }

  stop(): void {
    this.#abort.abort(new Error('the watch is not needed any more'));
    this.known = false;
  }

  async #watch(connection: ClusterConnection, connector: ClusterConnector, listener: LinkListener): Promise<void> {
    const { clusterId } = connection;
    const client = await connector.connect(connection);
    const { signal } = this.#abort;
    if (signal.aborted) return;
    this.client = client;
    await Promise.all([
      client.watchList('nodes', this.#nodeHandler(clusterId, listener), signal),
      client.watchList('certificatesigningrequests', this.#csrHandler(clusterId, listener), signal),
      client.watchList('leases', this.#leaseHandler(clusterId, listener), signal, { namespace: 'kube-node-lease' }),
    ]);
  }

  #nodeHandler(clusterId: string, listener: LinkListener): WatchHandler<KubeNode> {
    const tell = (node: KubeNode): void => {
      const machineId = machineIdOf(node);
      if (machineId !== undefined) listener.node(clusterId, machineId);
    };
    return {
      onList: (items) => {
        const before = [...this.nodes.values()];
        this.nodes.clear();
        for (const node of items) this.nodes.set(node.meta.name, node);
        this.known = true;
        this.problem = '';
        this.#nodesSinceMs = this.#clock.now().monotonicMs;
        listener.link(clusterId);
        for (const node of [...before, ...items]) tell(node);
      },
      onEvent: (type, node) => {
        if (type === 'deleted') this.nodes.delete(node.meta.name);
        else this.nodes.set(node.meta.name, node);
        tell(node);
      },
      onLost: (reason) => {
        this.#lost(reason.message);
        listener.link(clusterId);
      },
    };
  }

  #csrHandler(clusterId: string, listener: LinkListener): WatchHandler<KubeCsr> {
    return {
      onList: (items) => {
        this.csrs.clear();
        for (const csr of items) this.csrs.set(csr.meta.name, csr);
        listener.csrs(clusterId);
      },
      onEvent: (type, csr) => {
        if (type === 'deleted') this.csrs.delete(csr.meta.name);
        else this.csrs.set(csr.meta.name, csr);
        listener.csrs(clusterId);
      },
      onLost: () => undefined,
    };
  }

  #leaseHandler(clusterId: string, listener: LinkListener): WatchHandler<KubeLease> {
    return {
      // What is listed was renewed at some time before: only what changes from now on was seen to be renewed.
      onList: (items) => {
        const before = new Map(this.#leases);
        this.#leases.clear();
        for (const { meta } of items) {
          const known = before.get(meta.name);
          const renewed = known !== undefined && known.resourceVersion !== meta.resourceVersion;
          const seenMs = renewed ? this.#clock.now().monotonicMs : known?.seenMs;
          this.#leases.set(meta.name, { resourceVersion: meta.resourceVersion, seenMs });
        }
        this.#leasesSinceMs = this.#clock.now().monotonicMs;
        listener.leases(clusterId);
      },
      onEvent: (type, { meta }) => {
        const nowMs = this.#clock.now().monotonicMs;
        const before = this.#leases.get(meta.name)?.seenMs;
        if (type === 'deleted') this.#leases.delete(meta.name);
        else this.#leases.set(meta.name, { resourceVersion: meta.resourceVersion, seenMs: nowMs });
        if (type !== 'deleted' && before !== undefined && nowMs - before < leaseLateMs) return;
        const machineId = machineIdOf(this.nodes.get(meta.name));
        if (machineId !== undefined) listener.node(clusterId, machineId);
      },
      onLost: () => {
        this.#leasesSinceMs = undefined;
        listener.leases(clusterId);
      },
    };
  }

  #lost(problem: string): void {
    this.known = false;
    this.problem = problem;
    this.#nodesSinceMs = undefined;
  }
}
