import { FlotillaError } from '@flotilla/kit';
import type {
  EvictionOutcome,
  JsonObject,
  KubeAt,
  KubeClient,
  KubeConfigMap,
  KubeCsr,
  KubeLease,
  KubeManifest,
  KubeNode,
  KubeObjects,
  KubePod,
  KubeResource,
  KubeSecret,
  WatchHandler,
} from '@flotilla/kube';

import { merged, metaOf, readyCondition, unknownCondition, unreachable } from './fake-objects.js';

const leaseNamespace = 'kube-node-lease';
/** A node whose Lease was not renewed for this long is Unknown, as the node lifecycle controller says. */
const nodeGraceMs = 40_000;

/** An API server in memory, as far as the engine uses one. Its kubelets are the fake agents. */
export class FakeKubernetes {
  readonly nodes = new Map<string, KubeNode>();
  readonly secrets = new Map<string, KubeSecret>();
  readonly pods = new Map<string, KubePod>();
  readonly csrs = new Map<string, KubeCsr>();
  readonly leases = new Map<string, KubeLease>();
  readonly configMaps = new Map<string, KubeConfigMap>();
  /** What the client may not do, as `verb resource`. */
  readonly forbidden = new Set<string>();
  /** False: what is applied of a network plugin never runs. */
  networkWorks = true;
  /** An existing cluster has its network already. */
  hadNetwork = false;
  readonly applied: KubeManifest[] = [];
  readonly approved: string[] = [];
  /** Every write, in order, for transcripts. */
  readonly log: string[] = [];
  /** Names of pods whose eviction a budget refuses. */
  readonly protectedPods = new Set<string>();
  /** False: every call fails and every watch is lost. */
  #up = true;
  #uid = 0;
  #version = 1;
  readonly #nodeWatches = new Set<WatchHandler<KubeNode>>();
  readonly #csrWatches = new Set<WatchHandler<KubeCsr>>();
  readonly #leaseWatches = new Set<WatchHandler<KubeLease>>();
  readonly #stopped = new Set<string>();

  get hasNetwork(): boolean {
    return this.networkWorks && (this.hadNetwork || this.applied.some((m) => m.kind === 'DaemonSet'));
  }

  setUp(up: boolean): void {
    this.#up = up;
    for (const watch of this.#nodeWatches) {
      if (up) watch.onList([...this.nodes.values()]);
      else watch.onLost(unreachable());
    }
    for (const watch of this.#leaseWatches) {
      if (up) watch.onList([...this.leases.values()]);
      else watch.onLost(unreachable());
    }
  }

  /** The kubelet stops: its Lease grows old, and after a while its node is Unknown. */
  stopKubelet(name: string): void {
    this.#stopped.add(name);
  }

  /** The kubelet runs again and posts its status. */
  startKubelet(name: string, nowMs: number): void {
    this.#stopped.delete(name);
    if (!this.nodes.has(name)) return;
    this.renewLease(name, nowMs);
    this.putNode(name, { conditions: [readyCondition(this.hasNetwork)] });
  }

  kubeletRuns(name: string): boolean {
    return this.nodes.has(name) && !this.#stopped.has(name);
  }

