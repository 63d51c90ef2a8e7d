import { FlotillaError, type Clock, type Random } from '@flotilla/kit';
import type {
  ApplyOptions,
  CallOptions,
  CsrRequest,
  CsrVerdict,
  DeleteOptions,
  EvictOptions,
  EvictionOutcome,
  KubeAt,
  KubeClient,
  KubeErrorCode,
  KubePage,
  KubeReadiness,
  KubeVersion,
  ListOptions,
  PatchOptions,
  WatchHandler,
  WatchOptions,
} from './contract.js';
import { csrManifest, withVerdict } from './csr.js';
import { Discovery } from './discovery.js';
import { conflictError, RefusedAnswer, tooLargeError } from './errors.js';
import { evictionOutcome } from './evict.js';
import type { JsonObject, KubeCsr, KubeManifest, KubeObjects, KubeResource } from './objects.js';
import { parsers } from './parse.js';
import { collectionPath, objectPath, resourcePlaces } from './paths.js';
import { badAnswer, JsonReader, parseJson } from './read.js';
import { parseReadiness, parseVersion } from './server-facts.js';
import { Transport, type Call, type KubeEndpoint, type TransportLimits } from './transport.js';
import { runWatchList } from './watch.js';

const pageSize = 500;
const objectsMax = 50_000;
const pagesMax = 1_000;

export interface KubeClientPorts {
  readonly clock: Clock;
  readonly random: Random;
}

/** A client whose connections are given back with `close`. */
export interface ClosableKubeClient extends KubeClient {
  close(): void;
}

/** A client of one API server. Bad addresses and keys are refused here; the server is not contacted yet. */
export function createKubeClient(
  endpoint: KubeEndpoint,
  ports: KubeClientPorts,
  limits: Partial<TransportLimits> = {},
): ClosableKubeClient {
  return new HttpsKubeClient(new Transport(endpoint, ports.clock, limits), ports);
}

class HttpsKubeClient implements ClosableKubeClient {
  readonly #transport: Transport;
  readonly #ports: KubeClientPorts;

  constructor(transport: Transport, ports: KubeClientPorts) {
    this.#transport = transport;
    this.#ports = ports;
  }

