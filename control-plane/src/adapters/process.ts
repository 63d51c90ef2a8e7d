import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the program is given from outside, read once. */
export interface ProcessFacts {
  readonly args: readonly string[];
  readonly hostName: string;
  /** Directory of the running bundle, or of this file when run from sources. */
  readonly bundleDir: string;
  readonly workDir: string;
}

export function processFacts(): ProcessFacts {
  return {
    args: process.argv.slice(2),
    hostName: hostname().toLowerCase(),
    bundleDir: dirname(fileURLToPath(import.meta.url)),
    workDir: process.cwd(),
  };
}

/** A stable name of this host that tells nothing: a copy of the data directory elsewhere is noticed by it. */
export async function hostId(): Promise<string> {
  const machineId = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  const source = /^[0-9a-f]{32}\s*$/.test(machineId) ? machineId.trim() : `hostname ${hostname()}`;
  return createHash('sha256').update(`flotilla-server host ${source}`).digest('hex').slice(0, 32);
}

/** Aborted by SIGTERM or SIGINT; a second signal ends the process at once. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(130);
      stopping.abort(new Error(`stopped by ${name}`));
    });
  }
  return stopping.signal;
}

export function exitAtOnce(code: number): never {
  process.exit(code);
}

export function setExitCode(code: number): void {
  process.exitCode = code;
}

export function writeOut(text: string): void {
  process.stdout.write(text);
}

export function writeError(text: string): void {
  process.stderr.write(text);
}

export function residentMemoryBytes(): number {
  return process.memoryUsage.rss();
}

/** Lag of the event loop since the last call, in seconds. */
export function loopLagMeter(): () => { readonly p50: number; readonly p99: number; readonly max: number } {
  const resolutionMs = 20;
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  // The histogram holds intervals, in nanoseconds; what is beyond the resolution is lag.
  const lag = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000);
  return () => {
    const result = { p50: lag(histogram.percentile(50)), p99: lag(histogram.percentile(99)), max: lag(histogram.max) };
    histogram.reset();
    return result;
  };
}