  /** What happens by itself every few seconds: Leases are renewed, and nodes whose Lease is old become Unknown. */
  tick(nowMs: number): void {
    if (!this.#up) return;
    for (const [name, node] of this.nodes) {
      if (!this.#stopped.has(name)) {
        this.renewLease(name, nowMs);
        continue;
      }
      const renewedAtMs = this.leases.get(name)?.renewedAtMs ?? 0;
      const ready = node.conditions.find((c) => c.type === 'Ready');
      if (nowMs - renewedAtMs > nodeGraceMs && ready?.status !== 'Unknown') {
        this.putNode(name, { conditions: [unknownCondition] });
      }
    }
  }

  renewLease(name: string, nowMs: number): void {
    const before = this.leases.get(name);
    const meta = before?.meta ?? metaOf(name, `lease-${++this.#uid}`, leaseNamespace);
    const lease: KubeLease = {
      meta: { ...meta, resourceVersion: String(++this.#version) },
      holder: name,
      durationSeconds: 40,
      renewedAtMs: nowMs,
    };
    this.leases.set(name, lease);
    for (const watch of this.#leaseWatches) watch.onEvent(before === undefined ? 'added' : 'modified', lease);
  }

  /** A kubelet registers, or posts its status again. */
  putNode(name: string, over: Partial<KubeNode> & { readonly labels?: Record<string, string> }): void {
    const before = this.nodes.get(name);
    const { labels, ...fields } = over;
    const meta = before?.meta ?? metaOf(name, `uid-${++this.#uid}`);
    const node: KubeNode = {
      providerId: '',
      unschedulable: false,
      taints: [],
      podCidrs: [],
      conditions: [],
      volumesAttached: [],
      addresses: [],
      capacity: {},
      allocatable: {},
      info: {
        kubeletVersion: 'v1.34.4',
        containerRuntimeVersion: '',
        kernelVersion: '',
        osImage: '',
        architecture: '',
        bootId: '',
        machineId: '',
      },
      ...before,
      ...fields,
      meta: { ...meta, labels: labels ?? meta.labels, resourceVersion: String(++this.#version) },
    };
    this.nodes.set(name, node);
    for (const watch of this.#nodeWatches) watch.onEvent(before === undefined ? 'added' : 'modified', node);
  }

  removeNode(name: string): void {
    const node = this.nodes.get(name);
    if (node === undefined) return;
    this.nodes.delete(name);
    this.leases.delete(name);
    for (const watch of this.#nodeWatches) watch.onEvent('deleted', node);
  }

  putPod(nodeName: string, name: string, over: Partial<KubePod> = {}): void {
    this.pods.set(name, {
      meta: metaOf(name, `pod-${++this.#uid}`, 'default'),
      nodeName,
      phase: 'Running',
      reason: '',
      priorityClassName: '',
      terminationGracePeriodSeconds: 30,
      hasEmptyDir: false,
      persistentVolumeClaims: [],
      containers: [],
      conditions: [],
      ...over,
    });
  }

  putConfigMap(namespace: string, name: string, data: Readonly<Record<string, string>>): void {
    this.configMaps.set(name, { meta: metaOf(name, `cm-${++this.#uid}`, namespace), data });
  }

  putCsr(
    csr: Omit<KubeCsr, 'meta' | 'conditions' | 'certificatePem' | 'expirationSeconds'> & { readonly name: string },
  ): void {
    const { name, ...fields } = csr;
    const stored: KubeCsr = {
      ...fields,
      meta: metaOf(name, `csr-${++this.#uid}`),
      conditions: [],
      certificatePem: undefined,
      expirationSeconds: undefined,
    };
    this.csrs.set(name, stored);
    for (const watch of this.#csrWatches) watch.onEvent('added', stored);
  }

  /** Whether a kubelet may join with this token. */
  acceptsToken(token: string, nowMs: number): boolean {
    const [id = '', secret = ''] = token.split('.');
    const stored = this.secrets.get(`bootstrap-token-${id}`);
    const text = (key: string): string => Buffer.from(stored?.data[key] ?? []).toString();
    return stored !== undefined && text('token-secret') === secret && Date.parse(text('expiration')) > nowMs;
  }

  /** A client; `alive` false means the engine that holds it has died: it reaches nothing any more. */
  client(alive: () => boolean = () => true, onWrite: () => void = () => undefined): KubeClient {
    const check = (): void => {
      if (!this.#up || !alive()) throw unreachable();
    };
    const write = (text: string): void => {
      check();
      this.log.push(text);
      onWrite();
    };
    const listAll = async <R extends KubeResource>(
      resource: R,
      options?: { fieldSelector?: string; labelSelector?: string },
    ) => {
      check();
      return this.#list(resource, options);
    };
    return {
      version: () => Promise.resolve({ gitVersion: 'v1.34.4', major: 1, minor: 34 }),
      readyz: () => Promise.resolve({ ready: true }),
      list: async (resource, options) => ({
        items: await listAll(resource, options),
        resourceVersion: '1',
        continueFrom: undefined,
      }),
      listAll,
      watchList: (resource, handler, signal) => this.#watch(resource, handler, signal),
      get: async (resource, at) => {
        check();
        return this.#map(resource).get(at.name);
      },
      create: async (resource, manifest) => {
        if (resource === 'selfsubjectaccessreviews') {
          check();
          return this.#review(manifest) as never; // what a review gives
        }
        write(`create ${resource}`);
        return this.#create(resource, manifest);
      },
      delete: async (resource, at) => {
        write(`delete ${resource} ${resource === 'nodes' ? at.name : ''}`.trim());
        if (!this.#map(resource).has(at.name)) return 'absent';
        if (resource === 'nodes') this.removeNode(at.name);
        else this.#map(resource).delete(at.name);
        return 'deleted';
      },
      patch: async (resource, at, _type, body) => {
        write(`patch ${resource} ${at.name}`);
        return this.#patch(resource, at, body);
      },
      applySsa: async (manifest) => {
        write(`apply ${manifest.kind} ${manifest.metadata.name}`);
        this.applied.push(manifest);
        if (manifest.kind === 'DaemonSet' && this.networkWorks) this.#networkComes();
      },
      evict: async ({ name }) => {
        check();
        return this.#evict(name, write);
      },
      createCsr: () => Promise.reject(new Error('not used')),
      approveCsr: async (name) => {
        write(`approve csr ${name}`);
        return this.#approve(name);
      },
    };
  }

  #review(manifest: KubeManifest): { readonly allowed: boolean } {
    const { resourceAttributes } = manifest['spec'] as { resourceAttributes: { verb: string; resource: string } }; // ours
    return { allowed: !this.forbidden.has(`${resourceAttributes.verb} ${resourceAttributes.resource}`) };
  }

  #evict(name: string, write: (text: string) => void): EvictionOutcome {
    if (this.protectedPods.has(name)) {
      const message = "Cannot evict pod as it would violate the pod's disruption budget.";
      return { kind: 'blocked', message, retryAfterMs: undefined, budget: 'web' };
    }
    write(`evict ${name}`);
    return this.pods.delete(name) ? { kind: 'evicted' } : { kind: 'gone' };
  }

  #approve(name: string): KubeCsr {
    const csr = this.csrs.get(name);
    if (csr === undefined) throw new FlotillaError('KUBE_NOT_FOUND', 'no csr', { kind: 'not-found' });
    this.approved.push(name);
    const condition = {
      type: 'Approved',
      status: 'True',
      reason: '',
      message: '',
      transitionAtMs: 0,
      heartbeatAtMs: 0,
    };
    const approved: KubeCsr = { ...csr, conditions: [condition] };
    this.csrs.set(name, approved);
    for (const watch of this.#csrWatches) watch.onEvent('modified', approved);
    return approved;
  }

  #map<R extends KubeResource>(resource: R): Map<string, KubeObjects[R]> {
    const maps: Partial<Record<KubeResource, Map<string, unknown>>> = {
      nodes: this.nodes,
      secrets: this.secrets,
      pods: this.pods,
      certificatesigningrequests: this.csrs,
      leases: this.leases,
      configmaps: this.configMaps,
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

  #watch<R extends KubeResource>(
    resource: R,
    handler: WatchHandler<KubeObjects[R]>,
    signal: AbortSignal,
  ): Promise<void> {
    // The resource decides the type of the handler.
    const sets: Partial<Record<KubeResource, unknown>> = { nodes: this.#nodeWatches, leases: this.#leaseWatches };
    const watches = (sets[resource] ?? this.#csrWatches) as Set<WatchHandler<KubeObjects[R]>>;
    watches.add(handler);
    if (this.#up) handler.onList(this.#list(resource));
    else handler.onLost(unreachable());
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        watches.delete(handler);
        resolve();
      });
    });
  }

  #create<R extends KubeResource>(resource: R, manifest: KubeManifest): KubeObjects[R] {
    if (resource !== 'secrets') throw new Error(`the fake creates no ${resource}`);
    const { name, labels } = manifest.metadata;
    if (this.secrets.has(name))
      throw new FlotillaError('KUBE_ALREADY_EXISTS', 'it is there', { kind: 'already-exists' });
    const data = Object.entries(manifest['data'] as Record<string, string>).map(([k, v]) => [
      k,
      Buffer.from(v, 'base64'),
    ]); // what a Secret has
    const secret: KubeSecret = {
      meta: { ...metaOf(name, `s-${++this.#uid}`, 'kube-system'), labels: labels ?? {} },
      type: 'bootstrap.kubernetes.io/token',
      data: Object.fromEntries(data) as KubeSecret['data'],
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
        labels?: Record<string, string | null>;
        annotations?: Record<string, string | null>;
      };
      spec?: { unschedulable?: boolean | null; taints?: KubeNode['taints'] };
    }; // what the engine sends
    if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== node.meta.resourceVersion) {
      throw new FlotillaError('KUBE_CONFLICT', 'it has changed', { kind: 'conflict' });
    }
    const labels = merged(node.meta.labels, metadata?.labels);
    const meta = { ...node.meta, labels, annotations: merged(node.meta.annotations, metadata?.annotations) };
    this.nodes.set(at.name, { ...node, meta });
    this.putNode(at.name, {
      labels,
      unschedulable: spec?.unschedulable === undefined ? node.unschedulable : spec.unschedulable === true,
      taints: spec?.taints ?? node.taints,
    });
    return this.nodes.get(at.name) as KubeObjects[R]; // nodes only
  }

  #networkComes(): void {
    for (const name of this.nodes.keys()) this.putNode(name, { conditions: [readyCondition(true)] });
  }
}
