import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { systemClock, type Clock } from '@flotilla/kit';
import type { KubeManifest } from '../objects.js';
import { knownPlaces, type ResourcePlace } from '../paths.js';
import type { KubeEndpoint } from '../transport.js';
import { FakeAuthority, type FakeSubject } from './certificate.js';
import { FakeApi, matcherOf, type FakeAnswer, type FakeRequest, type FakeRight } from './fake-api.js';
import { FakeCustomKinds } from './custom-kinds.js';
import { FaultQueue, toRefusal, type FakeFault } from './faults.js';
import { isMap, mapAt, mergePatch, textAt, type Json, type JsonMap } from './json.js';
import { FakeNodeLifecycle } from './node-lifecycle.js';
import { FakeObjectStore } from './object-store.js';
import { FakePods, type FakeEvictionAnswer } from './pods.js';
import { FakeRefusal } from './refusal.js';
import { parseRoute, type FakeRoute } from './routes.js';
import { FakeWatchers } from './watchers.js';

export interface FakeApiServerOptions {
  readonly clock?: Clock;
  /** `v1.35.4` unless told. */
  readonly gitVersion?: string;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
}

const seenMax = 10_000;

/** A real HTTPS server that behaves like a Kubernetes API server over objects in memory, and fails when told. */
export class FakeApiServer {
  readonly authority = new FakeAuthority();
  readonly token = 'fake-bearer-token';
  /** Requests so far, oldest first. */
  readonly seen: SeenRequest[] = [];
  gitVersion: string;
  /** Names of the readiness checks that fail. */
  notReady: readonly string[] = [];
  /** New connections are cut at once, as if nobody listened. */
  refuseConnections = false;
  /** Leases and what follows from their age; acts when it is called. */
  readonly lifecycle: FakeNodeLifecycle;
  /** Definitions of kinds, and when they are served. */
  readonly customKinds: FakeCustomKinds;
  readonly #store: FakeObjectStore;
  readonly #pods: FakePods;
  readonly #api: FakeApi;
  readonly #watchers: FakeWatchers;
  readonly #faults = new FaultQueue();
  readonly #sockets = new Set<Socket>();
  readonly #places: ResourcePlace[] = [...knownPlaces];
  readonly #server: Server;
  #port = 0;

