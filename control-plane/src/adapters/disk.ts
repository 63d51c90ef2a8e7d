import { constants, createReadStream, createWriteStream } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { systemCode } from '@flotilla/kit';

/** What a path turned out to be. */
export interface FileFacts {
  readonly sizeBytes: number;
  /** Permission bits only. */
  readonly mode: number;
  readonly regular: boolean;
}

/** Facts of a path, links not followed; undefined when there is nothing. */
export async function factsOf(path: string): Promise<FileFacts | undefined> {
  try {
    const facts = await lstat(path);
    return { sizeBytes: facts.size, mode: facts.mode & 0o777, regular: facts.isFile() };
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Text of a regular file, or undefined when it is absent. A link, or more than `sizeBytesMax`, is an error. */
export async function loadText(path: string, sizeBytesMax: number): Promise<string | undefined> {
  const bytes = await loadBytes(path, sizeBytesMax);
  return bytes?.toString('utf8');
}

/** Contents of a regular file, or undefined when it is absent. A link, or more than `sizeBytesMax`, is an error. */
export async function loadBytes(path: string, sizeBytesMax: number): Promise<Buffer | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw new Error(`${path} is not a regular file`);
    if (facts.size > sizeBytesMax) throw new Error(`${path} has ${facts.size} bytes, more than ${sizeBytesMax}`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Like {@link loadText} for a file that an operator named: links are followed. */
export async function loadNamedText(path: string, sizeBytesMax: number): Promise<string> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    const facts = await handle.stat();
    if (facts.size > sizeBytesMax) throw new Error(`${path} has ${facts.size} bytes, more than ${sizeBytesMax}`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** A directory for our eyes only (0700), made with its parents when needed. */
export async function ensurePrivateDir(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Writes a file of mode 0600 so that readers see the old or the new one, never a part; durable on return. */
export async function writePrivate(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = temporaryPath(path);
  await writeNew(temporary, data);
  await rename(temporary, path);
  await syncDir(dirname(path));
}

/** Like {@link writePrivate}, but false and nothing written when the path exists already. */
export async function createPrivate(path: string, data: string | Uint8Array): Promise<boolean> {
  const temporary = temporaryPath(path);
  await writeNew(temporary, data);
  try {
    // A link, unlike a rename, never replaces what is there.
    await link(temporary, path);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDir(dirname(path));
  return true;
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
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

/** Bytes `start` to `end` (both included) of a file. */
export function readRange(path: string, start: number, end: number): Readable {
  return createReadStream(path, { start, end, highWaterMark: 256 * 1024 });
}

/** A new private file to be filled; fails when it exists. */
export function writeStream(path: string): Writable {
  return createWriteStream(path, { flags: 'wx', mode: 0o600 });
}

function temporaryPath(path: string): string {
  // One writer per process, and a left-over of a crash is simply overwritten.
  return join(dirname(path), `.${basename(path)}.tmp`);
}

async function writeNew(path: string, data: string | Uint8Array): Promise<void> {
  await rm(path, { force: true });
  const handle = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDir(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
