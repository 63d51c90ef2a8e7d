import type { IncomingMessage } from 'node:http';
import { openMirror, BuildSource, UpstreamSource } from '@flotilla/artifacts';
import type { Engine, EngineExtension, EnginePorts, Store } from '@flotilla/core';
import { healthExtension, StallMeter } from '@flotilla/health';
import { FlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import { ApiKeys } from './access/api-key.js';
import { Census } from './census.js';
import type { ApiKeyIdentity } from './access/identity.js';
import { bootstrapAdmin } from './bootstrap-admin.js';
import { MachineCertificates } from './access/machine-certificate.js';
import { ensurePrivateDir, factsOf, readRange, removeFile, writeStream } from './adapters/disk.js';
import { ArtifactsIndex } from './artifacts-index.js';
import { Gate } from './api/gate.js';
import type { ServerFacts } from './api/parts.js';
import { Rates, type RateLimits } from './api/rates.js';
import { allMethods, newGrpcServer, registerServices } from './api/register.js';
import { certificateNames, type Config } from './config/settings.js';
import { Authority } from './enroll/authority.js';
import { clusterConnector, clusterKeys, externalPort } from './secrets/cluster-keys.js';
import { Enrollment } from './enroll/enroll.js';
import { parseFacts } from './enroll/facts.js';
import { loadMasterKey } from './secrets/master-key.js';
import { Nonces } from './enroll/nonces.js';
import { challengeMessage, provenBy } from './enroll/proof.js';
import { renewCertificate } from './enroll/renew.js';
import { sealedSecrets } from './secrets/sealed-secrets.js';
import { Listener } from './listen.js';
import { networkOf } from './access/network.js';
import { Connections, peerOf } from './listen/connections.js';
import { measuredStore } from './measured-store.js';
import { Metrics } from './metrics.js';
import { Readiness } from './readiness.js';
import { addReflection } from './reflection/reflection.js';
import { runServer, stallTickMs } from './run.js';
import { Intake } from './session/intake.js';
import { Sessions } from './session/sessions.js';
import { SessionTable } from './session/table.js';
import { loadAgentFiles } from './load-agent-files.js';
import { openApiJson } from './gen/openapi.js';
import { bundleHandler } from './web/bundle.js';
import { loadRegistry } from './web/json/descriptors.js';
import { openFeed, type Feed } from './web/json/feed.js';
import { jsonGateway } from './web/json/gateway.js';
import { webHandler, type WebParts } from './web/router.js';

/** What the outside gives; everything else is made here. */
export interface ServerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly version: string;
  readonly openStore: (dataDir: string) => Promise<Store>;
  readonly createEngine: (ports: EnginePorts, extensions: readonly EngineExtension[]) => Engine;
  readonly loopLagSeconds: () => { readonly p50: number; readonly p99: number; readonly max: number };
  readonly memoryBytes: () => number;
  readonly rateLimits?: RateLimits;
}

