import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { Machine, MachineServiceService, NodePoolServiceService } from '@flotilla/proto';
import { root } from '../../e2e/support.js';
import { readProcessCost } from '../agent/process-cost.js';
import { Herd } from '../fleet/herd.js';
import { startServer, type BenchServer } from '../fleet/server.js';
import { dial, unary } from '../fleet/wire.js';
import { describeHost, percentile } from '../summary.js';
import { startEtcd, type Etcd } from './etcd.js';
import { populate } from './populate.js';
import { timeReconciles } from './reconcile.js';

const machines = Number(process.argv[2] ?? 10_000);
const rounds = Number(process.argv[3] ?? 5);
const pools = Math.max(1, Math.round(machines / 20));
const pageSize = 500;
const getsPerSecond = 100;
const getSeconds = 5;
const limits = { getMs: 20, listMs: 100, reconcileMs: 50 };

type Op = 'get' | 'list';
interface Sample {
  readonly who: 'flotilla' | 'etcd';
  readonly op: Op;
  readonly round: number;
  readonly ms: readonly number[];
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const server = await startServer('bench-scale', '127.0.0.1', 17_443, 8);
  const herds: Herd[] = [];
  let etcd: Etcd | undefined;
  try {
    const made = await populate(server, { machines, pools, clusters: 25 });
    say(`${made.identities.length} machines in ${pools} pools; ${seconds(made.tookMs.enrolments)} to enroll them`);
    const herd = new Herd({ ...server, tlsKey: made.tlsKey });
    herds.push(herd);
    const half = Math.ceil(made.identities.length / 2);
    herd.add(made.identities.slice(0, half));
    herd.add(made.identities.slice(half));
    await herd.connected(300_000);
    say('every agent has a session');
    const rows = await allMachines(server);
    etcd = await startEtcd(server.dir, 17_450);
    for (const row of rows) await etcd.put(keyOf(row), Machine.encode(row).finish());
    await new Promise((resolve) => setTimeout(resolve, 10_000)); // the connect storm is not what is measured
    await scrape(server); // the numbers of the loop count from one scrape to the next
    const samples = await measure(server, etcd, rows);
    const loop = await scrape(server);
    const cost = readProcessCost(server.controlPlane.pid() ?? 0);
    await herd.stop();
    await server.controlPlane.stop();
    const reconcile = await timeReconciles(server.controlPlane.dataDir, made.poolIds);
    report({
      samples,
      loop,
      rssBytes: cost.rssBytes,
      reconcile,
      made,
      rowBytes: Machine.encode(rows[0] ?? Machine.create()).finish().length,
    });
  } finally {
    await Promise.all(herds.map((herd) => herd.stop()));
    await etcd?.stop();
    await server.remove();
  }
}

const keyOf = (row: Machine): string => `/machines/${row.meta?.id ?? ''}`;

async function allMachines({ api }: BenchServer): Promise<Machine[]> {
  const rows: Machine[] = [];
  let pageToken = '';
  do {
    const page = await api.machines.listMachines({
      project: 'default',
      options: { pageSize, pageToken, filter: '', orderBy: '' },
    });
    rows.push(...page.machines);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return rows;
}

/** One side, then the other, again and again, with the fleet's heartbeats going on. */
async function measure(server: BenchServer, etcd: Etcd, rows: readonly Machine[]): Promise<Sample[]> {
  const session = await dial({ host: server.host, port: server.port, ca: server.caPem });
  const key = (i: number): Record<string, string> => ({
    authorization: `Bearer ${server.keys[i % server.keys.length] ?? ''}`,
  });
  const row = (i: number): Machine => rows[(i * 7919) % rows.length] ?? Machine.create();
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const get = async (i: number): Promise<unknown> => {
      // Two of three ask for a machine, one for a pool.
      if (i % 3 !== 2)
        return unary(
          session,
          MachineServiceService.getMachine,
          { project: 'default', machine: row(i).meta?.id ?? '' },
          key(i),
        );
      const nodePool = `p${(i * 31) % pools}`;
      return unary(
        session,
        NodePoolServiceService.getNodePool,
        { project: 'default', cluster: `c${((i * 31) % pools) % 25}`, nodePool },
        key(i),
      );
    };
    samples.push({ who: 'flotilla', op: 'get', round, ms: await openLoop(get) });
    samples.push({ who: 'etcd', op: 'get', round, ms: await openLoop((i) => etcd.get(keyOf(row(i)))) });
    let pageToken = '';
    const listPage = async (i: number): Promise<void> => {
      const options = { pageSize, pageToken, filter: '', orderBy: '' };
      const page = await unary(session, MachineServiceService.listMachines, { project: 'default', options }, key(i));
      pageToken = page.nextPageToken;
    };
    samples.push({ who: 'flotilla', op: 'list', round, ms: await oneByOne(rows.length / pageSize, listPage) });
    const sorted = rows.map(keyOf).sort();
    const etcdPage = (i: number): Promise<unknown> => etcd.list(sorted[i * pageSize] ?? '/machines/', pageSize);
    samples.push({ who: 'etcd', op: 'list', round, ms: await oneByOne(rows.length / pageSize, etcdPage) });
    say(samples.slice(-4).map(line).join('\n'));
  }
  session.destroy();
  return samples;
}

