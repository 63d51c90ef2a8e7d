import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore, type Store } from '@flotilla/core';
import { silentLogger, systemClock, systemRandom, type Clock } from '@flotilla/kit';
import type { RateLimits } from '../api/rates.js';
import { composeServer, type ComposedServer } from '../compose.js';
import type { Config } from '../config/settings.js';
import { loadMasterKey } from '../secrets/master-key.js';
import { sealedSecrets } from '../secrets/sealed-secrets.js';
import { FakeEngine } from './fake-engine.js';

export interface TestServer {
  readonly server: ComposedServer;
  readonly engine: FakeEngine;
  readonly store: Store;
  readonly dataDir: string;
  readonly port: number;
  /** What the first start wrote for `flotilla login`. */
  readonly admin: { readonly apiKey: string; readonly caPem: string };
  /** Key of the stored hashes, for making API keys without the API. */
  pepper(): Promise<Uint8Array>;
  /** Stops the server; the data directory stays until `remove`. */
  stop(): Promise<void>;
  remove(): Promise<void>;
}

/** So many calls at once that no test meets the limits by accident. */
export const roomyRates: RateLimits = Object.fromEntries(
  ['read', 'write', 'watch', 'enroll', 'session', 'renew', 'sync'].map((name) => [
    name,
    { perSecond: 100_000, burst: 100_000, inFlightMax: 100_000 },
  ]),
) as RateLimits; // every class is named above

/** A whole server on a free loopback port, with real TLS and a real store on disk, and an engine that decides nothing. */
export async function openTestServer(
  over: { dataDir?: string; clock?: Clock; rateLimits?: RateLimits; config?: Partial<Config>; port?: number } = {},
): Promise<TestServer> {
  const dataDir = over.dataDir ?? (await mkdtemp(join(tmpdir(), 'flotilla-server-')));
  const clock = over.clock ?? systemClock;
  let engine: FakeEngine | undefined;
  const config: Config = {
    listen: { host: '127.0.0.1', port: over.port ?? 0 },
    publicUrl: 'https://127.0.0.1:7440',
    serverNames: [],
    dataDir,
    agentDir: join(dataDir, 'no-agent'),
    artifactsDir: join(dataDir, 'artifacts'),
    buildCacheDir: join(dataDir, 'build'),
    artifactsSource: 'upstream',
    logLevel: 'error',
    heartbeatIntervalMs: 5000,
    connectionsMax: 10_000,
    strangersMax: 10_000,
    strangersPerAddressMax: 10_000,
    acceptPerSecond: 10_000,
    ...over.config,
  };
  const server = await composeServer(config, {
    clock,
    random: systemRandom,
    log: silentLogger,
    version: '0.0.0-test',
    openStore: (dir) =>
      openSqliteStore({
        dataDir: dir,
        hostId: 'test-host',
        nowMs: clock.now().wallMs,
        random: systemRandom,
        writer: 'inline',
        onFatal: (error) => {
          throw error;
        },
      }),
    createEngine: (ports) => (engine = new FakeEngine(ports)),
    loopLagSeconds: () => ({ p50: 0, p99: 0, max: 0 }),
    memoryBytes: () => 0,
    rateLimits: over.rateLimits ?? roomyRates,
  });
  const stopping = new AbortController();
  const ended = server.run(stopping.signal);
  if (engine === undefined) throw new Error('the engine was not made');
  const admin = JSON.parse(await readFile(join(dataDir, 'admin.json'), 'utf8')) as TestServer['admin'];
  const stop = async (): Promise<void> => {
    stopping.abort(new Error('test over'));
    await ended;
  };
  return {
    server,
    engine,
    store: server.store,
    dataDir,
    port: server.port,
    admin,
    pepper: async () => {
      const secrets = await sealedSecrets(dataDir, await loadMasterKey(dataDir, systemRandom));
      return (await secrets.get('pepper')) ?? Buffer.alloc(0);
    },
    stop,
    remove: async () => {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
