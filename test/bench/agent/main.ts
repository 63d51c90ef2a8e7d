import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeHost } from '../summary.js';
import { measure, type Sample } from './measure.js';
import { unpackPayload } from './payload.js';

const root = resolve(process.env['FLOTILLA_ROOT'] ?? process.cwd());
const mib = 1024 * 1024;
const limitMib = 60;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { joined: { type: 'boolean' }, dist: { type: 'string' }, 'beat-ms': { type: 'string' } },
  });
  const beats = Number(positionals[0] ?? 9_000);
  const beatMs = Number(values['beat-ms'] ?? 8);
  const dir = join(root, '.flotilla/bench');
  const payload = await unpackPayload(resolve(values.dist ?? join(root, 'installer/dist')), join(dir, 'agent-runtime'));
  const joined = values.joined === true;
  process.stdout.write(
    `${describeHost()}\nbundle ${Math.round(payload.bundleBytes / 1024)} KiB, flags ${payload.flags.join(' ')}\n`,
  );
  process.stdout.write('  BEATS      AT     RSS    PEAK  PRIVATE    ANON     CPU  CPU/BEAT\n');
  const samples = await measure({
    payload,
    beats,
    beatMs,
    joined,
    onSample: (sample) => process.stdout.write(`${row(sample)}\n`),
  });
  const file = join(dir, joined ? 'agent-joined.json' : 'agent-spare.json');
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    file,
    JSON.stringify(
      { host: describeHost(), joined, beatMs, bundleBytes: payload.bundleBytes, flags: payload.flags, samples },
      null,
      1,
    ),
  );
  process.stdout.write(`${verdict(samples)}\nraw: ${file}\n`);
}

function row({ beats, atMs, rssBytes, peakBytes, privateBytes, anonymousBytes, cpuMs }: Sample): string {
  const size = (bytes: number, width: number): string => (bytes / mib).toFixed(1).padStart(width);
  return [
    String(beats).padStart(7),
    `${(atMs / 1000).toFixed(1)}s`.padStart(8),
    size(rssBytes, 8),
    size(peakBytes, 8),
    size(privateBytes, 9),
    size(anonymousBytes, 8),
    `${(cpuMs / 1000).toFixed(1)}s`.padStart(8),
    `${(cpuMs / beats).toFixed(2)}ms`.padStart(10),
  ].join('');
}

function verdict(samples: readonly Sample[]): string {
  const last = samples.at(-1);
  if (last === undefined) return 'nothing was measured';
  const rss = last.rssBytes / mib;
  return `${last.beats} beats: ${rss.toFixed(1)} MiB resident, ${(last.privateBytes / mib).toFixed(1)} MiB private, ${last.threads} threads; limit ${limitMib} MiB: ${rss <= limitMib ? 'kept' : 'BROKEN'}`;
}

await main();
