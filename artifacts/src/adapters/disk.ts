import { createHash } from 'node:crypto';
import { constants, createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import {
  chmod,
  copyFile,
  cp,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { FlotillaError, systemCode } from '@flotilla/kit';

/** What a file turned out to be. */
export interface FileFacts {
  readonly sha256: string;
  readonly sizeBytes: number;
}

const diskCodes = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EACCES', 'EPERM', 'ENOTDIR', 'EMFILE'];

/** The error for a person when the disk, not the data or the network, is to blame; else undefined. */
export function diskFault(error: unknown): FlotillaError | undefined {
  const code = systemCode(error);
  if (code === undefined || !diskCodes.includes(code) || !(error instanceof Error)) return undefined;
  // A packet filter refuses connections with the same codes.
  if ('syscall' in error && error.syscall === 'connect') return undefined;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new FlotillaError(full ? 'ARTIFACT_DISK_FULL' : 'ARTIFACT_DISK_FAULT', `The disk refused: ${error.message}.`, {
    kind: full ? 'exhausted' : 'precondition',
    remedy: full ? 'Free space on that disk, then try again.' : 'Check the path, its owner and the health of the disk.',
    cause: error,
  });
}

export async function ensureDir(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
}

/** A new directory beside others of its kind; the caller removes it. */
export async function makeTempDir(prefix: string): Promise<string> {
  await ensureDir(dirname(prefix));
  return mkdtemp(prefix);
}

/** Size in bytes of a regular file, or undefined when there is nothing. Links are not followed. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const facts = await lstat(path);
    return facts.isFile() ? facts.size : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Names in a directory, sorted; none when it does not exist. */
export async function listDir(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Text of a file, or undefined when it is absent. Larger than `sizeBytesMax` is an error. */
export async function readText(path: string, sizeBytesMax: number): Promise<string | undefined> {
  const size = await sizeOf(path);
  if (size === undefined) return undefined;
  if (size > sizeBytesMax) throw new Error(`${path} has ${size} bytes, more than ${sizeBytesMax}`);
  return readFile(path, 'utf8');
}

export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

export async function setMode(path: string, mode: number): Promise<void> {
  await chmod(path, mode);
}

export async function copy(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}

/** Copies a directory; the copy is writable even where the original is not. */
export async function copyTree(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
  await chmod(to, 0o755);
}

/** Bytes that this process may still write below `path`. */
export async function freeBytes(path: string): Promise<number> {
  const facts = await statfs(path);
  return facts.bavail * facts.bsize;
}

export function readFrom(path: string): Readable {
  return createReadStream(path);
}

/** A stream that writes from `offsetBytes` on; what lay beyond is cut off first. */
export async function writeFrom(path: string, offsetBytes: number): Promise<WriteStream> {
  const handle = await open(path, constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW, 0o644);
  try {
    await handle.truncate(offsetBytes);
  } finally {
    await handle.close();
  }
  return createWriteStream(path, { flags: 'r+', start: offsetBytes });
}

/** Reads a whole file and says what it is. `onBytes` hears the running total. */
export async function hashFile(
  path: string,
  options: { signal?: AbortSignal | undefined; onBytes?: (doneBytes: number) => void } = {},
): Promise<FileFacts> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const stream = createReadStream(path, {
    highWaterMark: 1 << 20,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  for await (const chunk of stream) {
    // A file stream without an encoding yields buffers only.
    const bytes = chunk as Buffer;
    hash.update(bytes);
    sizeBytes += bytes.length;
    options.onBytes?.(sizeBytes);
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a finished temporary file durable under its final name: fsync, rename, fsync of the directory. */
export async function commitFile(temporary: string, path: string): Promise<void> {
  await syncPath(temporary);
  await rename(temporary, path);
  // When both names are links to one file, rename does nothing and the temporary name stays.
  await rm(temporary, { force: true });
  await syncPath(dirname(path));
}

/** Makes a finished temporary directory appear under its final name at once. */
export async function commitDir(temporary: string, path: string): Promise<void> {
  for (const name of await listDir(temporary)) await syncPath(join(temporary, name));
  await rename(temporary, path);
  await syncPath(dirname(path));
}

/** Writes a small file so that readers see the old or the new one, never a part. */
export async function writeAtomic(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  await writeFile(temporary, text, { mode: 0o644 });
  await commitFile(temporary, path);
}

/** Writes a file that nobody reads before it is committed by other means. */
export async function writePlain(path: string, data: string | Buffer): Promise<void> {
  await ensureDir(dirname(path));
  await writeFile(path, data, { mode: 0o644 });
}

/**
 * Gives a file a second name, or a copy where that is impossible or unsafe: a file that somebody else may write to is
 * never shared, because it could change after it was verified.
 */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  const facts = await stat(from);
  const ours = facts.uid === process.getuid?.() && (facts.mode & 0o022) === 0;
  if (ours) {
    try {
      await link(from, to);
      return;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') {
        await unlink(to);
      } else if (!['EXDEV', 'EPERM', 'EMLINK'].includes(systemCode(error) ?? '')) {
        throw error;
      }
    }
  }
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}
