import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Server } from '../../testbed/index.js';
import { addServer, attach, install, kubectl, paste, root, until, type Fleet } from '../../e2e/support.js';
import { describeHost, summarise } from '../summary.js';
import { bareJoin, bareNode, undoBare, type BareJoin } from './bare.js';

const rounds = Number(process.argv[2] ?? 5);
const serverName = 'juliett';

interface Sample {
  readonly who: 'flotilla' | 'bare kubeadm';
  readonly seconds: number;
}

/** Needs a running quickstart: its control plane and cluster are what both sides join. */
async function main(): Promise<void> {
  const fleet = attach();
  const server = await addServer(fleet, serverName);
  // What an earlier run that was cut may have left.
  await undoBare(server);
  const samples: Sample[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      samples.push({ who: 'flotilla', seconds: await timed(() => ours(fleet, server)) });
      await forget(fleet, server);
      const bare = await bareInputs(fleet);
      samples.push({ who: 'bare kubeadm', seconds: await timed(() => byHand(server, bare)) });
      await kubectl('delete', 'node', serverName);
      await undoBare(server);
      process.stderr.write(
        `round ${round + 1}: ${samples
          .slice(-2)
          .map((s) => `${s.who} ${s.seconds.toFixed(1)} s`)
          .join(', ')}\n`,
      );
    }
  } finally {
    await server.powerCut();
  }
  report(samples);
}

async function ours(fleet: Fleet, server: Server): Promise<void> {
  const { code, output } = await install(fleet, server, ' --no-follow');
  if (code !== 0) throw new Error(output);
  await nodeReady();
}

async function byHand(server: Server, bare: BareJoin): Promise<void> {
  await bareJoin(server, bare);
  await nodeReady();
}

async function nodeReady(): Promise<void> {
  await until(
    'Ready',
    300_000,
    async () => {
      const ready = await kubectl(
        'get',
        'node',
        serverName,
        '--ignore-not-found',
        '-o',
        'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
      );
      return ready === 'True' || undefined;
    },
    100,
  );
}

async function forget(fleet: Fleet, server: Server): Promise<void> {
  await fleet.controlPlane.flotilla(['delete', 'machine', serverName, '--yes']);
  await fleet.controlPlane.flotilla(['wait', `machine/${serverName}`, '--for', 'deleted', '--timeout', '5m']);
  const { code, output } = await paste(server, 'sh /opt/flotilla/current/uninstall.sh');
  if (code !== 0) throw new Error(output);
}

async function bareInputs(fleet: Fleet): Promise<BareJoin> {
  const alpha = fleet.bed.server('alpha');
  const line = await alpha.execOk([
    '/usr/local/bin/kubeadm',
    'token',
    'create',
    '--ttl',
    '15m',
    '--print-join-command',
    '--kubeconfig',
    '/etc/kubernetes/admin.conf',
  ]);
  const match = /kubeadm join (\S+) --token (\S+) --discovery-token-ca-cert-hash (\S+)/.exec(line);
  if (match === null) throw new Error(`not a join command: ${line}`);
  const bare = await bareNode(`https://${fleet.bed.hostAddress}:7440`, alpha, 'v1.34.4', 'worker');
  return { ...bare, endpoint: match[1] ?? '', token: match[2] ?? '', caCertHash: match[3] ?? '' };
}

async function timed(body: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await body();
  return (performance.now() - startedMs) / 1000;
}

function report(samples: readonly Sample[]): void {
  const of = (who: Sample['who']): number[] => samples.filter((s) => s.who === who).map((s) => s.seconds);
  const ours = summarise(of('flotilla'));
  const bare = summarise(of('bare kubeadm'));
  const lines = [
    describeHost(),
    `flotilla      token pasted -> Ready   min ${ours.min.toFixed(1)}  median ${ours.median.toFixed(1)}  max ${ours.max.toFixed(1)} s`,
    `bare kubeadm  script run   -> Ready   min ${bare.min.toFixed(1)}  median ${bare.median.toFixed(1)}  max ${bare.max.toFixed(1)} s`,
    `ratio of medians ${(ours.median / bare.median).toFixed(2)}; limit 1.15 x + 2 s = ${(bare.median * 1.15 + 2).toFixed(1)} s: ${ours.median <= bare.median * 1.15 + 2 ? 'kept' : 'BROKEN'}`,
  ];
  const dir = join(root, '.flotilla/bench');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'join.json'), JSON.stringify({ host: describeHost(), samples }, null, 1));
  process.stdout.write(`${lines.join('\n')}\n`);
}

await main();
