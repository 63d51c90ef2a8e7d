import { createEngine, openSqliteStore, type EnginePorts } from '@flotilla/core';
import { silentLogger, systemClock, systemRandom } from '@flotilla/kit';

export interface ReconcileTimes {
  /** From the wake of one pool until nothing is left to do, in ms, one per look. */
  readonly poolMs: readonly number[];
  /** Everything once, as after a start. */
  readonly allMs: number;
}

/** The real engine over the store that the server has left: each pool is woken by itself and timed. */
export async function timeReconciles(dataDir: string, poolIds: readonly string[]): Promise<ReconcileTimes> {
  const store = await openSqliteStore({
    dataDir,
    hostId: 'bench',
    takeOver: true,
    nowMs: systemClock.now().wallMs,
    random: systemRandom,
    writer: 'inline',
    onFatal: (error) => {
      throw error;
    },
  });
  const engine = createEngine({ ...outside(), store, clock: systemClock, random: systemRandom, log: silentLogger });
  const stopping = new AbortController();
  const running = Promise.all(engine.tasks.map((task) => task.run(stopping.signal)));
  try {
    const startedMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await engine.idle();
    const allMs = performance.now() - startedMs;
    const poolMs: number[] = [];
    for (const id of poolIds) {
      const wokenMs = performance.now();
      engine.wake(`pool:${id}`);
      await engine.idle();
      poolMs.push(performance.now() - wokenMs);
    }
    return { poolMs, allMs };
  } finally {
    stopping.abort(new Error('measured'));
    await running.catch(() => undefined);
    await store.close();
  }
}

/** What is around the engine, answering at once: only the engine and its store are timed. */
function outside(): Omit<EnginePorts, 'store' | 'clock' | 'random' | 'log'> {
  const live = {
    connected: true,
    watchedSinceMs: 0,
    deadlineMs: 15_000,
    ownStallMs: 0,
    heartbeatIntervalMs: 5000,
    probes: [],
  };
  return {
    sessions: {
      live: () => ({ ...live, lastHeardMs: systemClock.now().monotonicMs }),
      fleet: () => ({ heard: 10_000, lost: 0 }),
    },
    clusters: { connect: () => Promise.reject(new Error('no cluster is behind these records')) },
    keys: {
      create: () =>
        Promise.resolve({
          clientSpki: Buffer.alloc(91),
          sealedClientKey: Buffer.alloc(64),
          sealedCertificateKey: Buffer.alloc(64),
        }),
      openCertificateKey: () => Promise.resolve('00'),
    },
    mirror: {
      manifestSha256: () => '0'.repeat(64),
      flannelImage: () => 'flannel',
      cniManifests: () => undefined,
      knows: () => true,
    },
    dispatch: { wake: () => undefined },
  };
}
