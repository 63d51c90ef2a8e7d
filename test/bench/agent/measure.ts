import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeControlPlane } from '../../../node-agent/src/link/fake-control-plane.js';
import { intervalMs, writeHasten } from './hasten.js';
import type { Payload } from './payload.js';
import { readProcessCost, type ProcessCost } from './process-cost.js';

export interface MeasureOptions {
  readonly payload: Payload;
  readonly beats: number;
  /** Time between two heartbeats; a beat itself takes some milliseconds more. */
  readonly beatMs: number;
  /** As a node of a cluster whose kubelet answers, and not as a spare. */
  readonly joined: boolean;
  readonly onSample?: (sample: Sample) => void;
}

export interface Sample extends ProcessCost {
  readonly beats: number;
  readonly atMs: number;
}

const token = 'tok_bench.0123456789abcdef';
const sampleEveryBeats = 500;
const silenceMsMax = 30_000;

/** Runs one agent until it has sent the beats, and samples it on the way. The first sample is the agent at rest. */
export async function measure(options: MeasureOptions): Promise<readonly Sample[]> {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-bench-agent-'));
  const beats = new BeatCounter();
  const fake = await FakeControlPlane.start({
    token,
    intervalMs,
    // Counted, and answered by the fake as usual; what it keeps of each message is let go.
    onMessage: (message) => {
      if (message.$case === 'heartbeat') beats.count();
      fake.heard.length = 0;
      return true;
    },
  });
  const kubelet = options.joined ? await fakeKubelet() : undefined;
  let agent: ChildProcess | undefined;
  try {
    prepare(dir, fake, options);
    agent = start(dir, options.payload);
    return await watch(agent, beats, dir, options);
  } finally {
    await stop(agent);
    await fake.close();
    kubelet?.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Heartbeats that arrived, and who waits for a number of them. */
class BeatCounter {
  #beats = 0;
  #waiting: { readonly beats: number; readonly resolve: () => void } | undefined;

  count(): void {
    this.#beats += 1;
    if (this.#waiting !== undefined && this.#beats >= this.#waiting.beats) this.#waiting.resolve();
  }

  get beats(): number {
    return this.#beats;
  }

  /** Resolves to false when the beats do not come. */
  async reached(beats: number, timeoutMs: number): Promise<boolean> {
    if (this.#beats >= beats) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)));
    const come = new Promise<true>((resolve) => (this.#waiting = { beats, resolve: () => resolve(true) }));
    const result = await Promise.race([come, late]);
    clearTimeout(timer);
    return result;
  }
}

function prepare(dir: string, fake: FakeControlPlane, { beatMs, joined }: MeasureOptions): void {
  for (const name of ['etc', 'state']) mkdirSync(join(dir, name), { mode: 0o700 });
  writeFileSync(join(dir, 'etc/agent.json'), JSON.stringify({ server: fake.url, caPin: fake.pin }), { mode: 0o600 });
  writeFileSync(join(dir, 'etc/token'), `${token}\n`, { mode: 0o600 });
  writeHasten(join(dir, 'hasten.cjs'), beatMs);
  if (!joined) return;
  const membership = {
    state: 'joined',
    clusterId: 'clu_bench',
    nodeId: 'nod_bench',
    nodeName: 'bench',
    role: 'worker',
  };
  const at = '2026-01-01T00:00:00.000Z';
  const lines = [
    { n: 1, at, kind: 'begun' },
    { n: 2, at, kind: 'membership', membership },
  ];
  writeFileSync(join(dir, 'state/journal.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''), {
    mode: 0o600,
  });
}

/** Says that it is healthy, as a kubelet does to its own host. */
async function fakeKubelet(): Promise<Server> {
  const server = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(10248, '127.0.0.1', resolve);
  });
  return server;
}

function start(dir: string, { node, bundle, flags, env }: Payload): ChildProcess {
  const log = openSync(join(dir, 'agent.log'), 'w');
  const child = spawn(node, [...flags, '--require', join(dir, 'hasten.cjs'), bundle, 'run'], {
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      ...env,
      FLOTILLA_AGENT_STATE_DIR: join(dir, 'state'),
      FLOTILLA_AGENT_CONFIG_DIR: join(dir, 'etc'),
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return child;
}

async function watch(
  agent: ChildProcess,
  beats: BeatCounter,
  dir: string,
  { beats: wanted, onSample }: MeasureOptions,
): Promise<readonly Sample[]> {
  const { pid } = agent;
  if (pid === undefined) throw new Error('the agent could not be started');
  const startedMs = performance.now();
  const samples: Sample[] = [];
  for (let at = 1; ; at = Math.min(wanted, at === 1 ? sampleEveryBeats : at + sampleEveryBeats)) {
    if (!(await beats.reached(at, silenceMsMax + sampleEveryBeats * 50))) {
      const said = readFileSync(join(dir, 'agent.log'), 'utf8').trim().split('\n').slice(-15).join('\n');
      throw new Error(`the agent stopped after ${beats.beats} of ${wanted} beats:\n${said}`);
    }
    const sample: Sample = { beats: beats.beats, atMs: performance.now() - startedMs, ...readProcessCost(pid) };
    samples.push(sample);
    onSample?.(sample);
    if (at >= wanted) return samples;
  }
}

async function stop(agent: ChildProcess | undefined): Promise<void> {
  if (agent?.pid === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => agent.once('exit', () => resolve()));
  agent.kill('SIGTERM');
  const late = setTimeout(() => agent.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(late);
}
