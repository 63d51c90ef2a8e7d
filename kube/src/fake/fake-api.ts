import type { ResourcePlace } from '../paths.js';
import { isMap, mapAt, mergePatch, strategicPatch, textAt, type JsonMap } from './json.js';
import type { FakeObjectStore } from './object-store.js';
import { checkUid, graceOf, uidPrecondition, type FakePods } from './pods.js';
import { FakeRefusal } from './refusal.js';
import type { FakeRoute } from './routes.js';
import { fieldMatcher, labelMatcher, type Matcher } from './selectors.js';

export interface FakeRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: JsonMap;
  readonly username: string;
  readonly groups: readonly string[];
}

/** What a review of rights asks about; empty where it says nothing. */
export interface FakeRight {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly username: string;
}

export interface FakeAnswer {
  readonly status: number;
  readonly body: JsonMap;
}

type ObjectRoute = FakeRoute & { kind: 'object' };
type CollectionRoute = FakeRoute & { kind: 'collection' };

/** What the API server does with objects, without the network. */
export class FakeApi {
  readonly #store: FakeObjectStore;
  readonly #pods: FakePods;
  /** Makes the certificate (PEM) of an approved request; none is issued without it. */
  issueCertificate: ((requestPem: string) => string) | undefined;
  /** What the reviews of rights answer; everything is allowed without it. */
  mayDo: ((right: FakeRight) => boolean) | undefined;
  /** Continue tokens given so far are too old. */
  continueExpired = false;

  constructor(store: FakeObjectStore, pods: FakePods) {
    this.#store = store;
    this.#pods = pods;
  }

  collection(route: CollectionRoute, request: FakeRequest): FakeAnswer {
    const isReview = route.place.kind === 'SelfSubjectAccessReview';
    if (isReview && request.method === 'POST') return { status: 201, body: this.#review(request) };
    if (isReview) throw notAllowed(request.method);
    if (request.method === 'GET') return { status: 200, body: this.#list(route, request.query) };
    if (request.method === 'POST') return { status: 201, body: this.#create(route, request) };
    throw notAllowed(request.method);
  }

  object(route: ObjectRoute, request: FakeRequest): FakeAnswer {
    const { place, namespace, name, subresource } = route;
    if (request.method === 'PATCH' && request.contentType.startsWith('application/apply-patch'))
      return this.#apply(route, request);
    const current = this.#store.find(place, namespace, name);
    if (current === undefined) throw new FakeRefusal(404, 'NotFound', `${place.plural} "${name}" not found`);
    if (subresource === 'eviction' && request.method === 'POST') {
      const options = mapAt(request.body, 'deleteOptions');
      this.#pods.evict(current, uidPrecondition(options), graceOf(options));
      return { status: 201, body: { kind: 'Status', apiVersion: 'v1', status: 'Success' } };
    }
    if (subresource === 'approval' && request.method === 'PUT')
      return { status: 200, body: this.#approve(place, current, request.body) };
    if (subresource !== '' && subresource !== 'status') throw notAllowed(subresource);
    if (request.method === 'GET') return { status: 200, body: current };
    if (request.method === 'PATCH') return { status: 200, body: this.#patch(route, current, request) };
    if (request.method === 'DELETE') return { status: 200, body: this.#delete(place, current, request.body) };
    throw notAllowed(request.method);
  }

  #review({ body, username }: FakeRequest): JsonMap {
    if (Object.keys(mapAt(body, 'metadata')).length > 0)
      throw new FakeRefusal(422, 'Invalid', 'metadata: Invalid value: must be empty');
    const asked = mapAt(mapAt(body, 'spec'), 'resourceAttributes');
    const text = (key: string): string => textAt(asked, key);
    const right = {
      verb: text('verb'),
      group: text('group'),
      resource: text('resource'),
      subresource: text('subresource'),
    };
    const allowed = this.mayDo?.({ ...right, namespace: text('namespace'), name: text('name'), username }) ?? true;
    return { ...body, status: { allowed } };
  }

  #list({ place, namespace }: CollectionRoute, query: URLSearchParams): JsonMap {
    const all = this.#store.list(place, namespace, matcherOf(query));
    const limit = Number(query.get('limit') ?? 0) || all.length;
    const token = query.get('continue') ?? '';
    if (token !== '' && this.continueExpired) {
      this.continueExpired = false;
      throw new FakeRefusal(410, 'Expired', 'The provided continue parameter is too old');
    }
    const from = token === '' ? 0 : Number(Buffer.from(token, 'base64').toString('utf8'));
    const items = all.slice(from, from + limit);
    const next = from + limit < all.length ? Buffer.from(String(from + limit)).toString('base64') : '';
    const metadata: JsonMap = {
      resourceVersion: String(this.#store.version),
      ...(next === '' ? {} : { continue: next }),
    };
    return { kind: `${place.kind}List`, apiVersion: place.apiVersion, metadata, items };
  }

  #create({ place, namespace = '' }: CollectionRoute, request: FakeRequest): JsonMap {
    const meta = mapAt(request.body, 'metadata');
    const name = textAt(meta, 'name');
    if (name === '') throw new FakeRefusal(422, 'Invalid', 'metadata.name: Required value');
    this.#checkNamespace(place, namespace);
    if (this.#store.find(place, namespace, name) !== undefined) {
      throw new FakeRefusal(409, 'AlreadyExists', `${place.plural} "${name}" already exists`);
    }
    const named = place.namespaced ? { ...meta, namespace } : meta;
    const object = { ...request.body, metadata: named };
    return this.#store.put(
      place,
      place.kind === 'CertificateSigningRequest' ? asked(object, request) : object,
      'flotilla/Update',
    );
  }

  #checkNamespace(place: ResourcePlace, namespace: string): void {
    if (!place.namespaced) return;
    const namespaces: ResourcePlace = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
    if (this.#store.find(namespaces, '', namespace) === undefined) {
      throw new FakeRefusal(404, 'NotFound', `namespaces "${namespace}" not found`);
    }
  }

  #apply({ place, namespace, name }: ObjectRoute, { body, query }: FakeRequest): FakeAnswer {
    if (textAt(mapAt(body, 'metadata'), 'name') !== name)
      throw new FakeRefusal(400, 'BadRequest', 'the name of the object does not match the URL');
    this.#checkNamespace(place, namespace);
    const manager = `${query.get('fieldManager') ?? ''}/Apply`;
    const { object, created } = this.#store.apply(place, body, manager, query.get('force') === 'true');
    return { status: created ? 201 : 200, body: object };
  }

  #patch({ place, subresource }: ObjectRoute, current: JsonMap, { body, contentType, query }: FakeRequest): JsonMap {
    const meta = mapAt(body, 'metadata');
    const actual = mapAt(current, 'metadata');
    if ('resourceVersion' in meta && meta['resourceVersion'] !== actual['resourceVersion']) {
      throw new FakeRefusal(
        409,
        'Conflict',
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    }
    if ('uid' in meta && meta['uid'] !== actual['uid']) {
      throw new FakeRefusal(422, 'Invalid', 'metadata.uid: Invalid value: field is immutable');
    }
    const merge = patchTypes[contentType];
    if (merge === undefined) throw new FakeRefusal(415, 'UnsupportedMediaType', contentType);
    const patched = merge(current, body);
    // Status changes only through its own door, and nothing else through that.
    const next =
      subresource === 'status' ? { ...current, status: mapAt(patched, 'status') } : withStatusOf(patched, current);
    return this.#store.put(place, next, `${query.get('fieldManager') ?? 'unknown'}/Update`);
  }

  #delete(place: ResourcePlace, current: JsonMap, options: JsonMap): JsonMap {
    checkUid(current, uidPrecondition(options));
    if (place.kind === 'Pod') this.#pods.remove(current, graceOf(options));
    else this.#store.delete(place, current);
    return { kind: 'Status', apiVersion: 'v1', status: 'Success' };
  }

