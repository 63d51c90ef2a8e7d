import type { FlotillaError } from '@flotilla/kit';
import type { JsonObject, KubeCsr, KubeManifest, KubeObjects, KubeResource } from './objects.js';

/**
 * The one way to talk to an API server of Kubernetes. Every call has a deadline, follows no redirect, and fails with a
 * FlotillaError whose code is one of {@link KubeErrorCode}. Calls are not retried inside: reconciling again is the retry.
 */
export interface KubeClient {
  version(options?: CallOptions): Promise<KubeVersion>;
  /** Whether the API server says it is ready; a server that cannot be reached is an error, not "not ready". */
  readyz(options?: CallOptions): Promise<KubeReadiness>;

  /** One page. Give `continueFrom` of the page before to go on; KUBE_EXPIRED means start anew. */
  list<R extends KubeResource>(resource: R, options?: ListOptions): Promise<KubePage<KubeObjects[R]>>;
  /** Every page; refuses with KUBE_TOO_LARGE beyond 50,000 objects, starts anew once when the snapshot expired. */
  listAll<R extends KubeResource>(
    resource: R,
    options?: Omit<ListOptions, 'continueFrom'>,
  ): Promise<readonly KubeObjects[R][]>;
  /** Lists, then watches, for ever; resolves when the signal is aborted, rejects only when the handler throws. */
  watchList<R extends KubeResource>(
    resource: R,
    handler: WatchHandler<KubeObjects[R]>,
    signal: AbortSignal,
    options?: WatchOptions,
  ): Promise<void>;

  /** Undefined only when the API server itself says that this object does not exist. */
  get<R extends KubeResource>(resource: R, at: KubeAt, options?: CallOptions): Promise<KubeObjects[R] | undefined>;
  /** KUBE_ALREADY_EXISTS when it is there. */
  create<R extends KubeResource>(resource: R, manifest: KubeManifest, options?: CallOptions): Promise<KubeObjects[R]>;
  /** `absent` when there was nothing to delete; KUBE_CONFLICT when `uid` names another object. */
  delete<R extends KubeResource>(resource: R, at: KubeAt, options?: DeleteOptions): Promise<'deleted' | 'absent'>;
  /** KUBE_NOT_FOUND when it is not there. `metadata.uid` or `metadata.resourceVersion` in the body is a precondition: else KUBE_CONFLICT. */
  patch<R extends KubeResource>(
    resource: R,
    at: KubeAt,
    type: 'merge' | 'strategic',
    body: JsonObject,
    options?: PatchOptions,
  ): Promise<KubeObjects[R]>;
  /** Server-side apply of any object the cluster knows. KUBE_CONFLICT names the other manager unless forced. */
  applySsa(manifest: KubeManifest, options: ApplyOptions): Promise<void>;

  /** Asks for the eviction of one pod; `evicted` means deletion began, not that the pod is gone. */
  evict(pod: KubeAt & { readonly namespace: string }, options?: EvictOptions): Promise<EvictionOutcome>;
  createCsr(request: CsrRequest, options?: CallOptions): Promise<KubeCsr>;
  /** Approves or denies the request that was judged: KUBE_CONFLICT when `uid` is not the one that is there now. */
  approveCsr(name: string, verdict: CsrVerdict, options?: CallOptions): Promise<KubeCsr>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For the whole call, answer included; the client's default (10 s) unless told. */
  readonly timeoutMs?: number;
}

/** Where an object is. Without a namespace: an object of the whole cluster. */
export interface KubeAt {
  readonly namespace?: string;
  readonly name: string;
}