  readonly #discovery = new Discovery((path) =>
    this.#transport.call({ method: 'GET', path, what: `list the kinds of ${path}` }),
  );

  close(): void {
    this.#transport.close();
  }

  async version(options: CallOptions = {}): Promise<KubeVersion> {
    const body = await this.#call({ method: 'GET', path: '/version', what: 'tell its version', ...options });
    return parseVersion(body);
  }

  async readyz(options: CallOptions = {}): Promise<KubeReadiness> {
    try {
      await this.#transport.call({
        method: 'GET',
        path: '/readyz',
        query: { verbose: 'true' },
        what: 'say if it is ready',
        ...options,
      });
      return { ready: true };
    } catch (error) {
      if (error instanceof RefusedAnswer && error.failure.status === 500) return parseReadiness(error.failure.message);
      throw refusalToError(error);
    }
  }

  async list<R extends KubeResource>(resource: R, options: ListOptions = {}): Promise<KubePage<KubeObjects[R]>> {
    const { namespace, limit, continueFrom, labelSelector, fieldSelector, signal, timeoutMs } = options;
    const query = { limit: limit ?? pageSize, continue: continueFrom, labelSelector, fieldSelector };
    const path = collectionPath(resourcePlaces[resource], namespace);
    const body = await this.#call({ method: 'GET', path, query, signal, timeoutMs, what: `list ${resource}` });
    const answer = new JsonReader(parseJson(body, resource), resource);
    if (!answer.has('metadata')) throw badAnswer(`${resource}.metadata`, 'an object', undefined);
    const meta = answer.object('metadata');
    const continueNext = meta.text('continue');
    return {
      items: answer.list('items', (item) => parserOf(resource)(item)),
      resourceVersion: meta.text('resourceVersion'),
      continueFrom: continueNext === '' ? undefined : continueNext,
    };
  }

  async listAll<R extends KubeResource>(
    resource: R,
    options: Omit<ListOptions, 'continueFrom'> = {},
  ): Promise<readonly KubeObjects[R][]> {
    return (await this.#everything(resource, options)).items;
  }

  async #everything<R extends KubeResource>(
    resource: R,
    options: Omit<ListOptions, 'continueFrom'>,
  ): Promise<{ readonly items: readonly KubeObjects[R][]; readonly resourceVersion: string }> {
    try {
      return await this.#pages(resource, options);
    } catch (error) {
      if (!hasCode(error, 'KUBE_EXPIRED')) throw error;
      return await this.#pages(resource, options);
    }
  }

  async #pages<R extends KubeResource>(
    resource: R,
    options: Omit<ListOptions, 'continueFrom'>,
  ): Promise<{ readonly items: readonly KubeObjects[R][]; readonly resourceVersion: string }> {
    const items: KubeObjects[R][] = [];
    let page = await this.list(resource, options);
    for (let pages = 1; ; pages++) {
      items.push(...page.items);
      if (page.continueFrom === undefined) return { items, resourceVersion: page.resourceVersion };
      if (items.length >= objectsMax || pages >= pagesMax)
        throw tooLargeError(`list ${resource}`, `${objectsMax} objects`);
      page = await this.list(resource, { ...options, continueFrom: page.continueFrom });
    }
  }

  watchList<R extends KubeResource>(
    resource: R,
    handler: WatchHandler<KubeObjects[R]>,
    signal: AbortSignal,
    options: WatchOptions = {},
  ): Promise<void> {
    const { namespace, ...selectors } = options;
    const path = collectionPath(resourcePlaces[resource], namespace);
    return runWatchList(
      {
        list: (listSignal) => this.#everything(resource, { ...options, signal: listSignal }),
        watch: (resourceVersion, timeoutSeconds, watchSignal) => {
          const query = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion, timeoutSeconds, ...selectors };
          return this.#lines({ method: 'GET', path, query, signal: watchSignal, what: `watch ${resource}` });
        },
        parse: parserOf(resource),
      },
      handler,
      this.#ports,
      signal,
    );
  }

  async *#lines(call: Call): AsyncGenerator<string, void, undefined> {
    try {
      yield* this.#transport.lines(call);
    } catch (error) {
      throw refusalToError(error);
    }
  }

  async get<R extends KubeResource>(
    resource: R,
    at: KubeAt,
    options: CallOptions = {},
  ): Promise<KubeObjects[R] | undefined> {
    const path = objectPath(resourcePlaces[resource], at);
    try {
      const body = await this.#transport.call({ method: 'GET', path, what: `get ${resource} ${at.name}`, ...options });
      return parseOne(resource, body);
    } catch (error) {
      if (saysNotFound(error)) return undefined;
      throw refusalToError(error);
    }
  }

  async create<R extends KubeResource>(
    resource: R,
    manifest: KubeManifest,
    options: CallOptions = {},
  ): Promise<KubeObjects[R]> {
    const place = resourcePlaces[resource];
    const { name, namespace } = manifest.metadata;
    // Demands a namespace where one is needed, before the collection is named.
    objectPath(place, { name, ...(namespace === undefined ? {} : { namespace }) });
    const path = collectionPath(place, namespace);
    // A review is a question: its name is for our own messages, Kubernetes refuses one.
    const body = JSON.stringify(isReview(resource) ? { ...manifest, metadata: {} } : manifest);
    return parseOne(
      resource,
      await this.#call({ method: 'POST', path, body, what: `create ${resource} ${name}`, ...options }),
    );
  }

  async delete<R extends KubeResource>(
    resource: R,
    at: KubeAt,
    options: DeleteOptions = {},
  ): Promise<'deleted' | 'absent'> {
    const { uid, gracePeriodSeconds, ...callOptions } = options;
    const path = objectPath(resourcePlaces[resource], at);
    const body = JSON.stringify({ ...deleteOptionsJson(uid, gracePeriodSeconds), propagationPolicy: 'Background' });
    try {
      await this.#transport.call({
        method: 'DELETE',
        path,
        body,
        what: `delete ${resource} ${at.name}`,
        ...callOptions,
      });
      return 'deleted';
    } catch (error) {
      if (saysNotFound(error)) return 'absent';
      throw refusalToError(error);
    }
  }

  async patch<R extends KubeResource>(
    resource: R,
    at: KubeAt,
    type: 'merge' | 'strategic',
    body: JsonObject,
    options: PatchOptions = {},
  ): Promise<KubeObjects[R]> {
    const { subresource, ...callOptions } = options;
    const path = objectPath(resourcePlaces[resource], at, subresource);
    const contentType = type === 'merge' ? 'application/merge-patch+json' : 'application/strategic-merge-patch+json';
    const call = {
      method: 'PATCH',
      path,
      contentType,
      body: JSON.stringify(body),
      what: `patch ${resource} ${at.name}`,
    } as const;
    try {
      return parseOne(resource, await this.#call({ ...call, query: { fieldManager: 'flotilla' }, ...callOptions }));
    } catch (error) {
      throw isUidMismatch(error)
        ? conflictError(`${resource} ${at.name} is another object than the one meant`, error)
        : error;
    }
  }

  async applySsa(manifest: KubeManifest, options: ApplyOptions): Promise<void> {
    const { fieldManager, force, ...callOptions } = options;
    const { name, namespace } = manifest.metadata;
    try {
      const place = await this.#discovery.placeOf(manifest);
      const path = objectPath(place, { name, ...(namespace === undefined ? {} : { namespace }) });
      await this.#transport.call({
        method: 'PATCH',
        path,
        query: { fieldManager, force: String(force) },
        contentType: 'application/apply-patch+yaml', // JSON is YAML
        body: JSON.stringify(manifest),
        what: `apply ${manifest.kind} ${name}`,
        ...callOptions,
      });
    } catch (error) {
      throw refusalToError(error);
    }
  }

  async evict(pod: KubeAt & { readonly namespace: string }, options: EvictOptions = {}): Promise<EvictionOutcome> {
    const { uid, gracePeriodSeconds, ...callOptions } = options;
    const path = objectPath(resourcePlaces.pods, pod, 'eviction');
    const body = JSON.stringify({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod.name, namespace: pod.namespace },
      deleteOptions: deleteOptionsJson(uid, gracePeriodSeconds),
    });
    try {
      await this.#transport.call({
        method: 'POST',
        path,
        body,
        what: `evict pod ${pod.namespace}/${pod.name}`,
        ...callOptions,
      });
      return { kind: 'evicted' };
    } catch (error) {
      const isOther = async (): Promise<boolean> => (await this.get('pods', pod, callOptions))?.meta.uid !== uid;
      const outcome = error instanceof RefusedAnswer ? await evictionOutcome(error.failure, uid, isOther) : undefined;
      if (outcome !== undefined) return outcome;
      throw refusalToError(error);
    }
  }

  createCsr(request: CsrRequest, options: CallOptions = {}): Promise<KubeCsr> {
    return this.create('certificatesigningrequests', csrManifest(request), options);
  }

  async approveCsr(name: string, verdict: CsrVerdict, options: CallOptions = {}): Promise<KubeCsr> {
    const place = resourcePlaces.certificatesigningrequests;
    const what = `record the verdict on certificate request ${name}`;
    const current = await this.#call({ method: 'GET', path: objectPath(place, { name }), what, ...options });
    // With the version just read, a change in between is a conflict and not lost.
    const body = JSON.stringify(withVerdict(parseJson(current, 'CertificateSigningRequest'), verdict));
    const path = objectPath(place, { name }, 'approval');
    return parseOne('certificatesigningrequests', await this.#call({ method: 'PUT', path, body, what, ...options }));
  }

  async #call(call: Call): Promise<string> {
    try {
      return await this.#transport.call(call);
    } catch (error) {
      throw refusalToError(error);
    }
  }
}

