import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FlotillaError, systemClock, systemRandom, toFlotillaError } from '@flotilla/kit';
import {
  architectures,
  BuildSource,
  DirectorySource,
  exportBundle,
  hostArchitecture,
  importBundle,
  openMirror,
  UpstreamSource,
  type Architecture,
  type ArtifactProgress,
  type ArtifactSource,
} from './index.js';

/** The command for use by hand and by scripts of this repository; operators have `flotilla artifacts`. */
const usage = `Usage: artifacts <command> [options]

  build <version>            compile from Go modules into the mirror
  sync <version>             download from upstream into the mirror
  copy <version> --from DIR  take from another mirror
  export <version>... --file FILE
  import --file FILE
  list | verify | gc

  --out DIR     the mirror (default: <cache>/mirror)
  --cache DIR   finished builds (default: $FLOTILLA_CACHE or ~/.cache/flotilla, then /artifacts)
  --arch ARCH   amd64 or arm64 (default: this machine's)
  --refresh     fetch again what is there
  --private-go  Go caches of its own, removed afterwards
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    cache: { type: 'string' },
    arch: { type: 'string' },
    from: { type: 'string' },
    file: { type: 'string' },
    refresh: { type: 'boolean', default: false },
    'private-go': { type: 'boolean', default: false },
  },
});

const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => abort.abort(new Error(`stopped by ${name}`)));

const cacheDir = resolve(
  values.cache ?? join(process.env['FLOTILLA_CACHE'] ?? join(homedir(), '.cache/flotilla'), 'artifacts'),
);
const mirror = openMirror(resolve(values.out ?? join(cacheDir, 'mirror')), { clock: systemClock });

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

let shown = '';
function progress({ phase, name, doneBytes, totalBytes, line }: ArtifactProgress): void {
  const percent = totalBytes ? ` ${Math.floor((doneBytes / totalBytes) * 100)} %` : '';
  const text = `${phase} ${name}${line === undefined ? percent : `: ${line}`}`;
  if (text !== shown) process.stderr.write(`${text}\n`);
  shown = text;
}

function usageError(problem: string): FlotillaError {
  return new FlotillaError('USAGE', problem, { kind: 'invalid-argument', remedy: usage });
}

function archOption(): Architecture {
  const arch = values.arch ?? hostArchitecture();
  const known = architectures.find((candidate) => candidate === arch);
  if (!known) throw usageError(`${arch ?? process.arch} is not an architecture of nodes.`);
  return known;
}

function needed(value: string | undefined, what: string): string {
  if (value === undefined) throw usageError(`${what} is missing.`);
  return value;
}

function sourceFor(command: string): ArtifactSource {
  if (command === 'sync') return new UpstreamSource({ clock: systemClock, random: systemRandom });
  if (command === 'copy') return new DirectorySource(resolve(needed(values.from, '--from')), { clock: systemClock });
  return new BuildSource({ cacheDir, clock: systemClock, goCaches: values['private-go'] ? 'private' : 'shared' });
}

async function main(): Promise<void> {
  const [command = '', ...versions] = positionals;
  const options = { signal: abort.signal, progress };
  switch (command) {
    case 'build':
    case 'sync':
    case 'copy':
      for (const version of [needed(versions[0], 'the version'), ...versions.slice(1)]) {
        await mirror.sync(version, archOption(), sourceFor(command), { ...options, refresh: values.refresh });
        say(`${version} ${archOption()} is in ${mirror.dir}`);
      }
      return;
    case 'export': {
      const file = resolve(needed(values.file, '--file'));
      const chosen = versions.map((version) => ({
        version,
        ...(values.arch === undefined ? {} : { arch: archOption() }),
      }));
      if (chosen.length === 0) throw usageError('the version is missing.');
      const { sha256, sizeBytes } = await exportBundle(mirror, chosen, file, options);
      say(`${sha256}  ${file} (${sizeBytes} bytes)`);
      return;
    }
    case 'import':
      for (const { kubernetesVersion } of await importBundle(mirror, resolve(needed(values.file, '--file')), options)) {
        say(`${kubernetesVersion} is in ${mirror.dir}`);
      }
      return;
    case 'list':
      for (const entry of await mirror.list()) {
        say(
          `${entry.version} ${entry.architectures.join(',')} ${entry.files} files ${entry.sizeBytes} bytes ${entry.digest}`,
        );
      }
      return;
    case 'verify': {
      const faults = await mirror.verify(options);
      for (const { version, name, fault } of faults) say(`${version} ${name} ${fault}`);
      if (faults.length > 0) process.exitCode = 1;
      return;
    }
    case 'gc': {
      const { removedFiles, freedBytes } = await mirror.gc(abort.signal);
      say(`${removedFiles} files removed, ${freedBytes} bytes freed`);
      return;
    }
    default:
      throw usageError(command === '' ? 'a command is missing.' : `${command} is not a command.`);
  }
}

try {
  await main();
} catch (thrown) {
  const error = toFlotillaError(thrown);
  process.stderr.write(`${error.code}: ${error.message}\n${error.remedy}\n`);
  process.exitCode = error.code === 'USAGE' ? 2 : 1;
}
