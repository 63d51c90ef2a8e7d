import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, pack, type Header } from 'tar-stream';
import { readFrom, writeFrom } from './disk.js';

/** One entry to write. Times and owners are always zero, so equal entries give equal bytes. */
export type TarEntry =
  | { readonly type: 'file'; readonly name: string; readonly mode: number; readonly data: Buffer }
  | {
      readonly type: 'file';
      readonly name: string;
      readonly mode: number;
      readonly path: string;
      readonly sizeBytes: number;
    }
  | { readonly type: 'directory'; readonly name: string; readonly mode: number }
  | { readonly type: 'symlink'; readonly name: string; readonly target: string };

/** What a foreign archive says about one entry; nothing of it is trusted. */
export interface TarHeader {
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
}

type Pack = ReturnType<typeof pack>;
const epoch = new Date(0);

function headersOf(entry: TarEntry): Partial<Header> & Pick<Header, 'name'> {
  const base = { name: entry.name, mtime: epoch, uid: 0, gid: 0, uname: '', gname: '' };
  if (entry.type === 'symlink') return { ...base, type: 'symlink', linkname: entry.target, mode: 0o777, size: 0 };
  if (entry.type === 'directory') return { ...base, type: 'directory', mode: entry.mode, size: 0 };
  return { ...base, type: 'file', mode: entry.mode, size: 'data' in entry ? entry.data.length : entry.sizeBytes };
}

async function addEntry(archive: Pack, entry: TarEntry): Promise<void> {
  const headers = headersOf(entry);
  if (entry.type === 'file' && 'path' in entry) {
    await pipeline(readFrom(entry.path), archive.entry(headers));
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const data = entry.type === 'file' && 'data' in entry ? entry.data : undefined;
    const done = (error?: Error | null): void => {
      if (error) reject(error);
      else resolve();
    };
    if (data) archive.entry(headers, data, done);
    else archive.entry(headers, done);
  });
}

/** Writes an archive to `path`, streaming file contents; the caller commits or removes it. */
export async function writeTar(
  path: string,
  entries: Iterable<TarEntry>,
  options: { signal?: AbortSignal | undefined; onEntry?: (entry: TarEntry) => void } = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const archive = pack();
  // As in readTar.
  archive.on('error', () => undefined);
  const written = pipeline(archive, await writeFrom(path, 0), ...(options.signal ? [{ signal: options.signal }] : []));
  const filled = (async () => {
    for (const entry of entries) {
      await addEntry(archive, entry);
      options.onEntry?.(entry);
    }
    archive.finalize();
  })();
  try {
    await Promise.all([written, filled]);
  } catch (error) {
    archive.destroy();
    await Promise.allSettled([written, filled]);
    throw error;
  }
}

/**
 * Reads an archive (gzipped when asked) in order. `onEntry` must consume the content it wants; what it leaves is
 * skipped. A truncated or malformed archive rejects.
 */
export async function readTar(
  path: string,
  onEntry: (header: TarHeader, content: AsyncIterable<Uint8Array>) => Promise<void>,
  options: { gzip?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const extractor = extract();
  // Told by the promises below; without a listener a late error of an aborted stream would end the process.
  extractor.on('error', () => undefined);
  const signal = options.signal ? [{ signal: options.signal }] : [];
  const source = readFrom(path);
  const fed = options.gzip
    ? pipeline(source, createGunzip(), extractor, ...signal)
    : pipeline(source, extractor, ...signal);
  const consumed = (async () => {
    for await (const entry of extractor) {
      const { name, type, size } = entry.header;
      // An entry without an encoding yields buffers only.
      await onEntry({ name, type, sizeBytes: size }, entry as AsyncIterable<Uint8Array>);
      entry.resume();
    }
  })();
  try {
    await Promise.all([fed, consumed]);
  } catch (error) {
    extractor.destroy();
    source.destroy();
    await Promise.allSettled([fed, consumed]);
    throw error;
  }
}
