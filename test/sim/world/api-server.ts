import { FlotillaError } from '@flotilla/kit';
import { ApiWatches } from './api-watches.js';
import { Workload } from './workload.js';
import type {
  EvictionOutcome,
  JsonObject,
  KubeAt,
  KubeClient,
  KubeCondition,
  KubeLease,
  KubeManifest,
  KubeNode,
  KubeObjects,
  KubePod,
  KubeResource,
  KubeSecret,
} from '@flotilla/kube';
import { emptyNode, merged, metaOf } from './kube-objects.js';
import type { Kernel, Process } from './kernel.js';
import type { Network } from './net.js';

/** Without news from the kubelet for this long, Kubernetes says Ready=Unknown. */
export const nodeGraceMs = 50_000;
const lifecycleEveryMs = 5_000;
/** Pods of a node that cannot be reached are evicted after this. */
const tolerationMs = 300_000;

export type NodeWrite = 'cordon' | 'uncordon' | 'evict' | 'delete-node' | 'delete-pod';

/** What the control plane did to a node through the API server; for the checkers. */
export interface ApiWrite {
  readonly act: NodeWrite;
  readonly nodeName: string;
}

/** The API server of one cluster with its node lifecycle controller, its scheduler and its kubelets' Leases. */
export class SimApiServer {
  readonly nodes = new Map<string, KubeNode>();
  readonly leases = new Map<string, KubeLease>();
  readonly pods = new Map<string, KubePod>();
  readonly secrets = new Map<string, KubeSecret>();
  readonly applied = new Map<string, KubeManifest>();
  /** Pods whose eviction a budget refuses for ever. */
  readonly protectedPods = new Set<string>();
  onWrite: (write: ApiWrite) => void = () => undefined;
  /** By whoever runs the control plane: false while no quorum of etcd is up. */
  isUp: () => boolean = () => false;
  #wasUp = false;
  #uid = 0;
  #version = 1;
  readonly #unreadySinceMs = new Map<string, number>();
  readonly #watches: ApiWatches;
  readonly workload: Workload;

