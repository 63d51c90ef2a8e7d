import { constants, createReadStream } from 'node:fs';
import { type FileHandle, chmod, mkdir, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { type Clock, FlotillaError, type Random, randomText, systemCode } from '@flotilla/kit';

/** A file read whole. */
export interface FileText {
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/** The only door to the disk. */
export interface Files {
  /** Undefined when there is no such file. */
  read(path: string, sizeBytesMax?: number): Promise<FileText | undefined>;
  /** Temporary file, fsync, rename, fsync of the folder; the folder is made (0700) when missing. */
  writeAtomic(path: string, text: string, mode: number): Promise<void>;
  /** Like writeAtomic for what comes in pieces; nothing is left behind when `source` fails. */
  streamAtomic(path: string, source: AsyncIterable<Uint8Array>, mode: number): Promise<void>;
  /** Holds `<path>.lock` while `work` runs; kubectl takes the same file for a kubeconfig. */
  withLock<T>(path: string, work: () => Promise<T>): Promise<T>;
  /** Where a symbolic link ends; the path itself when nothing is there yet. */
  resolveLink(path: string): Promise<string>;
  /** Undefined when there is no such file. */
  sizeBytes(path: string): Promise<number | undefined>;
  openRead(path: string): Readable;
  /** Names in a folder; undefined when it is no folder. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** A file, or a folder with all that is in it; nothing happens when it is not there. */
  remove(path: string): Promise<void>;
}

const textBytesMax = 8 * 1024 * 1024;
const lockWaitMs = 5000;
const lockPollMs = 50;

/** The real disk. */
export function nodeFiles(clock: Clock, random: Random): Files {
  const temporaryOf = (path: string): string => `${path}.${randomText(8, random)}.tmp`;
  return {
    read: readText,
    resolveLink: async (path) => (await unlessMissing(realpath(path))) ?? path,
    sizeBytes: async (path) => (await unlessMissing(stat(path)))?.size,
    openRead: (path) => createReadStream(path),
    list: listFolder,
    remove: (path) => rm(path, { recursive: true, force: true }),
    writeAtomic: (path, text, mode) => replaceFile(path, temporaryOf(path), mode, (file) => file.writeFile(text)),
    streamAtomic: (path, source, mode) =>
      replaceFile(path, temporaryOf(path), mode, async (file) => {
        for await (const chunk of source) await file.writeFile(chunk);
      }),
    withLock: (path, work) => withLock(path, clock, work),
  };
}

async function readText(path: string, sizeBytesMax = textBytesMax): Promise<FileText | undefined> {
  const info = await unlessMissing(stat(path));
  if (info === undefined) return undefined;
  if (info.size > sizeBytesMax) {
    throw new FlotillaError('FILE_TOO_LARGE', `${path} has ${info.size} bytes; at most ${sizeBytesMax} are read`, {
      kind: 'invalid-argument',
    });
  }
  return { text: await readFile(path, 'utf8'), mode: info.mode & 0o777 };
}

async function replaceFile(
  path: string,
  temporary: string,
  mode: number,
  fill: (file: FileHandle) => Promise<void>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(temporary, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, mode);
  try {
    try {
      await fill(file);
      await file.sync();
    } finally {
      await file.close();
    }
    // The umask may have taken bits away.
    await chmod(temporary, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const folder = await open(dirname(path), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function withLock<T>(path: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const giveUpAtMs = clock.now().monotonicMs + lockWaitMs;
  while (!(await tryLock(lock))) {
    if (clock.now().monotonicMs >= giveUpAtMs) {
      throw new FlotillaError('FILE_LOCKED', `${path} has been locked by another program for ${lockWaitMs / 1000} s`, {
        kind: 'unavailable',
        remedy: `Try again. If nothing else is running, remove ${lock}.`,
      });
    }
    await clock.sleep(lockPollMs);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function tryLock(lock: string): Promise<boolean> {
  try {
    await (await open(lock, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600)).close();
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function listFolder(path: string): Promise<readonly string[] | undefined> {
  const info = await unlessMissing(stat(path));
  return info?.isDirectory() === true ? readdir(path) : undefined;
}

async function unlessMissing<T>(wanted: Promise<T>): Promise<T | undefined> {
  try {
    return await wanted;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
