import {
  architectures,
  BuildSource,
  exportBundle,
  hostArchitecture,
  importBundle,
  openMirror,
  UpstreamSource,
  type Architecture,
  type Mirror,
} from '@flotilla/artifacts';
import { FlotillaError, formatBytes, systemClock, systemRandom } from '@flotilla/kit';
import { writeError, writeOut } from '../adapters/process.js';
import type { Config } from '../config/settings.js';

export const artifactsHelp = `Usage: flotilla-server artifacts <verb> [options] [settings]

Works on the mirror of this host (artifactsDir), also while the server runs; no API key needed.

  sync VERSION [--arch ARCH]             bring a version in from artifactsSource
  list                                   what is there
  verify                                 read every file again
  export VERSION --file F [--arch ARCH]  write one bundle file, for sites without a network
  import --file F                        bring a bundle in
  gc                                     remove files that no version uses
`;

interface Options {
  readonly version: string | undefined;
  readonly file: string | undefined;
  readonly arch: string | undefined;
}

/** The verbs of the local mirror. Returns the exit code. */
export async function artifactsCommand(
  verb: string,
  options: Options,
  config: Config,
  signal: AbortSignal,
): Promise<number> {
  const mirror = openMirror(config.artifactsDir, { clock: systemClock });
  const verbs: Readonly<Record<string, () => Promise<number>>> = {
    sync: () => sync(mirror, options, config, signal),
    list: () => list(mirror),
    verify: () => verify(mirror, signal),
    gc: () => gc(mirror, signal),
    export: () => take(mirror, options, signal),
    import: () => bring(mirror, options, signal),
  };
  const run = verbs[verb];
  if (run === undefined) throw usage(verb === '' ? 'A verb is missing.' : `${verb} is not a verb of artifacts.`);
  return run();
}

async function sync(mirror: Mirror, options: Options, config: Config, signal: AbortSignal): Promise<number> {
  const version = needed(options.version, 'The version');
  const arch = archOf(options.arch);
  const source =
    config.artifactsSource === 'build'
      ? new BuildSource({ clock: systemClock, cacheDir: config.buildCacheDir, goCaches: 'private' })
      : new UpstreamSource({ clock: systemClock, random: systemRandom });
  let shown = '';
  await mirror.sync(version, arch, source, {
    signal,
    progress: ({ phase, name }) => {
      if (`${phase} ${name}` !== shown) writeError(`${phase} ${name}\n`);
      shown = `${phase} ${name}`;
    },
  });
  writeOut(`${version} for ${arch} is in the mirror\n`);
  return 0;
}

async function list(mirror: Mirror): Promise<number> {
  for (const { version, architectures: has, files, sizeBytes } of await mirror.list()) {
    writeOut(`${version}  ${has.join(',')}  ${files} files  ${formatBytes(sizeBytes)}\n`);
  }
  return 0;
}

async function verify(mirror: Mirror, signal: AbortSignal): Promise<number> {
  const faults = await mirror.verify({ signal });
  for (const { version, name, fault } of faults) writeOut(`${version} ${name} ${fault}\n`);
  writeOut(
    faults.length === 0
      ? 'every file is as it should be\n'
      : `${faults.length} files are not; sync or import their versions again\n`,
  );
  return faults.length === 0 ? 0 : 1;
}

async function gc(mirror: Mirror, signal: AbortSignal): Promise<number> {
  const { removedFiles, freedBytes } = await mirror.gc(signal);
  writeOut(`${removedFiles} files removed, ${formatBytes(freedBytes)} freed\n`);
  return 0;
}

async function take(mirror: Mirror, options: Options, signal: AbortSignal): Promise<number> {
  const version = needed(options.version, 'The version');
  const file = needed(options.file, '--file');
  const selection = options.arch === undefined ? { version } : { version, arch: archOf(options.arch) };
  const { sha256, sizeBytes } = await exportBundle(mirror, [selection], file, { signal });
  writeOut(`${sha256}  ${file} (${formatBytes(sizeBytes)})\n`);
  return 0;
}

async function bring(mirror: Mirror, options: Options, signal: AbortSignal): Promise<number> {
  for (const { kubernetesVersion } of await importBundle(mirror, needed(options.file, '--file'), { signal })) {
    writeOut(`${kubernetesVersion} is in the mirror\n`);
  }
  return 0;
}

function archOf(text: string | undefined): Architecture {
  const wanted = text ?? hostArchitecture();
  const arch = architectures.find((each) => each === wanted);
  if (arch !== undefined) return arch;
  throw usage(`--arch must be one of ${architectures.join(', ')}.`);
}

function needed(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw usage(`${what} is missing.`);
  return value;
}

function usage(problem: string): FlotillaError {
  return new FlotillaError('USAGE', problem, {
    kind: 'invalid-argument',
    remedy: 'See: flotilla-server artifacts --help',
  });
}