/** A server that is ready to run. */
export interface ComposedServer {
  readonly port: number;
  readonly authority: Authority;
  readonly store: Store;
  readonly sessions: Sessions;
  /** Where the first key was written now, if it was. */
  readonly adminFile: string | undefined;
  /** Runs until aborted or something fails; then stops everything in order and closes the store. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes the server and binds its port. Throws a FlotillaError that says what to do. */
export async function composeServer(config: Config, ports: ServerPorts): Promise<ComposedServer> {
  await ensurePrivateDir(config.dataDir);
  const metrics = new Metrics(ports.version, ports.clock);
  const opened = await ports.openStore(config.dataDir);
  try {
    const store = measuredStore(opened, ports.clock, (...facts) => metrics.commit(...facts));
    const base = await makeBase(config, ports, store, metrics);
    const live = makeLive(config, base);
    const doors = await makeDoors(config, base, live);
    const admin = {
      publicUrl: config.publicUrl,
      caPin: base.authority.caPin,
      publicKeyPin: base.authority.publicKeyPin,
      caPem: base.authority.caPem,
    };
    const adminFile = await bootstrapAdmin({ ...base, dataDir: config.dataDir }, admin);
    const { port } = await doors.listener.open();
    return {
      port,
      authority: base.authority,
      store,
      sessions: live.sessions,
      adminFile,
      run: (signal) => runServer({ ...base, ...live, ...doors }, signal),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** What everything stands on: store, secrets, authority, mirror. */
async function makeBase(config: Config, ports: ServerPorts, store: Store, metrics: Metrics) {
  const { clock, random, log } = ports;
  const box = await loadMasterKey(config.dataDir, random);
  const secrets = await sealedSecrets(config.dataDir, box);
  const authority = await Authority.load({
    secrets,
    clock,
    random,
    instanceId: store.instance.instanceId,
    serverNames: certificateNames(config),
  });
  const secret = async (name: string): Promise<Uint8Array> => {
    const known = await secrets.get(name);
    if (known !== undefined) return known;
    const made = random.bytes(32);
    await secrets.set(name, made);
    return made;
  };
  const pepper = await secret('pepper');
  const ticketSecret = await secret('tls-tickets');
  const mirror = openMirror(config.artifactsDir, { clock });
  return { ...ports, store, metrics, box, authority, pepper, ticketSecret, mirror, log, config };
}

type Base = Awaited<ReturnType<typeof makeBase>>;

/** What lives in memory: the sessions and the engine, which need each other. */
function makeLive(config: Config, base: Base) {
  const { store, clock, random, log, box, mirror } = base;
  const stalls = new StallMeter(stallTickMs, clock.now().monotonicMs);
  const table = new SessionTable(clock, config.heartbeatIntervalMs, stalls);
  const intake = new Intake({ store, clock, log });
  // Bound late: the engine wakes the sessions, and the sessions ask the engine.
  const late: { sessions?: Sessions; engine?: Engine } = {};
  const artifacts = new ArtifactsIndex({
    mirror,
    sources: {
      upstream: new UpstreamSource({ clock, random }),
      build: new BuildSource({ clock, cacheDir: config.buildCacheDir, goCaches: 'private' }),
    },
    defaultSource: config.artifactsSource,
    log,
    onChanged: () => late.engine?.wake('mirror'),
  });
  const engine = base.createEngine(
    {
      store,
      clock,
      random,
      log: log.child({ part: 'engine' }),
      sessions: table,
      clusters: clusterConnector(box, { clock, random }),
      keys: clusterKeys(box, random),
      mirror: artifacts,
      dispatch: { wake: (machineId) => late.sessions?.wake(machineId) },
    },
    [healthExtension({ metrics: base.metrics.health })],
  );
  const sessions = new Sessions({
    store,
    engine,
    table,
    intake,
    clock,
    random,
    log: log.child({ part: 'session' }),
    parseFacts,
    identity: (key, nonce, signature) => provenBy(key, challengeMessage(nonce), signature),
  });
  late.sessions = sessions;
  late.engine = engine;
  return { table, intake, artifacts, engine, sessions, stalls };
}

type Live = ReturnType<typeof makeLive>;

/** What can be reached: gRPC, the web, and the port in front of them. */
async function makeDoors(config: Config, base: Base, live: Live) {
  const { store, clock, random, log, authority, pepper, metrics } = base;
  await live.artifacts.refresh();
  const connections = new Connections(clock, { ...config, firstRequestMs: 10_000, stalledMs: 120_000 });
  const rates = new Rates(clock, base.rateLimits);
  const apiKeys = new ApiKeys({ store, clock, log, pepper });
  const certificates = new MachineCertificates({ reads: store.read, clock, issued: (der) => authority.issued(der) });
  const gate = new Gate({
    store,
    identifyKey: (text) => apiKeys.identify(text),
    identifyMachine: (certificate) => certificates.identify(certificate),
    connections,
    rates,
    log: log.child({ part: 'gate' }),
  });
  const grpc = newGrpcServer();
  const serving = { gate, clock, random, log: log.child({ part: 'api' }), onCall: metrics.call.bind(metrics) };
  const methods = allMethods(
    {
      ...base,
      engine: live.engine,
      liveness: (...of) => live.table.liveness(...of),
      agentsConnected: () => live.table.connected,
      artifacts: live.artifacts,
      external: externalPort(base.box, { clock, random }),
      server: serverFacts(base),
    },
    {
      accept: (stream, peer) => live.sessions.accept(stream, peer),
      renew: (request, call) => renewCertificate({ store, authority }, call.machine, request, call),
      enrollment: new Enrollment({
        store,
        clock,
        random,
        log,
        authority,
        pepper,
        nonces: new Nonces({ clock, random }),
      }),
    },
  );
  const setReady = registerServices(grpc, serving, methods);
  const readiness = new Readiness(setReady);
  const doors = { methods, registry: loadRegistry(), serving, peerOf: peerOfRequest };
  addReflection(grpc, doors.registry);
  const feed = openFeed({ ...doors, origin: new URL(config.publicUrl).origin });
  const listener = new Listener({
    ...config.listen,
    credentials: authority.serverCredentials,
    ticketSecret: base.ticketSecret,
    http: webHandler(await webParts(base, live, { readiness, connections, rates, apiKeys, json: jsonGateway(doors) })),
    upgrade: (request, socket, head) => {
      connections.advance(peerOfRequest(request), 'used');
      feed.upgrade(request, socket, head);
    },
    grpc,
    clock,
    log: log.child({ part: 'listen' }),
    admission: {
      perSecond: config.acceptPerSecond,
      burst: 2 * config.acceptPerSecond,
      waitingMax: config.connectionsMax,
    },
    connections,
    handshakeMs: 10_000,
    onRefused: (why) => metrics.refused(why),
  });
  observe(base, live, connections, feed);
  return { listener, grpc, readiness, feed };
}

function serverFacts({ version, config, authority }: Base): ServerFacts {
  const { publicKeyPin, caPin } = authority;
  return { version, publicUrl: config.publicUrl, publicKeyPin, caPin };
}

interface WebDoors {
  readonly readiness: Readiness;
  readonly connections: Connections;
  readonly rates: Rates;
  readonly apiKeys: ApiKeys;
  readonly json: WebParts['json'];
}

async function webParts(base: Base, live: Live, doors: WebDoors): Promise<WebParts> {
  const { config, log, random, authority, mirror, metrics } = base;
  const { readiness, connections, rates, apiKeys } = doors;
  return {
    log: log.child({ part: 'web' }),
    random,
    caPem: authority.caPem,
    agent: await loadAgentFiles(config.agentDir, serverFacts(base), log),
    mirror,
    notReady: () => readiness.problems,
    metrics: () => metrics.text(),
    disk: { read: readRange, sizeOf },
    json: doors.json,
    openApi: openApiJson,
    bundle: bundleHandler({
      mirror,
      disk: { read: readRange, write: writeStream, remove: removeFile },
      allowSilence: (request) => connections.allowSilence(peerOf(request.socket) ?? ''),
      random,
      workDir: config.artifactsDir,
      identifyKey: (text, address) => guardedKey(apiKeys, rates, text, address),
      onImported: (key, versions, remoteAddress) => imported(base, live, key, versions, remoteAddress),
    }),
    onRequest: (request) => {
      metrics.request();
      connections.advance(peerOf(request.socket) ?? '', 'used');
    },
    beginDownload: downloads(256),
  };
}

function peerOfRequest(request: IncomingMessage): string {
  return peerOf(request.socket) ?? '';
}

async function sizeOf(path: string): Promise<number | undefined> {
  const facts = await factsOf(path);
  return facts?.regular === true ? facts.sizeBytes : undefined;
}

/** Guessing keys over HTTPS is as slow as over gRPC. */
async function guardedKey(keys: ApiKeys, rates: Rates, text: string, remoteAddress: string): Promise<ApiKeyIdentity> {
  try {
    return await keys.identify(text);
  } catch (error) {
    if (rates.guess(networkOf(remoteAddress))) throw error;
    throw new FlotillaError('RATE_LIMITED', 'Too many refused API keys from this address.', {
      kind: 'exhausted',
      retry: 'later',
    });
  }
}

async function imported(
  base: Base,
  live: Live,
  key: ApiKeyIdentity,
  versions: readonly string[],
  remoteAddress: string,
): Promise<void> {
  await live.artifacts.refresh();
  const entry = {
    projectId: key.projectId,
    action: 'artifacts.import',
    resourceKind: 'version',
    resourceId: versions.join(',').slice(0, 200),
    result: 'OK',
    details: {},
  } as const;
  await base.store.commit([{ kind: 'audit.append', entry }], {
    owner: 'api',
    nowMs: base.clock.now().wallMs,
    actor: `api-key:${key.name}`,
    remoteAddress,
  });
}

/** Places for downloads under way. */
function downloads(max: number): () => (() => void) | undefined {
  let running = 0;
  return () => {
    if (running >= max) return undefined;
    running += 1;
    return () => {
      running -= 1;
    };
  };
}

function observe(base: Base, live: Live, connections: Connections, feed: Feed): void {
  const { clock, authority, store } = base;
  const census = new Census(store.read, clock);
  base.metrics.observe({
    agentsConnected: () => live.table.connected,
    agentsLost: () => live.table.fleet().lost,
    feeds: () => feed.open,
    counts: () => census.counts(),
    heartbeatAgesSeconds: function* () {
      const nowMs = clock.now().monotonicMs;
      for (const entry of live.table.entries()) if (entry.connected) yield (nowMs - entry.lastHeardMs) / 1000;
    },
    connections: () => connections.size,
    strangers: () => connections.strangers,
    transitionsWaiting: () => live.intake.waiting,
    epoch: () => store.instance.epoch,
    certificateExpirySeconds: () => (authority.serverNotAfterMs - clock.now().wallMs) / 1000,
    clustersReachable: () => {
      const links = live.engine.clusterLinks();
      const reachable = links.filter((link) => link.reachable).length;
      return { reachable, unreachable: links.length - reachable };
    },
    loopLagSeconds: base.loopLagSeconds,
    memoryBytes: base.memoryBytes,
  });
}
