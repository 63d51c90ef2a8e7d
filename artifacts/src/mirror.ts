import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { FlotillaError, type Clock } from '@flotilla/kit';
import {
  ensureDir,
  listDir,
  readFrom,
  readText,
  remove,
  sizeOf,
  writeAtomic,
  type FileFacts,
} from './adapters/disk.js';
import { withLock } from './adapters/lock.js';
import { BlobStore } from './blob-store.js';
import { kubernetesVersion } from './catalog.js';
import { architecturesOfCni, filesOf, type CniEntry } from './cni/entry.js';
import type { CniPin } from './cni/pin.js';
import { CniShelf, mergedCni } from './cni/shelf.js';
import type { CniUpstream } from './cni/upstream.js';
import {
  allFiles,
  architecturesOf,
  canonicalJson,
  digestOf,
  isKubernetesVersion,
  parseManifest,
  withArch,
  type Architecture,
  type ArtifactFile,
  type ArtifactManifest,
} from './manifest.js';
import type { ArtifactSource, OnProgress } from './source.js';

/** What a mirror holds of one version. */
export interface MirrorEntry {
  readonly version: string;
  readonly architectures: readonly Architecture[];
  /** sha256 of the manifest: two mirrors with the same digest hold the same files. */
  readonly digest: string;
  readonly files: number;
  readonly sizeBytes: number;
}

/** A file that {@link Mirror.verify} found wrong. */
export interface MirrorFault {
  readonly version: string;
  readonly name: string;
  readonly sha256: string;
  readonly fault: 'missing' | 'damaged';
}

/** A file ready to be served. */
export interface OpenArtifact {
  readonly file: ArtifactFile;
  readonly path: string;
  readonly stream: () => Readable;
}

const manifestBytesMax = 1024 ** 2;
const lockWaitMsMax = 30 * 60_000;

/**
 * The store of what nodes need: `blobs/<sha256>` and `manifests/<version>.json` below one directory. A manifest exists
 * only while all its files do. Works of different processes on one directory wait for each other.
 */
export class Mirror {
  readonly blobs: BlobStore;
  /** Manifests and images of network plugins of other projects. */
  readonly cni: CniShelf;
  readonly #manifests: string;

  constructor(
    readonly dir: string,
    private readonly ports: { readonly clock: Clock },
  ) {
    this.blobs = new BlobStore(dir);
    this.cni = new CniShelf(dir, this.blobs);
    this.#manifests = join(dir, 'manifests');
  }

