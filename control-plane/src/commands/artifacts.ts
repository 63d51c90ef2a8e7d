import {
  architectures,
  BuildSource,
  CniUpstream,
  exportBundle,
  hostArchitecture,
  importBundle,
  openMirror,
  parseCniPin,
  UpstreamSource,
  type Architecture,
  type Mirror,
} from '@flotilla/artifacts';
import { FlotillaError, formatBytes, systemClock, systemRandom } from '@flotilla/kit';
import { manifestImages } from '@flotilla/kube';
import { writeError, writeOut } from '../adapters/process.js';
import type { Config } from '../config/settings.js';
import { usage, type VerbInfo, type Words } from './usage.js';

const arch = { name: 'arch', value: 'ARCH', help: `one of ${architectures.join(', ')}; default: this host's` } as const;
const file = { name: 'file', value: 'FILE', help: 'a file of this host' } as const;

/** The verbs of the local mirror. */
export const artifactsVerbs: readonly VerbInfo[] = [
  { name: 'sync', words: ['VERSION'], flags: [arch], help: 'bring a version in from artifactsSource' },
  { name: 'list', help: 'what is there' },
  { name: 'verify', help: 'read every file again' },
  {
    name: 'export',
    words: ['VERSION'],
    flags: [{ ...file, needed: true }, arch],
    help: 'write one bundle file, for sites without a network',
  },
  { name: 'import', flags: [{ ...file, needed: true }], help: 'bring a bundle in' },
  {
    name: 'pin-cni',
    words: ['CNI', 'VERSION'],
    flags: [
      { name: 'sha256', value: 'SHA256', help: 'of the manifest, as sha256sum prints it' },
      { name: 'url', value: 'URL', help: 'where the manifest is; default: where its project publishes it' },
      file,
      arch,
    ],
    help: 'bring a network plugin in, with its images',
  },
  { name: 'gc', help: 'remove files that no version uses' },
];

interface Options {
  readonly version: string | undefined;
  readonly file: string | undefined;
  readonly arch: string | undefined;
}

/** Runs one of {@link artifactsVerbs}. Returns the exit code. */
export async function artifactsCommand(words: Words, config: Config, signal: AbortSignal): Promise<number> {
  const [verb = '', chosen, more] = words.plain;
  const known = artifactsVerbs.find(({ name }) => name === verb);
  if (known === undefined) throw usage(verb === '' ? 'A verb is missing.' : `${verb} is not a verb of artifacts.`);
  const surplus = words.plain[1 + (known.words ?? []).length];
  if (surplus !== undefined) throw usage(`artifacts ${verb} takes no ${surplus}.`);
  for (const name of words.flags.keys()) {
    if (known.flags?.some((flag) => flag.name === name) !== true) throw usage(`artifacts ${verb} takes no --${name}.`);
  }
  const options = { version: chosen, file: words.flags.get('file'), arch: words.flags.get('arch') };
  const mirror = openMirror(config.artifactsDir, { clock: systemClock });
  const verbs: Readonly<Record<string, () => Promise<number>>> = {
    sync: () => sync(mirror, options, config, signal),
    list: () => list(mirror),
    verify: () => verify(mirror, signal),
    gc: () => gc(mirror, signal),
    export: () => take(mirror, options, signal),
    import: () => bring(mirror, options, signal),
    'pin-cni': () => pinCni(mirror, { ...options, cni: chosen, version: more }, words, signal),
  };
  const run = verbs[verb];
  if (run === undefined) throw new FlotillaError('INTERNAL', `artifacts ${verb} does nothing`);
  return run();
}

async function pinCni(
  mirror: Mirror,
  options: Options & { readonly cni: string | undefined },
  words: Words,
  signal: AbortSignal,
): Promise<number> {
  const given = { cni: needed(options.cni, 'The plugin'), version: needed(options.version, 'The version') };
  const pin = parseCniPin(
    { ...given, ...Object.fromEntries([...words.flags].filter(([name]) => name !== 'arch')) },
    'pin-cni',
  );
  const source = new CniUpstream({ clock: systemClock, random: systemRandom, imagesOf: manifestImages });
  const entry = await mirror.syncCni(pin, [archOf(options.arch)], source, { signal, progress: shownOnce() });
  writeOut(`${entry.cni} ${entry.version} is in the mirror with ${entry.images.length} images\n`);
  return 0;
}

/** Tells each thing that is being fetched once. */
function shownOnce(): (report: { readonly phase: string; readonly name: string }) => void {
  let shown = '';
  return ({ phase, name }) => {
    if (`${phase} ${name}` !== shown) writeError(`${phase} ${name}\n`);
    shown = `${phase} ${name}`;
  };
}

async function sync(mirror: Mirror, options: Options, config: Config, signal: AbortSignal): Promise<number> {
  const version = needed(options.version, 'The version');
  const arch = archOf(options.arch);
  const source =
    config.artifactsSource === 'build'
      ? new BuildSource({ clock: systemClock, cacheDir: config.buildCacheDir, goCaches: 'private' })
      : new UpstreamSource({ clock: systemClock, random: systemRandom });
  await mirror.sync(version, arch, source, { signal, progress: shownOnce() });
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
