import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FlotillaError } from '@flotilla/kit';
import { z } from 'zod';
import {
  commitFile,
  diskFault,
  ensureDir,
  freeBytes,
  hashFile,
  remove,
  sizeOf,
  writeFrom,
  type FileFacts,
} from './adapters/disk.js';
import { readTar, writeTar, type TarEntry } from './adapters/tar.js';
import type { UpstreamCni } from './cni/catalog.js';
import { filesOf, parseCniEntry, type CniEntry } from './cni/entry.js';
import { mergedCni } from './cni/shelf.js';
import {
  allFiles,
  architectures,
  canonicalJson,
  parseManifest,
  withArch,
  type Architecture,
  type ArtifactManifest,
} from './manifest.js';
import type { Mirror } from './mirror.js';
import type { OnProgress } from './source.js';

/** Which part of a mirror goes into a bundle: all architectures of the version unless told. */
export interface BundleSelection {
  readonly version: string;
  readonly arch?: Architecture;
}

export interface BundleOptions {
  readonly signal: AbortSignal;
  readonly progress?: OnProgress;
}

export interface ExportOptions extends BundleOptions {
  /** Network plugins that go along, with every architecture the mirror has of them. */
  readonly cni?: readonly { readonly cni: UpstreamCni; readonly version: string }[];
}

/** What a bundle is about: both lists together are never empty. */
interface BundleIndex {
  readonly manifests: readonly ArtifactManifest[];
  readonly cni: readonly CniEntry[];
}

const indexName = 'flotilla-bundle.json';
const indexBytesMax = 8 * 1024 ** 2;
const versionsMax = 32;
const spareBytes = 64 * 1024 ** 2;

const index = z
  .strictObject({
    schema: z.literal(1),
    manifests: z.array(z.unknown()).max(versionsMax),
    /** Left out without network plugins, so that such bundles are what they always were. */
    cni: z.array(z.unknown()).min(1).max(versionsMax).optional(),
  })
  .refine(({ manifests, cni }) => manifests.length > 0 || cni !== undefined);

/**
 * Writes one file with everything for the chosen versions. Files are verified while they are read; equal contents give
 * equal bundles. The file appears under its name only when it is complete. Returns its size and sha256, to be compared
 * where it arrives.
 */
