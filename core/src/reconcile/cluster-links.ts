import type { Logger } from '@flotilla/kit';
import type { KubeClient, KubeCsr, KubeNode, WatchHandler } from '@flotilla/kube';
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
}

export interface LinkListener {
  /** The link came up or was lost. */
  link(clusterId: string): void;
  node(clusterId: string, machineId: string): void;
  csrs(clusterId: string): void;
}

/** One watch per cluster whose certificates are known: the second witness of every node. */
export class ClusterLinks {
  readonly #connector: ClusterConnector;
  readonly #listener: LinkListener;
  readonly #log: Logger;
  readonly #links = new Map<string, Link>();
  #stopped = false;

  constructor(connector: ClusterConnector, listener: LinkListener, log: Logger) {
    this.#connector = connector;
    this.#listener = listener;
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
    const key = `${connection.endpoint}\n${connection.caCertificate}\n${connection.clientCertificate}`;
    if (known?.key === key) return;
    known?.stop();
    this.#links.set(cluster.id, new Link(key, connection, this.#connector, this.#listener, this.#log));
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
  if (access === undefined || access.clientCertificate === '' || status.endpoint === '') return undefined;
  return {
    clusterId: cluster.id,
    endpoint: status.endpoint,
    caCertificate: access.caCertificate,
    clientCertificate: access.clientCertificate,
    sealedClientKey: access.sealedClientKey,
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

  constructor(
    key: string,
    connection: ClusterConnection,
    connector: ClusterConnector,
    listener: LinkListener,
    log: Logger,
  ) {
    this.key = key;
    const { clusterId } = connection;
    this.ended = this.#watch(connection, connector, listener).catch((error: unknown) => {
      if (this.#abort.signal.aborted) return;
      this.#lost(error instanceof Error ? error.message : String(error));
      log.error({ clusterId, err: error }, 'the watch of a cluster ended');
      listener.link(clusterId);
    });
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

  #lost(problem: string): void {
    this.known = false;
    this.problem = problem;
  }
}
