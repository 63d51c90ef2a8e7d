import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { runSeed, type SeedResult } from './run-seed.js';

interface Arguments {
  readonly from: number;
  readonly to: number;
  readonly jobs: number;
  readonly trace: boolean;
  readonly stats: boolean;
  readonly worker: boolean;
  /** Ends with the first seed that breaks; with one job only. */
  readonly untilBroken: boolean;
  /** A small world, few minutes. */
  readonly short: boolean;
  /** The one seed so often: every trace must be the same. */
  readonly repeat: number;
}

/** What a worker says of one seed. */
interface Line {
  readonly seed: number;
  readonly traceHash: string;
  readonly virtualMs: number;
  readonly cpuMs: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly violation: SeedResult['violation'];
  readonly transcript: readonly string[];
}

const transcriptLinesMax = 400;
const usage = `usage: node scripts/run-ts.mjs test/sim/run.ts (--seed N [--trace] [--short] [--repeat N] | --seeds A..B [--jobs N] [--stats])`;

function parseArguments(words: readonly string[]): Arguments | undefined {
  const value = (name: string): string | undefined => {
    const index = words.indexOf(name);
    return index < 0 ? undefined : words[index + 1];
  };
  const [low = '', high = low] = (value('--seed') ?? value('--seeds') ?? '').split('..');
  const [from, to] = [Number(low), Number(high)];
  const jobs = Number(value('--jobs') ?? Math.min(2, availableParallelism()));
  if (low === '' || !Number.isInteger(from) || !Number.isInteger(to) || to < from || !(jobs >= 1)) return undefined;
  return {
    from,
    to,
    jobs,
    trace: words.includes('--trace'),
    stats: words.includes('--stats'),
    worker: words.includes('--worker'),
    short: words.includes('--short'),
    repeat: Number(value('--repeat') ?? 1),
    untilBroken: words.includes('--until-broken'),
  };
}

async function runOne(seed: number, short = false): Promise<Line> {
  const before = process.cpuUsage();
  const result = await runSeed(seed, { short });
  const { user, system } = process.cpuUsage(before);
  return { ...result, cpuMs: (user + system) / 1000 };
}

/** The worker's end: runs the seeds it is sent, one after the other. */
function serveParent(): void {
  process.on('message', (seed: number) => {
    void runOne(seed).then((line) => {
      process.send?.(line.violation === undefined ? { ...line, transcript: [] } : line);
    });
  });
}

/** Every seed over so many processes; calls back in the order of completion. */
async function runAll(all: Arguments, onLine: (line: Line) => void): Promise<void> {
  const { from, to, jobs } = all;
  if (jobs === 1 || from === to) {
    for (let seed = from; seed <= to; seed++) {
      const line = await runOne(seed, all.short);
      onLine(line);
      if (all.untilBroken && line.violation !== undefined) return;
    }
    return;
  }
  let next = from;
  const [program = ''] = process.execArgv.slice(-1);
  const script = workerScript(program);
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      const child = fork(script, [process.argv[1] ?? '', '--seed', '0', '--worker'], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        // Most of what a run makes is dead at once: a bigger nursery is a tenth of the time.
        execArgv: ['--max-semi-space-size=64'],
      });
      try {
        while (next <= to) {
          const seed = next++;
          onLine(
            await new Promise<Line>((resolve, reject) => {
              child.once('message', (message) => resolve(message as Line)); // sent by serveParent
              child.once('exit', (code) =>
                reject(new Error(`a worker ended with ${code ?? 'a signal'} at seed ${seed}`)),
              );
              child.send(seed);
            }),
          );
          child.removeAllListeners('exit');
        }
      } finally {
        child.kill();
      }
    }),
  );
}

/** run-ts.mjs beside this repository, whatever the present directory is. */
function workerScript(_program: string): string {
  return new URL('../../scripts/run-ts.mjs', `file://${process.argv[1] ?? ''}`).pathname;
}

function print(line: Line, all: Arguments): void {
  const { seed, violation, traceHash } = line;
  if (violation === undefined) {
    if (all.from === all.to || all.stats)
      process.stdout.write(
        `seed ${seed} holds: ${Math.round(line.virtualMs / 60_000)} min in ${Math.round(line.cpuMs)} ms, trace ${traceHash.slice(0, 16)} ${JSON.stringify(line.counts)}\n`,
      );
    if (all.trace) process.stdout.write(`${line.transcript.join('\n')}\n`);
    return;
  }
  const shown = all.trace
    ? line.transcript
    : line.transcript.slice(-transcriptLinesMax / (all.from === all.to ? 1 : 10));
  process.stdout.write(
    [
      `seed ${seed} BREAKS ${violation.invariant}`,
      `  ${violation.message}`,
      ...shown.map((text) => `  ${text}`),
      ...(violation.invariant === 'exception' ? [violation.stack] : []),
      `run again: node scripts/run-ts.mjs test/sim/run.ts --seed ${seed} --trace`,
      '',
    ].join('\n'),
  );
}

/** The same seed again and again: one trace. */
async function repeated({ from, repeat, short }: Arguments): Promise<number> {
  const traces = new Map<string, number>();
  for (let turn = 0; turn < repeat; turn++) {
    const { traceHash } = await runOne(from, short);
    traces.set(traceHash, (traces.get(traceHash) ?? 0) + 1);
  }
  const most = Math.max(...traces.values());
  process.stdout.write(
    `seed ${from}: ${most} of ${repeat} runs have the same trace, ${[...traces.keys()].join(' ')}\n`,
  );
  return traces.size === 1 ? 0 : 1;
}

async function main(): Promise<number> {
  const all = parseArguments(process.argv.slice(2));
  if (all === undefined) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  if (all.worker) {
    serveParent();
    return await new Promise<number>(() => undefined);
  }
  if (all.repeat > 1) return repeated(all);
  const broken: number[] = [];
  const totals = { cpuMs: 0, virtualMs: 0, seeds: 0 };
  const counts: Record<string, number> = {};
  await runAll(all, (line) => {
    totals.cpuMs += line.cpuMs;
    totals.virtualMs += line.virtualMs;
    totals.seeds += 1;
    for (const [key, count] of Object.entries(line.counts)) counts[key] = (counts[key] ?? 0) + count;
    if (line.violation !== undefined) broken.push(line.seed);
    print(line, all);
  });
  const hours = totals.virtualMs / 3_600_000;
  process.stdout.write(
    `${totals.seeds} seeds, ${broken.length} broken${broken.length > 0 ? ` (${broken.sort((a, b) => a - b).join(', ')})` : ''}; ${hours.toFixed(1)} virtual hours, ${(totals.cpuMs / 1000).toFixed(1)} CPU s, ${(totals.cpuMs / totals.seeds).toFixed(0)} ms a seed\n`,
  );
  if (all.from !== all.to) process.stdout.write(`${JSON.stringify(counts)}\n`);
  return broken.length === 0 ? 0 : 1;
}

process.exitCode = await main();