  #approve(place: ResourcePlace, current: JsonMap, body: JsonMap): JsonMap {
    if (textAt(mapAt(body, 'metadata'), 'resourceVersion') !== textAt(mapAt(current, 'metadata'), 'resourceVersion')) {
      throw new FakeRefusal(409, 'Conflict', 'the object has been modified');
    }
    const conditions = mapAt(body, 'status')['conditions'] ?? [];
    const status: JsonMap = { ...mapAt(current, 'status'), conditions };
    const approved = Array.isArray(conditions) && conditions.some((item) => isMap(item) && item['type'] === 'Approved');
    if (approved && this.issueCertificate !== undefined) {
      const requestPem = Buffer.from(textAt(mapAt(current, 'spec'), 'request'), 'base64').toString('utf8');
      status['certificate'] = Buffer.from(this.issueCertificate(requestPem)).toString('base64');
    }
    return this.#store.put(place, { ...current, status }, 'flotilla/Update');
  }
}

/** What a request of list or watch selects. */
export function matcherOf(query: URLSearchParams): Matcher {
  const labels = labelMatcher(query.get('labelSelector') ?? '');
  const fields = fieldMatcher(query.get('fieldSelector') ?? '');
  return (object) => labels(object) && fields(object);
}

const patchTypes: Readonly<Record<string, (target: JsonMap, patch: JsonMap) => JsonMap>> = {
  'application/merge-patch+json': mergePatch,
  'application/strategic-merge-patch+json': strategicPatch,
};

function asked(object: JsonMap, { username, groups }: FakeRequest): JsonMap {
  return { ...object, spec: { ...mapAt(object, 'spec'), username, groups: [...groups] }, status: {} };
}

function withStatusOf(object: JsonMap, current: JsonMap): JsonMap {
  const { status: _status, ...rest } = object;
  const before = current['status'];
  return before === undefined ? rest : { ...rest, status: before };
}

function notAllowed(what: string): FakeRefusal {
  return new FakeRefusal(405, 'MethodNotAllowed', `the fake API server does not serve ${what} here`);
}