  constructor(
    readonly kernel: Kernel,
    private readonly network: Network,
    readonly place: string,
    podsPerNode: number,
  ) {
    this.#watches = new ApiWatches(kernel, network, place, {
      isUp: () => this.isUp(),
      list: (resource) => this.#list(resource),
    });
    this.workload = new Workload(kernel, kernel.fork(place), this, podsPerNode);
    this.#lifecycle();
  }

  get hasNetwork(): boolean {
    return [...this.applied.values()].some(({ kind }) => kind === 'DaemonSet');
  }

  get wallMs(): number {
    return this.kernel.startWallMs + this.kernel.nowMs;
  }

  /** A kubelet that has just started registers itself; it keeps what is there. */
  register(
    name: string,
    node: { providerId: string; labels: Record<string, string>; bootId: string; address: string },
  ): void {
    const before = this.nodes.get(name);
    const meta = before?.meta ?? metaOf(name, `uid-${++this.#uid}`, '', this.wallMs);
    this.#putNode({
      ...(before ?? emptyNode(meta)),
      meta: { ...meta, labels: { ...meta.labels, ...node.labels } },
      providerId: node.providerId,
      addresses: [{ type: 'InternalIP', address: node.address }],
      info: { ...(before ?? emptyNode(meta)).info, kubeletVersion: 'v1.34.4', bootId: node.bootId },
    });
    this.beat(name, { ready: this.hasNetwork, message: '' });
  }

  /** A kubelet renews its Lease and, when it changed, posts its status. False when it has no Node object. */
  beat(name: string, status: { readonly ready: boolean; readonly message: string; readonly bootId?: string }): boolean {
    const node = this.nodes.get(name);
    const before = this.leases.get(name);
    const lease: KubeLease = {
      meta: {
        ...(before?.meta ?? metaOf(name, `lease-${++this.#uid}`, 'kube-node-lease', this.wallMs)),
        resourceVersion: String(++this.#version),
      },
      holder: name,
      durationSeconds: 40,
      renewedAtMs: this.wallMs,
    };
    this.leases.set(name, lease);
    this.#watches.tell('leases', before === undefined ? 'added' : 'modified', lease);
    if (node === undefined) return false;
    const wanted = status.ready ? 'True' : 'False';
    const ready = node.conditions.find(({ type }) => type === 'Ready');
    if (ready?.status !== wanted || (status.bootId !== undefined && node.info.bootId !== status.bootId)) {
      this.#setReady(node, wanted, status.ready ? 'KubeletReady' : 'KubeletNotReady', status.message, status.bootId);
      if (status.ready) this.workload.schedule();
    }
    return true;
  }

  /** Whether a kubelet may join with this token. */
  acceptsToken(token: string): boolean {
    const [id = '', secret = ''] = token.split('.');
    const stored = this.secrets.get(`bootstrap-token-${id}`);
    const text = (key: string): string => Buffer.from(stored?.data[key] ?? []).toString();
    return stored !== undefined && text('token-secret') === secret && Date.parse(text('expiration')) > this.wallMs;
  }

  removeNode(name: string): void {
    const node = this.nodes.get(name);
    if (node === undefined) return;
    this.nodes.delete(name);
    this.leases.delete(name);
    for (const [key, pod] of this.pods) if (pod.nodeName === name) this.pods.delete(key);
    this.#watches.tell('nodes', 'deleted', node);
    this.workload.schedule();
  }

  /** Somebody else than us changes a node (kubectl). */
  kubectl(name: string, change: { readonly unschedulable: boolean }): void {
    const node = this.nodes.get(name);
    if (node !== undefined) this.#putNode({ ...node, unschedulable: change.unschedulable });
  }

  /** The way a process of the control plane reaches this API server. */
  client(owner: Process): KubeClient {
    const reach = async (): Promise<void> => {
      await this.#travel(owner);
    };
    const listAll = async <R extends KubeResource>(
      resource: R,
      options?: { fieldSelector?: string; labelSelector?: string },
    ) => {
      await reach();
      return this.#list(resource, options);
    };
    const client: Partial<KubeClient> = {
      version: () => Promise.resolve({ gitVersion: 'v1.34.4', major: 1, minor: 34 }),
      readyz: async () => {
        await reach();
        return { ready: true };
      },
      list: async (resource, options) => ({
        items: await listAll(resource, options),
        resourceVersion: String(this.#version),
        continueFrom: undefined,
      }),
      listAll,
      watchList: (resource, handler, signal) => this.#watches.open(resource, handler, signal, owner),
      get: async (resource, at) => {
        await reach();
        return this.#map(resource).get(at.name);
      },
      create: async (resource, manifest) => {
        await reach();
        return this.#create(resource, manifest);
      },
      delete: async (resource, at) => {
        await reach();
        return this.#delete(resource, at);
      },
      patch: async (resource, at, _type, body) => {
        await reach();
        return this.#patch(resource, at, body);
      },
      applySsa: async (manifest) => {
        await reach();
        this.applied.set(`${manifest.kind}/${manifest.metadata.name}`, manifest);
      },
      evict: async (pod) => {
        await reach();
        return this.#evict(pod.name);
      },
      createCsr: () => Promise.reject(new Error('not in the simulation')),
      approveCsr: () => Promise.reject(new Error('not in the simulation')),
    };
    return client as KubeClient; // what is not here is not called by the engine
  }

  /** One request and its answer; fails as the network does, after the client's deadline. */
  #travel(owner: Process): Promise<void> {
    return new Promise((resolve, reject) => {
      const way = this.network.way('server', this.place);
      const fail = (code: string): void =>
        reject(new FlotillaError(code, `${this.place} cannot be reached`, { kind: 'unavailable' }));
      if (!this.network.passes('server', this.place)) this.kernel.at(10_000, () => fail('KUBE_TIMEOUT'), owner);
      else if (!this.isUp()) this.kernel.at(5, () => fail('KUBE_UNREACHABLE'), owner);
      else this.kernel.at(this.network.delayMs(way), () => (this.isUp() ? resolve() : fail('KUBE_UNREACHABLE')), owner);
    });
  }

  #cutSinceMs: number | undefined;

  #lifecycle(): void {
    this.kernel.at(lifecycleEveryMs, () => this.#lifecycle());
    const up = this.isUp();
    if (!this.network.passes('server', this.place)) this.#cutSinceMs ??= this.kernel.nowMs;
    else this.#cutSinceMs = undefined;
    const cut = this.#cutSinceMs !== undefined && this.kernel.nowMs - this.#cutSinceMs >= 30_000;
    if (!up || cut) this.#watches.loseAll();
    // After an outage of its own, the controller counts from its start.
    if (up && !this.#wasUp) for (const name of this.nodes.keys()) this.#touchLease(name);
    this.#wasUp = up;
    if (!up) return;
    this.#judgeNodes();
    this.workload.schedule();
  }

  readonly #countedFromMs = new Map<string, number>();

  #touchLease(name: string): void {
    this.#countedFromMs.set(name, this.wallMs);
  }

  #judgeNodes(): void {
    for (const [name, node] of this.nodes) {
      const seenMs = Math.max(
        this.leases.get(name)?.renewedAtMs ?? 0,
        this.#countedFromMs.get(name) ?? 0,
        node.meta.createdAtMs ?? 0,
      );
      const ready = node.conditions.find(({ type }) => type === 'Ready');
      if (this.wallMs - seenMs <= nodeGraceMs) {
        if (ready?.status === 'True') this.#unreadySinceMs.delete(name);
        continue;
      }
      if (ready?.status !== 'Unknown') {
        this.#setReady(node, 'Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.');
        this.#unreadySinceMs.set(name, this.wallMs);
      } else if (this.wallMs - (this.#unreadySinceMs.get(name) ?? this.wallMs) >= tolerationMs) this.#evictAll(name);
    }
  }

  #evictAll(nodeName: string): void {
    for (const pod of this.pods.values())
      if (pod.nodeName === nodeName && pod.meta.deletingSinceMs === undefined) this.workload.end(pod);
  }

  #setReady(node: KubeNode, status: string, reason: string, message: string, bootId?: string): void {
    const condition: KubeCondition = {
      type: 'Ready',
      status,
      reason,
      message: message || (status === 'True' ? 'kubelet is posting ready status' : 'the kubelet is not ready'),
      transitionAtMs: this.wallMs,
      heartbeatAtMs: this.wallMs,
    };
    const taints = node.taints.filter(({ key }) => !key.startsWith('node.kubernetes.io/'));
    if (status === 'Unknown') taints.push({ key: 'node.kubernetes.io/unreachable', value: '', effect: 'NoExecute' });
    if (status === 'False') taints.push({ key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoExecute' });
    this.#putNode({
      ...node,
      taints,
      conditions: [...node.conditions.filter(({ type }) => type !== 'Ready'), condition],
      info: bootId === undefined ? node.info : { ...node.info, bootId },
    });
  }

  #putNode(node: KubeNode): void {
    const before = this.nodes.get(node.meta.name);
    const stored = { ...node, meta: { ...node.meta, resourceVersion: String(++this.#version) } };
    this.nodes.set(node.meta.name, stored);
    this.#watches.tell('nodes', before === undefined ? 'added' : 'modified', stored);
  }

  #evict(name: string): EvictionOutcome {
    const pod = this.pods.get(name);
    if (pod === undefined) return { kind: 'gone' };
    this.onWrite({ act: 'evict', nodeName: pod.nodeName });
    if (this.protectedPods.has(name))
      return { kind: 'blocked', message: 'budget web allows no disruption', retryAfterMs: undefined };
    if (pod.meta.deletingSinceMs === undefined) this.workload.end(pod);
    return { kind: 'evicted' };
  }

  #delete(resource: KubeResource, at: KubeAt): 'deleted' | 'absent' {
    const map = this.#map(resource);
    if (!map.has(at.name)) return 'absent';
    if (resource === 'nodes') {
      this.onWrite({ act: 'delete-node', nodeName: at.name });
      this.removeNode(at.name);
    } else {
      const pod = resource === 'pods' ? this.pods.get(at.name) : undefined;
      if (pod !== undefined) this.onWrite({ act: 'delete-pod', nodeName: pod.nodeName });
      map.delete(at.name);
    }
    return 'deleted';
  }

  #create<R extends KubeResource>(resource: R, manifest: KubeManifest): KubeObjects[R] {
    if (resource !== 'secrets') throw new Error(`the simulation creates no ${resource}`);
    const { name, labels } = manifest.metadata;
    if (this.secrets.has(name))
      throw new FlotillaError('KUBE_ALREADY_EXISTS', 'it is there', { kind: 'already-exists' });
    const data = Object.entries((manifest['data'] ?? {}) as Record<string, string>); // what a Secret has
    const secret: KubeSecret = {
      meta: { ...metaOf(name, `s-${++this.#uid}`, 'kube-system', this.wallMs), labels: labels ?? {} },
      type: 'bootstrap.kubernetes.io/token',
      data: Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, 'base64')])),
    };
    this.secrets.set(name, secret);
    return secret as KubeObjects[R]; // secrets only
  }

  #patch<R extends KubeResource>(resource: R, at: KubeAt, body: JsonObject): KubeObjects[R] {
    const node = this.nodes.get(at.name);
    if (resource !== 'nodes' || node === undefined)
      throw new FlotillaError('KUBE_NOT_FOUND', 'no node', { kind: 'not-found' });
    const { metadata, spec } = body as {
      metadata?: {
        resourceVersion?: string;
        uid?: string;
        labels?: Record<string, string | null>;
        annotations?: Record<string, string | null>;
      };
      spec?: { unschedulable?: boolean | null; taints?: KubeNode['taints'] };
    }; // what the engine sends
    if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== node.meta.resourceVersion)
      throw new FlotillaError('KUBE_CONFLICT', 'it has changed', { kind: 'conflict' });
    if (metadata?.uid !== undefined && metadata.uid !== node.meta.uid)
      throw new FlotillaError('KUBE_CONFLICT', 'it is another one', { kind: 'conflict' });
    const unschedulable =
      spec !== undefined && 'unschedulable' in spec ? spec.unschedulable === true : node.unschedulable;
    if (unschedulable !== node.unschedulable)
      this.onWrite({ act: unschedulable ? 'cordon' : 'uncordon', nodeName: at.name });
    this.#putNode({
      ...node,
      meta: {
        ...node.meta,
        labels: merged(node.meta.labels, metadata?.labels),
        annotations: merged(node.meta.annotations, metadata?.annotations),
      },
      unschedulable,
      taints: spec?.taints ?? node.taints,
    });
    return this.nodes.get(at.name) as KubeObjects[R]; // nodes only
  }

  #map<R extends KubeResource>(resource: R): Map<string, KubeObjects[R]> {
    const maps: Partial<Record<KubeResource, Map<string, unknown>>> = {
      nodes: this.nodes,
      leases: this.leases,
      pods: this.pods,
      secrets: this.secrets,
    };
    return (maps[resource] ?? new Map<string, unknown>()) as Map<string, KubeObjects[R]>; // keyed by the same resource
  }

  #list<R extends KubeResource>(
    resource: R,
    options?: { fieldSelector?: string; labelSelector?: string },
  ): KubeObjects[R][] {
    const [label, value] = options?.labelSelector?.split('=') ?? [];
    const nodeName = options?.fieldSelector?.replace('spec.nodeName=', '');
    return [...this.#map(resource).values()].filter((object) => {
      if (label !== undefined && object.meta.labels[label] === undefined) return false;
      if (label !== undefined && value !== undefined && object.meta.labels[label] !== value) return false;
      return nodeName === undefined || !('nodeName' in object) || object.nodeName === nodeName;
    });
  }
}
