import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../e2e/support.js';
import { enrollBatch, newTlsKey, type EnrollOptions, type Identity } from '../fleet/enroll.js';
import { Herd } from '../fleet/herd.js';
import { startServer, type BenchServer } from '../fleet/server.js';
import { describeHost, percentile } from '../summary.js';
import { inside, Injector, makeNamespace, removeNamespace, serverAddress } from './namespace.js';
import { ourRound, Watcher, type Round } from './ours.js';
import { SerfGroup } from './serf.js';

const agents = Number(process.argv[2] ?? 100);
const rounds = Number(process.argv[3] ?? 5);
/** Of a hundred, a fifth at once; of many, so many that a 99th percentile means something. */
const victimsPerRound = Math.min(60, Math.max(1, Math.floor(agents / 5)));
const serfSize = 64;
const serfVictims = 12;
const windowMs = 20_000;
const limits = { resetMs: 1000, blackholeMs: 16_000 };
/** The server holds nothing against anybody within this time of its start. */
const graceMs = 125_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Named extends Round {
  readonly who: 'flotilla' | 'serf';
}

async function main(): Promise<void> {
  makeNamespace();
  const serf = new SerfGroup(join(root, '.flotilla/bench'), serfSize);
  let server: BenchServer | undefined;
  let herd: Herd | undefined;
  let injector: Injector | undefined;
  try {
    server = await startServer('bench-detect', serverAddress, 17_444, 1);
    const startedMs = performance.now();
    const { identities, tlsKey } = await enroll(server);
    say(`${identities.length} agents enrolled`);
    herd = new Herd({ ...server, tlsKey, prefix: inside });
    for (let at = 0; at < identities.length; at += 2500) herd.add(identities.slice(at, at + 2500));
    await herd.connected(300_000);
    await serf.start();
    const restMs = graceMs - (performance.now() - startedMs);
    say(
      `every agent has a session, serf has ${serfSize} members; resting ${(Math.max(0, restMs) / 1000).toFixed(0)} s`,
    );
    await new Promise((resolve) => setTimeout(resolve, Math.max(15_000, restMs)));
    injector = new Injector();
    const watcher = new Watcher(server);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const results: Named[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const victims = Array.from(
        { length: victimsPerRound },
        (_, i) => identities[(round * victimsPerRound + i) % identities.length],
      );
      const ours = await ourRound(
        { herd, watcher, injector },
        victims.filter((each) => each !== undefined),
        windowMs,
      );
      results.push({ who: 'flotilla', ...ours });
      results.push({ who: 'serf', ...(await serf.round(injector, serfVictims, windowMs)) });
      say(results.slice(-2).map(line).join('\n'));
    }
    watcher.stop();
    report(results);
  } finally {
    injector?.stop();
    serf.stop();
    await herd?.stop();
    await server?.remove();
    removeNamespace();
  }
}

/** From this namespace, at the rate that the server allows one network. */
async function enroll(server: BenchServer): Promise<{ identities: Identity[]; tlsKey: string }> {
  const tlsKey = newTlsKey();
  const options: EnrollOptions = { host: server.host, port: server.port, caPem: server.caPem, tlsKey };
  const identities: Identity[] = [];
  const batch = 80;
  for (let at = 0; at < agents; at += batch) {
    const count = Math.min(batch, agents - at);
    const { secret } = await server.api.tokens.createToken({ project: 'default', maxUses: count });
    const names = Array.from({ length: count }, (_, i) => `d-${at + i}`);
    const network = Math.floor(at / batch);
    // Any address of the loopback network reaches a listener of this host.
    const localAddress = `127.${1 + (network >> 8)}.${network & 255}.1`;
    identities.push(...(await enrollBatch(options, { token: secret, names, localAddress })));
    if (at % 2000 === 0 && at > 0) say(`  ${identities.length} enrolled`);
    // One API key may write ten times a second in the long run.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { identities, tlsKey };
}

function of(results: readonly Named[], who: Named['who'], kind: string): number[] {
  return results
    .filter((each) => each.who === who)
    .flatMap(({ detections }) => detections.filter((d) => d.kind === kind).map(({ ms }) => ms));
}

function line(round: Named): string {
  const part = (kind: string): string => {
    const ms = of([round], round.who, kind);
    const at = (share: number): string => (percentile(ms, share) / 1000).toFixed(2).padStart(6);
    return ms.length === 0 ? '' : `${kind} n ${ms.length}  p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)} s   `;
  };
  return `${round.who.padEnd(9)} ${part('reset')}${part('blackhole')}missed ${round.missed}, wrong ${round.wrong}`;
}

function report(results: readonly Named[]): void {
  const all = (who: Named['who']): Named => {
    const mine = results.filter((each) => each.who === who);
    const sum = (pick: (round: Named) => number): number => mine.reduce((total, round) => total + pick(round), 0);
    return {
      who,
      detections: mine.flatMap(({ detections }) => detections),
      missed: sum((r) => r.missed),
      wrong: sum((r) => r.wrong),
    };
  };
  const verdict = (kind: string, limitMs: number): string => {
    const p99 = percentile(of(results, 'flotilla', kind), 0.99);
    return `${kind}: p99 ${(p99 / 1000).toFixed(2)} s, limit ${limitMs / 1000} s: ${p99 <= limitMs ? 'kept' : 'BROKEN'}`;
  };
  const lines = [
    describeHost(),
    `${agents} agents, heartbeat every 5 s; serf 0.9.4 (Debian 12), group of ${serfSize}; ${rounds} rounds, alternated`,
    line(all('flotilla')),
    line(all('serf')),
    verdict('reset', limits.resetMs),
    verdict('blackhole', limits.blackholeMs),
  ];
  const dir = join(root, '.flotilla/bench');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `detect-${agents}.json`), JSON.stringify({ host: describeHost(), agents, results }));
  writeFileSync(join(dir, `detect-${agents}.txt`), `${lines.join('\n')}\n`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

await main();
