import { openApi, type Api } from '../../e2e/ground/api.js';
import { inTurns } from '../../e2e/ground/ground.js';
import { enrollBatch, newTlsKey, type Identity } from '../fleet/enroll.js';
import type { BenchServer } from '../fleet/server.js';

export interface Population {
  readonly machines: number;
  readonly pools: number;
  readonly clusters: number;
}

export interface Populated {
  readonly tlsKey: string;
  readonly identities: readonly Identity[];
  readonly poolIds: readonly string[];
  /** What each kind of call took here, in ms: none is spared because it only prepares. */
  readonly tookMs: Readonly<Record<'writes' | 'enrolments', number>>;
}

/** Enrolments come from many networks: the server counts them by network, as sites behind a NAT. */
const enrolmentsPerNetwork = 90;

/** Makes clusters, pools and a token for each, and enrolls the machines of each pool with it. */
export async function populate(server: BenchServer, wanted: Population): Promise<Populated> {
  const apis = server.keys.map((key) => openApi(`${server.host}:${server.port}`, server.caPem, key));
  const api = (i: number): Api => apis[i % apis.length] ?? server.api;
  const perPool = Math.ceil(wanted.machines / wanted.pools);
  const startedMs = performance.now();
  const clusters = Array.from({ length: wanted.clusters }, (_, i) => `c${i}`);
  await Promise.all(
    clusters.map((name, i) => api(i).clusters.createCluster({ project: 'default', name, controlPlaneReplicas: 1 })),
  );
  const tokens: string[] = [];
  const poolIds: string[] = [];
  await inTurns(
    Array.from({ length: wanted.pools }, (_, i) => i),
    16,
    async (i) => {
      const at = { project: 'default', cluster: clusters[i % clusters.length] ?? '' };
      const { nodePool } = await patient(() => api(i).pools.createNodePool({ ...at, name: `p${i}` }));
      poolIds.push(nodePool?.meta?.id ?? '');
      const { secret } = await patient(() =>
        api(i).tokens.createToken({ ...at, nodePool: `p${i}`, maxUses: perPool, ttl: { seconds: 36_000n, nanos: 0 } }),
      );
      tokens[i] = secret;
    },
  );
  const writtenMs = performance.now();
  const identities = await enroll(server, tokens, perPool);
  for (const each of apis) each.close();
  return {
    tlsKey: identities.tlsKey,
    identities: identities.all,
    poolIds,
    tookMs: { writes: writtenMs - startedMs, enrolments: performance.now() - writtenMs },
  };
}

async function enroll(
  server: BenchServer,
  tokens: readonly string[],
  perPool: number,
): Promise<{ tlsKey: string; all: Identity[] }> {
  const tlsKey = newTlsKey();
  const all: Identity[] = [];
  await inTurns([...tokens.entries()], 3, async ([i, token]) => {
    const network = 1 + Math.floor((i * perPool) / enrolmentsPerNetwork);
    const localAddress = `127.${1 + (network >> 8)}.${network & 255}.1`;
    const names = Array.from({ length: perPool }, (_, n) => `m-${i}-${n}`);
    const options = { host: server.host, port: server.port, caPem: server.caPem, tlsKey };
    all.push(...(await enrollBatch(options, { token, names, localAddress })));
    if (i % 50 === 49) process.stderr.write(`  ${all.length} machines enrolled\n`);
  });
  return { tlsKey, all };
}

/** A limit of the server is not an error of the bench: the call is made again when the server says so. */
async function patient<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const busy = error instanceof Error && error.message.startsWith('8 RESOURCE_EXHAUSTED');
      if (!busy || tries >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}
