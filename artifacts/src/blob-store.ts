import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { FlotillaError } from '@flotilla/kit';
import {
  commitFile,
  ensureDir,
  freeBytes,
  hashFile,
  linkOrCopy,
  listDir,
  readText,
  remove,
  sizeOf,
  writeAtomic,
  type FileFacts,
} from './adapters/disk.js';
import { isSha256 } from './manifest.js';
import type { BlobSink } from './source.js';

/** Room that is left for everything else on the same disk. */
const spareBytes = 256 * 1024 ** 2;

/** Files by the hash of their contents. A name in `blobs/` is a promise that the contents were verified and are durable. */
export class BlobStore implements BlobSink {
  readonly #blobs: string;
  readonly #partials: string;

  constructor(dir: string) {
    this.#blobs = join(dir, 'blobs');
    this.#partials = join(dir, 'partial');
  }

  async prepare(): Promise<void> {
    await ensureDir(this.#blobs);
    await ensureDir(this.#partials);
  }

  /** Where the contents are, whether they exist or not. */
  path(sha256: string): string {
    if (!isSha256(sha256)) throw new Error('not a sha256');
    return join(this.#blobs, sha256);
  }

  size(sha256: string): Promise<number | undefined> {
    return sizeOf(this.path(sha256));
  }

  async reserve(sizeBytes: number): Promise<void> {
    await this.prepare();
    const free = await freeBytes(this.#blobs);
    if (free >= sizeBytes + spareBytes) return;
    throw new FlotillaError(
      'ARTIFACT_DISK_FULL',
      `${mebibytes(sizeBytes)} are needed in ${this.#blobs}, ${mebibytes(free)} are free and ${mebibytes(spareBytes)} stay spare.`,
      {
        kind: 'exhausted',
        retry: 'later',
        remedy: 'Free space on that disk, or remove versions that no cluster uses.',
      },
    );
  }

  async partial(key: string): Promise<string> {
    await this.prepare();
    return join(this.#partials, createHash('sha256').update(key).digest('hex'));
  }

  async commit(path: string, expected: { sha256?: string; sizeBytes?: number } = {}): Promise<FileFacts> {
    const facts = await hashFile(path);
    const wrong = difference(facts, expected);
    if (wrong !== undefined) {
      await remove(path);
      throw new FlotillaError('ARTIFACT_CORRUPT', `A file is not what it should be: ${wrong}. It was removed.`, {
        kind: 'data-loss',
        retry: 'later',
        remedy:
          'Try again. If it stays, the server, proxy or bundle it comes from hands out other contents: check that.',
      });
    }
    await commitFile(path, this.path(facts.sha256));
    return facts;
  }

  async adopt(path: string, expected: { sha256?: string; sizeBytes?: number } = {}): Promise<FileFacts> {
    if (expected.sha256 !== undefined) {
      const sizeBytes = await sizeOf(this.path(expected.sha256));
      if (sizeBytes !== undefined && sizeBytes === (expected.sizeBytes ?? sizeBytes)) {
        return { sha256: expected.sha256, sizeBytes };
      }
    }
    await this.reserve((await sizeOf(path)) ?? 0);
    const temporary = await this.partial(`adopt ${path}`);
    await remove(temporary);
    await linkOrCopy(path, temporary);
    return this.commit(temporary, expected);
  }

  async recall(key: string): Promise<FileFacts | undefined> {
    const text = await readText(await this.partial(`memo ${key}`), 100);
    const sha256 = text?.trim() ?? '';
    if (!isSha256(sha256)) return undefined;
    const sizeBytes = await this.size(sha256);
    return sizeBytes === undefined ? undefined : { sha256, sizeBytes };
  }

  async remember(key: string, facts: FileFacts): Promise<void> {
    await writeAtomic(await this.partial(`memo ${key}`), `${facts.sha256}\n`);
  }

  /** Reads the contents again and says whether they still are what the name promises. */
  async intact(sha256: string, sizeBytes: number, signal?: AbortSignal): Promise<'intact' | 'missing' | 'damaged'> {
    if ((await this.size(sha256)) === undefined) return 'missing';
    const facts = await hashFile(this.path(sha256), { signal });
    return facts.sha256 === sha256 && facts.sizeBytes === sizeBytes ? 'intact' : 'damaged';
  }

  async drop(sha256: string): Promise<void> {
    await remove(this.path(sha256));
  }

  /** Removes every blob outside `keep` and everything unfinished. Returns what that freed. */
  async sweep(keep: ReadonlySet<string>): Promise<{ removedFiles: number; freedBytes: number }> {
    let removedFiles = 0;
    let freedBytes = 0;
    for (const directory of [this.#blobs, this.#partials]) {
      for (const name of await listDir(directory)) {
        if (directory === this.#blobs && keep.has(name)) continue;
        freedBytes += (await sizeOf(join(directory, name))) ?? 0;
        removedFiles += 1;
        await remove(join(directory, name));
      }
    }
    return { removedFiles, freedBytes };
  }
}

function difference(facts: FileFacts, expected: { sha256?: string; sizeBytes?: number }): string | undefined {
  if (expected.sizeBytes !== undefined && facts.sizeBytes !== expected.sizeBytes) {
    return `${facts.sizeBytes} bytes instead of ${expected.sizeBytes}`;
  }
  if (expected.sha256 !== undefined && facts.sha256 !== expected.sha256) {
    return `sha256 ${facts.sha256} instead of ${expected.sha256}`;
  }
  return undefined;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
