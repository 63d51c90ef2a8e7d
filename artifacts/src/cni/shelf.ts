import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { FlotillaError } from '@flotilla/kit';
import { ensureDir, listDir, readText, sizeOf, writeAtomic } from '../adapters/disk.js';
import { compareVersions } from '../availability.js';
import type { BlobStore } from '../blob-store.js';
import type { Architecture } from '../manifest.js';
import { upstreamCnis, type UpstreamCni } from './catalog.js';
import { architecturesOfCni, filesOf, parseCniEntry, type CniEntry } from './entry.js';

const entryBytesMax = 256 * 1024;
export const cniTextBytesMax = 16 * 1024 * 1024;

/** Network plugins in a mirror: `cni/<plugin>-<version>.json`, their files among the other blobs. */
export class CniShelf {
  readonly #dir: string;

  constructor(
    mirrorDir: string,
    private readonly blobs: BlobStore,
  ) {
    this.#dir = join(mirrorDir, 'cni');
  }

  /** Undefined when the mirror has nothing of this release. */
  async entry(cni: UpstreamCni, version: string): Promise<CniEntry | undefined> {
    const path = this.#path(cni, version);
    const text = path === undefined ? undefined : await readText(path, entryBytesMax);
    return text === undefined ? undefined : parseCniEntry(parseJson(text));
  }

  /** The manifest as upstream wrote it, verified while it is read. Undefined when the mirror does not have it. */
  async text(cni: UpstreamCni, version: string): Promise<string | undefined> {
    const entry = await this.entry(cni, version);
    if (entry === undefined) return undefined;
    const text = await readText(this.blobs.path(entry.manifest.sha256), cniTextBytesMax);
    if (text === undefined || createHash('sha256').update(text).digest('hex') !== entry.manifest.sha256) {
      throw new FlotillaError(
        'ARTIFACT_CORRUPT',
        `The manifest of ${cni} ${version} in the mirror is missing or damaged.`,
        {
          kind: 'data-loss',
          remedy: `Bring it in again: flotilla-server artifacts pin-cni ${cni} ${version} --sha256 ${entry.manifest.sha256}`,
        },
      );
    }
    return text;
  }

  /** Every release there is, by plugin and version, oldest first. */
  async list(): Promise<readonly CniEntry[]> {
    const found: CniEntry[] = [];
    for (const name of await listDir(this.#dir)) {
      const [, cni, version = ''] = /^([a-z]+)-(v[0-9.]+)\.json$/.exec(name) ?? [];
      const known = upstreamCnis.find((one) => one === cni);
      const entry = known === undefined ? undefined : await this.entry(known, version);
      if (entry !== undefined) found.push(entry);
    }
    return found.sort((a, b) => (a.cni === b.cni ? compareVersions(a.version, b.version) : a.cni < b.cni ? -1 : 1));
  }

  /** The newest release whose images are there for all of these architectures. */
  async newest(cni: UpstreamCni, arches: readonly Architecture[]): Promise<CniEntry | undefined> {
    const usable = (await this.list()).filter((entry) => {
      const has = architecturesOfCni(entry);
      return entry.cni === cni && arches.every((arch) => has.includes(arch));
    });
    return usable.at(-1);
  }

  /** Makes an entry visible, after checking that every file of it is in the store. */
  async publish(entry: CniEntry): Promise<void> {
    const path = this.#path(entry.cni, entry.version);
    if (path === undefined) throw new Error('an entry of no release');
    for (const { name, sha256, sizeBytes } of filesOf(entry)) {
      if ((await sizeOf(this.blobs.path(sha256))) === sizeBytes) continue;
      throw new FlotillaError('ARTIFACT_INCOMPLETE', `${name} of ${entry.cni} ${entry.version} is missing.`, {
        kind: 'data-loss',
        retry: 'later',
        remedy: 'Pin or import it again.',
      });
    }
    await ensureDir(this.#dir);
    await writeAtomic(path, `${JSON.stringify(entry)}\n`);
  }

  /** Undefined for what is no name of a release: such a thing is not there. */
  #path(cni: UpstreamCni, version: string): string | undefined {
    if (!upstreamCnis.includes(cni) || !/^v\d{1,4}\.\d{1,4}\.\d{1,4}$/.test(version)) return undefined;
    return join(this.#dir, `${cni}-${version}.json`);
  }
}

/** An entry with the images of two: what one has of other architectures stays. */
export function mergedCni(before: CniEntry | undefined, next: CniEntry): CniEntry {
  if (before === undefined || before.manifest.sha256 !== next.manifest.sha256) return next;
  const images = next.images.map((image) => {
    const known = before.images.find(({ upstream }) => upstream === image.upstream);
    return { ...image, arch: { ...known?.arch, ...image.arch } };
  });
  return { ...next, images };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