  private constructor(options: FakeApiServerOptions) {
    const clock = options.clock ?? systemClock;
    const timestamp = (offsetSeconds = 0): string =>
      new Date(clock.now().wallMs + offsetSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
    this.gitVersion = options.gitVersion ?? 'v1.35.4';
    this.#store = new FakeObjectStore(timestamp);
    this.#pods = new FakePods(this.#store);
    this.#api = new FakeApi(this.#store, this.#pods);
    this.#watchers = new FakeWatchers(this.#store);
    this.lifecycle = new FakeNodeLifecycle(this.#store, clock);
    this.customKinds = new FakeCustomKinds(this.#store, this.#places);
    const { certificatePem, keyPem } = this.authority.issue({
      commonName: 'kube-apiserver',
      names: ['127.0.0.1', 'kubernetes'],
    });
    this.#server = createServer(
      { cert: certificatePem, key: keyPem, ca: this.authority.caPem, requestCert: true, rejectUnauthorized: false },
      (request, answer) => void this.#handle(request, answer),
    );
    this.#server.on('connection', (socket: Socket) => {
      if (this.refuseConnections) socket.destroy();
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    // Cut connections are what tests are about.
    this.#server.on('tlsClientError', (_error, socket: TLSSocket) => socket.destroy());
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      this.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
  }

  /** Listens on a free port of the loopback. */
  static async start(options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
    const fake = new FakeApiServer(options);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    // A server that listens on TCP has an address with a port.
    fake.#port = (fake.#server.address() as AddressInfo).port;
    return fake;
  }

  async stop(): Promise<void> {
    this.cutConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  get server(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  /** How to reach it, with a client certificate for the subject; cluster admin unless told. */
  endpoint(
    subject: FakeSubject = { commonName: 'flotilla-control-plane', organizations: ['kubeadm:cluster-admins'] },
  ): KubeEndpoint {
    return { server: this.server, caPem: this.authority.caPem, ...this.authority.issue(subject) };
  }

  /** Stores an object as the rest of the cluster would: created or replaced whole, status included. */
  put(manifest: KubeManifest): void {
    // Through JSON, so that the test cannot change it afterwards and nothing but JSON is in it.
    this.#store.put(this.#placeOf(manifest), JSON.parse(JSON.stringify(manifest)) as JsonMap, 'others/Update');
  }

  /** Merges a change into an object that is there. */
  change(at: Pick<KubeManifest, 'apiVersion' | 'kind' | 'metadata'>, patch: JsonMap): void {
    const place = this.#placeOf(at);
    const current = this.#store.find(place, at.metadata.namespace ?? '', at.metadata.name);
    if (current === undefined) throw new Error(`${at.kind} ${at.metadata.name} is not there`);
    this.#store.put(place, mergePatch(current, patch), 'others/Update');
  }

  remove(at: Pick<KubeManifest, 'apiVersion' | 'kind' | 'metadata'>): void {
    this.#store.remove(this.#placeOf(at), at.metadata.namespace ?? '', at.metadata.name);
  }

  /** The object as stored, or undefined. */
  find(apiVersion: string, kind: string, name: string, namespace = ''): Json | undefined {
    return this.#store.find(this.#placeOf({ apiVersion, kind }), namespace, name);
  }

  /** Serves another kind, as a CustomResourceDefinition would. */
  serveKind(place: ResourcePlace): void {
    this.#places.push(place);
  }

  fail(fault: FakeFault): void {
    this.#faults.add(fault);
  }

  answerEviction(namespace: string, name: string, answers: readonly FakeEvictionAnswer[]): void {
    this.#pods.answerEviction(namespace, name, answers);
  }

  /** From now on pods on nodes are only marked when deleted; {@link finishPod} ends them. */
  lingerPods(): void {
    this.#pods.linger = true;
  }

  finishPod(namespace: string, name: string): void {
    this.#pods.finish(namespace, name);
  }

  /** What reviews of rights answer from now on. */
  decideRights(mayDo: (right: FakeRight) => boolean): void {
    this.#api.mayDo = mayDo;
  }

  /** Nobody answers, and who was connected is cut off. */
  goDown(): void {
    this.refuseConnections = true;
    this.cutConnections();
  }

  comeUp(): void {
    this.refuseConnections = false;
  }

  issueCertificates(issue: (requestPem: string) => string): void {
    this.#api.issueCertificate = issue;
  }

  /** Compaction: versions and continue tokens from before are answered 410. */
  forgetHistory(): void {
    this.#store.forgetHistory();
    this.#api.continueExpired = true;
  }

  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  get watches(): number {
    return this.#watchers.size;
  }

  /** Resolves when so many watches were begun since the start: from then on they miss nothing. */
  watchesBegun(count: number): Promise<void> {
    return this.#watchers.begun(count);
  }

  endWatches(): void {
    this.#watchers.endAll();
  }

  sendBookmarks(): void {
    this.#watchers.sendBookmarks();
  }

  sendRawWatchLine(line: string): void {
    this.#watchers.sendRaw(line);
  }

  async #handle(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', this.server);
      if (this.seen.length < seenMax) {
        this.seen.push({ method: request.method ?? '', path: url.pathname, query: url.search });
      }
      const read = await this.#read(request, url);
      const fault = this.#faults.take(read.method, url.pathname + url.search);
      if (fault?.kind === 'stall') return;
      if (fault?.kind === 'cut') return void request.socket.destroy();
      if (fault?.kind === 'refuse') throw toRefusal(fault);
      if (fault?.kind === 'body') return void answer.writeHead(fault.status, fault.headers ?? {}).end(fault.body);
      const route = parseRoute(url.pathname, this.#places);
      if (route.kind === 'readyz') return this.#readyz(answer);
      if (route.kind === 'collection' && read.query.get('watch') === 'true')
        return this.#watch(route, read.query, answer);
      const { status, body } = this.#answer(route, read);
      if (fault?.kind === 'cut-after') return void request.socket.destroy();
      answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    } catch (error) {
      refuse(answer, error);
    }
  }

  async #read(request: IncomingMessage, url: URL): Promise<FakeRequest> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const body: unknown = text === '' ? {} : JSON.parse(text);
    // JSON.parse gives nothing but JSON.
    const parsed = body as Json;
    const contentType = request.headers['content-type'] ?? '';
    const method = request.method ?? 'GET';
    return {
      method,
      query: url.searchParams,
      contentType,
      body: isMap(parsed) ? parsed : {},
      ...this.#identify(request),
    };
  }

  #identify(request: IncomingMessage): Pick<FakeRequest, 'username' | 'groups'> {
    // The server is an HTTPS server: its sockets are TLS sockets.
    const socket = request.socket as TLSSocket;
    if (request.headers.authorization === `Bearer ${this.token}`)
      return { username: 'fake-token', groups: ['system:masters'] };
    if (!socket.authorized) throw new FakeRefusal(401, 'Unauthorized', 'Unauthorized');
    const { CN, O } = socket.getPeerCertificate().subject;
    // Node gives a list where a part of the name repeats, which its types do not say.
    return { username: String(CN), groups: ([] as string[]).concat(O ?? []) };
  }

  #answer(route: FakeRoute, request: FakeRequest): FakeAnswer {
    if (route.kind === 'collection') return this.#api.collection(route, request);
    if (route.kind === 'object') return this.#api.object(route, request);
    if (route.kind === 'discovery') return { status: 200, body: this.#discovery(route.apiVersion) };
    const [major = '', minor = ''] = this.gitVersion.slice(1).split('.');
    return { status: 200, body: { major, minor, gitVersion: this.gitVersion, platform: 'linux/amd64' } };
  }

  #discovery(apiVersion: string): JsonMap {
    const served = this.#places.filter((place) => place.apiVersion === apiVersion);
    const resources = served.map(({ plural, kind, namespaced }) => ({
      name: plural,
      singularName: '',
      namespaced,
      kind,
      verbs: [],
    }));
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources };
  }

  #readyz(answer: ServerResponse): void {
    const lines = ['[+]ping ok', ...this.notReady.map((name) => `[-]${name} failed: reason withheld`)];
    const ready = this.notReady.length === 0;
    answer.writeHead(ready ? 200 : 500, { 'content-type': 'text/plain' });
    answer.end(`${lines.join('\n')}\nreadyz check ${ready ? 'passed' : 'failed'}\n`);
  }

  #watch(
    { place, namespace }: FakeRoute & { kind: 'collection' },
    query: URLSearchParams,
    answer: ServerResponse,
  ): void {
    const selected = matcherOf(query);
    const matches = (object: JsonMap): boolean =>
      (namespace === undefined || textAt(mapAt(object, 'metadata'), 'namespace') === namespace) && selected(object);
    const bookmarks = query.get('allowWatchBookmarks') === 'true';
    this.#watchers.start({ place, matches, version: query.get('resourceVersion') ?? '', bookmarks }, answer);
  }

  #placeOf({ apiVersion, kind }: Pick<KubeManifest, 'apiVersion' | 'kind'>): ResourcePlace {
    const place = this.#places.find((known) => known.apiVersion === apiVersion && known.kind === kind);
    if (place === undefined) throw new Error(`the fake API server does not serve ${apiVersion} ${kind}`);
    return place;
  }
}

function refuse(answer: ServerResponse, error: unknown): void {
  const refusal = error instanceof FakeRefusal ? error : new FakeRefusal(500, 'InternalError', String(error));
  const { retryAfterSeconds } = refusal;
  const retryAfter = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  answer.writeHead(refusal.status, { 'content-type': 'application/json', ...retryAfter }).end(refusal.toStatus());
}