  /** The manifest of a version, or undefined when the mirror has nothing of it. */
  async manifest(version: string): Promise<ArtifactManifest | undefined> {
    if (!isKubernetesVersion(version)) return undefined;
    const text = await readText(join(this.#manifests, `${version}.json`), manifestBytesMax);
    if (text === undefined) return undefined;
    return parseManifest(parseJson(text));
  }

  /** Like {@link manifest}, but an unreadable one counts as none: what is being replaced need not be in order. */
  async usableManifest(version: string): Promise<ArtifactManifest | undefined> {
    try {
      return await this.manifest(version);
    } catch (error) {
      if (error instanceof FlotillaError && error.code === 'ARTIFACT_MANIFEST_INVALID') return undefined;
      throw error;
    }
  }

  /** Every version there is, by name. */
  async list(): Promise<MirrorEntry[]> {
    const entries: MirrorEntry[] = [];
    for (const version of await this.#versions()) {
      const manifest = await this.manifest(version);
      if (!manifest) continue;
      const files = allFiles(manifest);
      entries.push({
        version,
        architectures: architecturesOf(manifest),
        digest: digestOf(manifest),
        files: files.length,
        sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
      });
    }
    return entries;
  }

  /** One file for serving. `ARTIFACT_NOT_FOUND` when the mirror does not have it. */
  async open(version: string, arch: Architecture, name: string): Promise<OpenArtifact> {
    const manifest = await this.manifest(version);
    const file = manifest?.arch[arch]?.files.find((candidate) => candidate.name === name);
    if (!file || (await sizeOf(this.blobs.path(file.sha256))) !== file.sizeBytes) {
      throw new FlotillaError('ARTIFACT_NOT_FOUND', `The mirror has no ${name} of ${version} for ${arch}.`, {
        kind: 'not-found',
        remedy: `Run: flotilla artifacts sync ${version}`,
      });
    }
    const path = this.blobs.path(file.sha256);
    return { file, path, stream: () => readFrom(path) };
  }

  /**
   * Brings a version for one architecture into the mirror. What is there already is not fetched again unless `refresh`,
   * which also reads every file and replaces damaged ones.
   * After a failure the mirror is as it was, and the next try goes on where this one stopped.
   */
  async sync(
    version: string,
    arch: Architecture,
    source: ArtifactSource,
    options: { readonly signal: AbortSignal; readonly progress?: OnProgress; readonly refresh?: boolean },
  ): Promise<ArtifactManifest> {
    const entry = kubernetesVersion(version);
    if (!entry.architectures.includes(arch)) {
      throw new FlotillaError('ARCHITECTURE_UNSUPPORTED', `${version} is not supported on ${arch}.`, {
        kind: 'invalid-argument',
        remedy: `Choose one of ${entry.architectures.join(', ')}.`,
      });
    }
    return this.exclusively(options.signal, async () => {
      const existing = await this.usableManifest(version);
      if (options.refresh === true && existing) await this.#dropDamaged(existing, options.signal);
      if (existing?.arch[arch] && options.refresh !== true && (await this.#complete(existing))) return existing;
      const artifacts = await source.fetch({
        version: entry,
        arch,
        into: this.blobs,
        progress: options.progress ?? (() => undefined),
        signal: options.signal,
      });
      const manifest = withArch(existing, version, arch, artifacts);
      await this.publish(manifest);
      return manifest;
    });
  }

  /**
   * Brings a pinned network plugin into the mirror, images for these architectures included. What is there and intact
   * stays, though a tag may name something else by now; what is damaged is fetched again. A release that is there with
   * another manifest is CNI_PIN_DIFFERS: clusters run it.
   */
  async syncCni(
    pin: CniPin,
    arches: readonly Architecture[],
    source: CniUpstream,
    options: { readonly signal: AbortSignal; readonly progress?: OnProgress },
  ): Promise<CniEntry> {
    return this.exclusively(options.signal, async () => {
      const existing = await this.cni.entry(pin.cni, pin.version);
      if (existing !== undefined && existing.manifest.sha256 !== pin.sha256) throw pinDiffers(pin, existing);
      const { signal, progress = () => undefined } = options;
      const kept = existing === undefined ? undefined : await this.#intactCni(existing, signal);
      const has = kept === undefined ? [] : architecturesOfCni(kept);
      const missing = arches.filter((arch) => !has.includes(arch));
      if (kept !== undefined && missing.length === 0) return kept;
      const entry = await source.fetch({ pin, arches: missing, into: this.blobs, progress, signal });
      const merged = mergedCni(kept, entry);
      await this.cni.publish(merged);
      return merged;
    });
  }

  /** The entry without what is missing or damaged, which is dropped; undefined when its manifest is. */
  async #intactCni(entry: CniEntry, signal: AbortSignal): Promise<CniEntry | undefined> {
    const good = async ({ sha256, sizeBytes }: FileFacts): Promise<boolean> => {
      const state = await this.blobs.intact(sha256, sizeBytes, signal);
      if (state === 'damaged') await this.blobs.drop(sha256);
      return state === 'intact';
    };
    const images: CniEntry['images'] = [];
    for (const image of entry.images) {
      const { amd64, arm64 } = image.arch;
      const arch: (typeof image)['arch'] = {};
      if (amd64 !== undefined && (await good(amd64))) arch.amd64 = amd64;
      if (arm64 !== undefined && (await good(arm64))) arch.arm64 = arm64;
      images.push({ ...image, arch });
    }
    return (await good(entry.manifest)) ? { ...entry, images } : undefined;
  }

  /** Makes a manifest visible, after checking that every file of it is in the store. */
  async publish(manifest: ArtifactManifest): Promise<void> {
    for (const file of allFiles(manifest)) {
      if ((await sizeOf(this.blobs.path(file.sha256))) !== file.sizeBytes) {
        throw new FlotillaError('ARTIFACT_INCOMPLETE', `${file.name} of ${manifest.kubernetesVersion} is missing.`, {
          kind: 'data-loss',
          retry: 'later',
          remedy: 'Sync or import the version again.',
        });
      }
    }
    await ensureDir(this.#manifests);
    await writeAtomic(join(this.#manifests, `${manifest.kubernetesVersion}.json`), `${canonicalJson(manifest)}\n`);
  }

  /** Reads every file again. An empty list means that all is as the manifests say. */
  async verify(options: { readonly signal: AbortSignal; readonly progress?: OnProgress }): Promise<MirrorFault[]> {
    const faults: MirrorFault[] = [];
    for (const version of await this.#versions()) {
      const manifest = await this.manifest(version);
      for (const { name, sha256, sizeBytes } of manifest ? allFiles(manifest) : []) {
        const state = await this.blobs.intact(sha256, sizeBytes, options.signal);
        if (state !== 'intact') faults.push({ version, name, sha256, fault: state });
        options.progress?.({ phase: 'verify', name, doneBytes: sizeBytes, totalBytes: sizeBytes });
      }
    }
    for (const entry of await this.cni.list()) {
      for (const { name, sha256, sizeBytes } of filesOf(entry)) {
        const state = await this.blobs.intact(sha256, sizeBytes, options.signal);
        if (state !== 'intact') faults.push({ version: `${entry.cni} ${entry.version}`, name, sha256, fault: state });
        options.progress?.({ phase: 'verify', name, doneBytes: sizeBytes, totalBytes: sizeBytes });
      }
    }
    return faults;
  }

  /** Forgets a version; its files stay until {@link gc}. */
  async forget(version: string, signal: AbortSignal): Promise<void> {
    if (!isKubernetesVersion(version)) return;
    await this.exclusively(signal, () => remove(join(this.#manifests, `${version}.json`)));
  }

  /** Removes files that no manifest names, and unfinished downloads. */
  async gc(signal: AbortSignal): Promise<{ removedFiles: number; freedBytes: number }> {
    return this.exclusively(signal, async () => {
      const keep = new Set<string>();
      for (const version of await this.#versions()) {
        const manifest = await this.manifest(version);
        for (const file of manifest ? allFiles(manifest) : []) keep.add(file.sha256);
      }
      for (const entry of await this.cni.list()) for (const file of filesOf(entry)) keep.add(file.sha256);
      return this.blobs.sweep(keep);
    });
  }

  /** Runs `work` alone on this directory, among all processes of this machine. */
  async exclusively<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    await this.blobs.prepare();
    return withLock(this.dir, { clock: this.ports.clock, waitMsMax: lockWaitMsMax, signal }, work);
  }

  async #versions(): Promise<string[]> {
    const names = await listDir(this.#manifests);
    return names
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
      .filter(isKubernetesVersion);
  }

  /** A damaged file would look like one that need not be fetched. */
  async #dropDamaged(manifest: ArtifactManifest, signal: AbortSignal): Promise<void> {
    for (const { sha256, sizeBytes } of allFiles(manifest)) {
      if ((await this.blobs.intact(sha256, sizeBytes, signal)) === 'damaged') await this.blobs.drop(sha256);
    }
  }

  async #complete(manifest: ArtifactManifest): Promise<boolean> {
    for (const { sha256, sizeBytes } of allFiles(manifest)) {
      if ((await sizeOf(this.blobs.path(sha256))) !== sizeBytes) return false;
    }
    return true;
  }
}

/** A mirror in `dir`, which is made when needed. */
export function openMirror(dir: string, ports: { readonly clock: Clock }): Mirror {
  return new Mirror(dir, ports);
}

function pinDiffers(pin: CniPin, existing: CniEntry): FlotillaError {
  const message = `${pin.cni} ${pin.version} is in the mirror with sha256 ${existing.manifest.sha256}, from ${existing.origin}.`;
  return new FlotillaError('CNI_PIN_DIFFERS', message, {
    kind: 'conflict',
    remedy:
      'A release does not change: find out which of the two is genuine. Pin another version for another manifest.',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