/** Requests at their due times, whatever the ones before do; what counts is from due to answered. */
async function openLoop(call: (i: number) => Promise<unknown>): Promise<number[]> {
  const startMs = performance.now();
  const count = getsPerSecond * getSeconds;
  const calls: Promise<number>[] = [];
  for (let i = 0; i < count; i += 1) {
    const dueMs = startMs + (i * 1000) / getsPerSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    calls.push(call(i).then(() => performance.now() - dueMs));
  }
  return Promise.all(calls);
}

async function oneByOne(count: number, call: (i: number) => Promise<unknown>): Promise<number[]> {
  const ms: number[] = [];
  for (let i = 0; i < Math.floor(count); i += 1) {
    const startMs = performance.now();
    await call(i);
    ms.push(performance.now() - startMs);
  }
  return ms;
}

function scrape({ host, port, caPem }: BenchServer): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const ask = request({ host, port, path: '/metrics', ca: caPem, servername: 'localhost' }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () =>
        resolve(text.split('\n').filter((each) => each.startsWith('flotilla_event_loop_lag_seconds'))),
      );
    });
    ask.on('error', reject).end();
  });
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function line({ who, op, ms }: Pick<Sample, 'who' | 'op' | 'ms'>): string {
  const at = (share: number): string => percentile(ms, share).toFixed(1).padStart(7);
  return `${who.padEnd(9)} ${op.padEnd(5)} n ${String(ms.length).padStart(5)}  p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)} ms`;
}

interface Report {
  readonly samples: readonly Sample[];
  readonly loop: readonly string[];
  readonly rssBytes: number;
  readonly rowBytes: number;
  readonly reconcile: Awaited<ReturnType<typeof timeReconciles>>;
  readonly made: { readonly tookMs: Readonly<Record<string, number>> };
}

function report({ samples, loop, rssBytes, rowBytes, reconcile, made }: Report): void {
  const of = (who: Sample['who'], op: Op): Sample => ({
    ...{ who, op, round: -1 },
    ms: samples.filter((each) => each.who === who && each.op === op).flatMap(({ ms }) => ms),
  });
  const verdict = (what: string, ms: readonly number[], limitMs: number): string => {
    const p99 = percentile(ms, 0.99);
    return `${what}: p99 ${p99.toFixed(1)} ms, limit ${limitMs} ms: ${p99 <= limitMs ? 'kept' : 'BROKEN'}`;
  };
  const all = (['get', 'list'] as const).flatMap((op) => [of('flotilla', op), of('etcd', op)]);
  const lines = [
    describeHost(),
    `${machines} machines of ${rowBytes} bytes each, ${pools} pools, heartbeat every 5 s, server ${(rssBytes / 2 ** 20).toFixed(0)} MiB; etcd ${readEtcdVersion()}`,
    ...all.map(line),
    verdict('Get', of('flotilla', 'get').ms, limits.getMs),
    verdict(`List of ${pageSize}`, of('flotilla', 'list').ms, limits.listMs),
    verdict('reconcile of a pool', reconcile.poolMs, limits.reconcileMs),
    `everything looked at once after a start: ${seconds(reconcile.allMs)}`,
    ...loop,
  ];
  const dir = join(root, '.flotilla/bench');
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    join(dir, 'scale.json'),
    JSON.stringify({ host: describeHost(), machines, pools, made, samples, loop, reconcile }),
  );
  writeFileSync(join(dir, 'scale.txt'), `${lines.join('\n')}\n`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

const readEtcdVersion = (): string => '3.4.23 (Debian 12)';

await main();