export interface ListOptions extends CallOptions {
  /** Without it: all namespaces. */
  readonly namespace?: string;
  /** Objects a page; 500 unless told. */
  readonly limit?: number;
  readonly continueFrom?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface KubePage<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Undefined on the last page. */
  readonly continueFrom: string | undefined;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export type WatchEventType = 'added' | 'modified' | 'deleted';

/**
 * How a watch is told. The order is: `onList`, then events; after `onLost`, nothing until the next `onList`, which
 * replaces everything known. Calls are synchronous, one at a time, in the order of the API server.
 */
export interface WatchHandler<T> {
  onList(items: readonly T[]): void;
  onEvent(type: WatchEventType, object: T): void;
  /** From now on what is known grows old. Called once per loss; also for a first list that does not succeed. */
  onLost(reason: FlotillaError): void;
}

export interface DeleteOptions extends CallOptions {
  readonly uid?: string;
  readonly gracePeriodSeconds?: number;
}

export interface PatchOptions extends CallOptions {
  readonly subresource?: 'status';
}

export interface ApplyOptions extends CallOptions {
  readonly fieldManager: 'flotilla';
  /** Take over fields that another manager owns. */
  readonly force: boolean;
}

export interface EvictOptions extends CallOptions {
  readonly uid?: string;
  /** Overrides the pod's own; 1 for nodes that cannot be reached. */
  readonly gracePeriodSeconds?: number;
}

export type EvictionOutcome =
  | { readonly kind: 'evicted' }
  /** A disruption budget or throttling refuses for now: ask again, not before `retryAfterMs`. */
  | {
      readonly kind: 'blocked';
      readonly message: string;
      readonly retryAfterMs: number | undefined;
      /** The budget that refused; absent when it was throttling, or when the API server did not say. */
      readonly budget?: string;
    }
  /** The API server cannot decide, for example because two budgets match: a person must look. */
  | { readonly kind: 'misconfigured'; readonly message: string }
  /** No such pod any more, or another one of the same name. */
  | { readonly kind: 'gone' };

export interface CsrRequest {
  readonly name: string;
  /** PKCS#10, PEM. */
  readonly requestPem: string;
  readonly signerName: string;
  readonly usages: readonly string[];
  /** At least 600. */
  readonly expirationSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface CsrVerdict {
  readonly type: 'Approved' | 'Denied';
  /** Of the object that was judged. */
  readonly uid: string;
  /** CamelCase, for machines. */
  readonly reason: string;
  readonly message: string;
}

export interface KubeVersion {
  /** For example `v1.35.4`. */
  readonly gitVersion: string;
  readonly major: number;
  readonly minor: number;
}

export type KubeReadiness =
  | { readonly ready: true }
  /** Names of the checks that fail; empty when the server did not name any. */
  | { readonly ready: false; readonly failing: readonly string[] };

/** Every code a {@link KubeClient} fails with. */
export type KubeErrorCode =
  /** No connection, connection cut, 502/503/504: retry later. */
  | 'KUBE_UNREACHABLE'
  /** The deadline passed, here or there. */
  | 'KUBE_TIMEOUT'
  /** The caller's signal was aborted. */
  | 'KUBE_CANCELLED'
  /** The server's certificate is not of the cluster's CA, or not for this name. */
  | 'KUBE_TLS_UNTRUSTED'
  | 'KUBE_UNAUTHENTICATED'
  | 'KUBE_FORBIDDEN'
  | 'KUBE_NOT_FOUND'
  | 'KUBE_ALREADY_EXISTS'
  | 'KUBE_CONFLICT'
  /** The resource version or continue token is too old (410). */
  | 'KUBE_EXPIRED'
  /** The API server refused the object itself (400, 422). */
  | 'KUBE_INVALID'
  /** 429 */
  | 'KUBE_THROTTLED'
  /** An answer or a list is beyond our cap. */
  | 'KUBE_TOO_LARGE'
  /** The answer has not the shape it must have. */
  | 'KUBE_BAD_ANSWER'
  /** The cluster serves no such apiVersion and kind. */
  | 'KUBE_UNKNOWN_KIND'
  /** 5xx that is none of the above. */
  | 'KUBE_SERVER_ERROR';