/** Kubernetes calls a patch with another uid an invalid change of an immutable field. */
function isUidMismatch(error: unknown): error is FlotillaError {
  return error instanceof FlotillaError && error.code === 'KUBE_INVALID' && error.message.includes('metadata.uid');
}

/** The parser of a resource. TypeScript cannot see through the mapped type that key and parser belong together. */
function parserOf<R extends KubeResource>(resource: R): (object: JsonReader) => KubeObjects[R] {
  return parsers[resource];
}

function isReview(resource: KubeResource): boolean {
  return resource === 'selfsubjectaccessreviews';
}

function parseOne<R extends KubeResource>(resource: R, body: string): KubeObjects[R] {
  const { kind } = resourcePlaces[resource];
  return parserOf(resource)(new JsonReader(parseJson(body, kind), kind));
}

function refusalToError(error: unknown): unknown {
  return error instanceof RefusedAnswer ? error.toError() : error;
}

/** The API server itself says NotFound; a 404 of a proxy in between has no Status. */
function saysNotFound(error: unknown): boolean {
  return error instanceof RefusedAnswer && error.failure.status === 404 && error.failure.reason === 'NotFound';
}

function hasCode(error: unknown, code: KubeErrorCode): boolean {
  return error instanceof FlotillaError && error.code === code;
}

function deleteOptionsJson(uid: string | undefined, gracePeriodSeconds: number | undefined): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(uid === undefined ? {} : { preconditions: { uid } }),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  };
}