export async function exportBundle(
  mirror: Mirror,
  selections: readonly BundleSelection[],
  path: string,
  options: ExportOptions,
): Promise<FileFacts> {
  const manifests: ArtifactManifest[] = [];
  for (const selection of selections) manifests.push(await selected(mirror, selection));
  manifests.sort((left, right) => (left.kubernetesVersion < right.kubernetesVersion ? -1 : 1));
  const cni = await selectedCni(mirror, options.cni ?? []);
  const contents = contentsOf({ manifests, cni });
  const totalBytes = [...contents.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await ensureDir(dirname(path));
  await requireSpace(dirname(path), totalBytes);
  const temporary = `${path}.partial`;
  try {
    const head = JSON.stringify({
      schema: 1,
      manifests: manifests.map((one): unknown => JSON.parse(canonicalJson(one))),
      ...(cni.length === 0 ? {} : { cni }),
    });
    const entries: TarEntry[] = [{ type: 'file', name: indexName, mode: 0o644, data: Buffer.from(head) }];
    for (const [sha256, { name, sizeBytes }] of contents) {
      if ((await mirror.blobs.intact(sha256, sizeBytes, options.signal)) !== 'intact') throw damaged(name);
      entries.push({ type: 'file', name: `blobs/${sha256}`, mode: 0o644, path: mirror.blobs.path(sha256), sizeBytes });
    }
    let doneBytes = 0;
    await writeTar(temporary, entries, {
      signal: options.signal,
      onEntry: (entry) => {
        if (entry.type === 'file' && 'path' in entry) doneBytes += entry.sizeBytes;
        options.progress?.({ phase: 'export', name: path, doneBytes, totalBytes });
      },
    });
    const facts = await hashFile(temporary, { signal: options.signal });
    await commitFile(temporary, path);
    return facts;
  } finally {
    await remove(temporary);
  }
}

/**
 * Takes a bundle into the mirror. Refused with `BUNDLE_INVALID`, leaving the mirror as it was, when anything in it is
 * unknown, missing, twice there, or not what its hash says. Returns the manifests as the mirror has them now.
 */
export async function importBundle(mirror: Mirror, path: string, options: BundleOptions): Promise<ArtifactManifest[]> {
  if ((await sizeOf(path)) === undefined) {
    throw new FlotillaError('BUNDLE_INVALID', `${path} is not a file.`, {
      kind: 'not-found',
      remedy: 'Give the path of the file that flotilla artifacts export wrote.',
    });
  }
  return mirror.exclusively(options.signal, async () => {
    const taken: string[] = [];
    try {
      const { manifests, cni } = await unpack(mirror, path, taken, options);
      const published: ArtifactManifest[] = [];
      for (const entry of cni) await mirror.cni.publish(await mergedCniWith(mirror, entry));
      for (const manifest of manifests) {
        const merged = await mergedWith(mirror, manifest);
        await mirror.publish(merged);
        published.push(merged);
      }
      taken.length = 0;
      return published;
    } finally {
      for (const sha256 of taken) await mirror.blobs.drop(sha256);
    }
  });
}

async function unpack(mirror: Mirror, path: string, taken: string[], options: BundleOptions): Promise<BundleIndex> {
  let found: BundleIndex | undefined;
  const waiting = new Map<string, { readonly name: string; readonly sizeBytes: number }>();
  let doneBytes = 0;
  let totalBytes = 0;
  const read = readTar(
    path,
    async (header, content) => {
      if (header.type !== 'file') throw invalid(`${quoted(header.name)} is a ${header.type}`);
      if (!found) {
        if (header.name !== indexName) throw invalid(`it begins with ${quoted(header.name)} instead of ${indexName}`);
        found = await readIndex(header.sizeBytes, content);
        for (const [sha256, file] of contentsOf(found)) waiting.set(sha256, file);
        totalBytes = [...waiting.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        await mirror.blobs.reserve(totalBytes);
        return;
      }
      const sha256 = header.name.startsWith('blobs/') ? header.name.slice('blobs/'.length) : '';
      const file = waiting.get(sha256);
      if (!file) throw invalid(`${quoted(header.name)} is not named by its manifests, or is there twice`);
      if (file.sizeBytes !== header.sizeBytes) throw invalid(`${file.name} has ${header.sizeBytes} bytes`);
      waiting.delete(sha256);
      await take(mirror, sha256, file.sizeBytes, content, taken, options.signal);
      doneBytes += file.sizeBytes;
      options.progress?.({ phase: 'import', name: file.name, doneBytes, totalBytes });
    },
    { signal: options.signal },
  );
  try {
    await read;
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof FlotillaError) throw error;
    const fault = diskFault(error);
    if (fault) throw fault;
    throw invalid(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!found) throw invalid('it is empty');
  const missing = [...waiting.values()].map(({ name }) => name);
  if (missing.length > 0) throw invalid(`${missing.join(', ')} of its manifests are not in it`);
  return found;
}

async function take(
  mirror: Mirror,
  sha256: string,
  sizeBytes: number,
  content: AsyncIterable<Uint8Array>,
  taken: string[],
  signal: AbortSignal,
): Promise<void> {
  const isNew = (await mirror.blobs.size(sha256)) === undefined;
  const temporary = await mirror.blobs.partial(`import ${sha256}`);
  try {
    await pipeline(content, await writeFrom(temporary, 0), { signal });
    await mirror.blobs.commit(temporary, { sha256, sizeBytes });
    if (isNew) taken.push(sha256);
  } finally {
    await remove(temporary);
  }
}

async function readIndex(sizeBytes: number, content: AsyncIterable<Uint8Array>): Promise<BundleIndex> {
  if (sizeBytes > indexBytesMax) throw invalid(`${indexName} has ${sizeBytes} bytes`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  let parsed: ReturnType<typeof index.safeParse>;
  try {
    parsed = index.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch {
    throw invalid(`${indexName} is not JSON`);
  }
  if (!parsed.success) throw invalid(`${indexName} is not an index of schema 1`);
  const manifests = parsed.data.manifests.map(parseManifest);
  const versions = new Set(manifests.map(({ kubernetesVersion }) => kubernetesVersion));
  if (versions.size !== manifests.length) throw invalid('a version is there twice');
  const cni = (parsed.data.cni ?? []).map(parseCniEntry);
  const releases = new Set(cni.map((entry) => `${entry.cni} ${entry.version}`));
  if (releases.size !== cni.length) throw invalid('a network plugin is there twice');
  return { manifests, cni };
}

async function selectedCni(mirror: Mirror, wanted: NonNullable<ExportOptions['cni']>): Promise<CniEntry[]> {
  const found: CniEntry[] = [];
  for (const { cni, version } of wanted) {
    const entry = await mirror.cni.entry(cni, version);
    if (entry === undefined) {
      throw new FlotillaError('ARTIFACT_NOT_FOUND', `The mirror has no ${cni} ${version}.`, {
        kind: 'not-found',
        remedy: `Run: flotilla-server artifacts pin-cni ${cni} ${version}`,
      });
    }
    found.push(entry);
  }
  return found.sort((a, b) => (`${a.cni} ${a.version}` < `${b.cni} ${b.version}` ? -1 : 1));
}

/** A release does not change: another manifest under its name is refused, other architectures of the same are added. */
async function mergedCniWith(mirror: Mirror, entry: CniEntry): Promise<CniEntry> {
  const existing = await mirror.cni.entry(entry.cni, entry.version);
  if (existing !== undefined && existing.manifest.sha256 !== entry.manifest.sha256)
    throw invalid(`the mirror has ${entry.cni} ${entry.version} with another manifest`);
  return mergedCni(existing, entry);
}

async function selected(mirror: Mirror, { version, arch }: BundleSelection): Promise<ArtifactManifest> {
  const manifest = await mirror.manifest(version);
  const part = arch === undefined ? undefined : manifest?.arch[arch];
  if (!manifest || (arch !== undefined && !part)) {
    throw new FlotillaError('ARTIFACT_NOT_FOUND', `The mirror has no ${version}${arch ? ` for ${arch}` : ''}.`, {
      kind: 'not-found',
      remedy: `Run: flotilla artifacts sync ${version}`,
    });
  }
  return arch !== undefined && part ? withArch(undefined, version, arch, part) : manifest;
}

/** What the mirror has of other architectures stays. */
async function mergedWith(mirror: Mirror, incoming: ArtifactManifest): Promise<ArtifactManifest> {
  let merged = await mirror.usableManifest(incoming.kubernetesVersion);
  for (const arch of architectures) {
    const artifacts = incoming.arch[arch];
    if (artifacts) merged = withArch(merged, incoming.kubernetesVersion, arch, artifacts);
  }
  return merged ?? incoming;
}

/** Distinct contents in a fixed order: a file that two versions share is there once. */
function contentsOf({ manifests, cni }: BundleIndex): Map<string, { name: string; sizeBytes: number }> {
  const files = [...manifests.flatMap(allFiles), ...cni.flatMap(filesOf)].sort((left, right) =>
    left.sha256 < right.sha256 ? -1 : 1,
  );
  const contents = new Map<string, { name: string; sizeBytes: number }>();
  for (const { sha256, name, sizeBytes } of files) {
    const known = contents.get(sha256);
    if (known && known.sizeBytes !== sizeBytes) throw invalid(`${name} and ${known.name} disagree about one file`);
    contents.set(sha256, { name, sizeBytes });
  }
  return contents;
}

async function requireSpace(dir: string, sizeBytes: number): Promise<void> {
  const free = await freeBytes(dir);
  if (free >= sizeBytes + spareBytes) return;
  throw new FlotillaError('ARTIFACT_DISK_FULL', `The bundle needs ${sizeBytes} bytes in ${dir}; ${free} are free.`, {
    kind: 'exhausted',
    remedy: 'Choose another disk, or export fewer versions.',
  });
}

function damaged(name: string): FlotillaError {
  return new FlotillaError('ARTIFACT_CORRUPT', `${name} in the mirror is missing or damaged.`, {
    kind: 'data-loss',
    remedy: 'Sync the version again with --refresh, then export.',
  });
}

function invalid(problem: string): FlotillaError {
  return new FlotillaError('BUNDLE_INVALID', `The bundle is refused: ${problem}. Nothing was imported.`, {
    kind: 'data-loss',
    remedy: 'Compare its sha256 with the one that export printed; if they differ, copy it again; else export it again.',
  });
}

/** A foreign name, short and on one line. */
function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 120));
}
