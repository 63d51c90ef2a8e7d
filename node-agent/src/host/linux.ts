import { closeSync, constants, openSync, readSync } from 'node:fs';
import {
  access,
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  rmdir,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { dirname, join } from 'node:path';
import { FlotillaError, systemCode } from '@flotilla/kit';
import type { DownloadRequest, FileStat, FileSystemSpace, Host, HttpAnswer, HttpRequest } from './host.js';
import { resolveName } from './linux-dns.js';
import { download, httpGet, httpPost } from './linux-http.js';
import { KernelLog } from './linux-kmsg.js';
import { unixRpc } from './linux-rpc.js';
import { runProgram } from './linux-run.js';
import { noProxy, type ProxySettings } from './proxy.js';

const readBytesMax = 4 * 1024 * 1024;
const programDirs = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Rethrows with the path, the system's reason and what a person can do. */
async function named<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FlotillaError) throw error;
    const code = systemCode(error);
    const remedies: Readonly<Record<string, [string, string]>> = {
      ENOSPC: ['DISK_FULL', 'Free space on that file system.'],
      EDQUOT: ['DISK_FULL', 'Free space on that file system.'],
      EROFS: ['FILESYSTEM_READ_ONLY', 'Find out why it is mounted read-only (dmesg), repair and remount it.'],
      EACCES: ['NOT_PERMITTED', 'Run as root.'],
      EPERM: ['NOT_PERMITTED', 'Run as root.'],
    };
    const [name, remedy] = remedies[code ?? ''] ?? ['FILE_FAILED', ''];
    throw new FlotillaError(name, `cannot ${verb} ${path}: ${code ?? String(error)}`, {
      kind: 'unavailable',
      retry: 'later',
      remedy,
      metadata: code === undefined ? {} : { system: code },
      cause: error,
    });
  }
}

/** Undefined when the thing is not there; every other error stays one. */
async function unlessAbsent<T>(verb: string, path: string, work: () => Promise<T>): Promise<T | undefined> {
  return named(verb, path, async () => {
    try {
      return await work();
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  });
}

/** undefined = there is something else of that name: readlink(2) says EINVAL. */
async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (systemCode(error) === 'EINVAL') return undefined;
    throw error;
  }
}

async function syncDir(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}

/** Grows to the largest file of the kernel that was read and is used again: such files are read at each heartbeat. */
let kernelBuffer = Buffer.allocUnsafeSlow(65_536);

/**
 * Files of /proc and /sys are memory, so reading them blocks on no disk; through the thread pool each would cost a
 * promise, a request and a buffer. They say size 0, so they are read until the end.
 */
function readKernel(path: string): string {
  const file = openSync(path, 'r');
  let buffer = kernelBuffer;
  try {
    for (let bytes = 0; ;) {
      const read = readSync(file, buffer, bytes, buffer.length - bytes, null);
      bytes += read;
      if (read === 0) {
        kernelBuffer = buffer;
        return buffer.toString('utf8', 0, bytes);
      }
      if (bytes < buffer.length) continue;
      if (bytes >= readBytesMax) throw tooLarge(path);
      const larger = Buffer.allocUnsafeSlow(buffer.length * 2);
      buffer.copy(larger);
      buffer = larger;
    }
  } finally {
    closeSync(file);
  }
}

function tooLarge(path: string): FlotillaError {
  return new FlotillaError('FILE_TOO_LARGE', `${path} is larger than ${readBytesMax} bytes`);
}

async function readBounded(path: string): Promise<string> {
  if (/^\/(?:proc|sys)\//.test(path)) return readKernel(path);
  const file = await open(path, 'r');
  try {
    // Read until the end instead of trusting a size: it may grow meanwhile.
    const chunks: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(65_536), 0, 65_536, null);
      if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8');
      bytes += bytesRead;
      if (bytes > readBytesMax) throw tooLarge(path);
      chunks.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

async function writeAtomic(path: string, content: string, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${path.slice(path.lastIndexOf('/') + 1)}.flotilla-new`);
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDir(dirname(path));
}

async function append(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, 'a', mode);
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function statOf(path: string): Promise<FileStat> {
  const found = await lstat(path);
  const kind = found.isFile()
    ? 'file'
    : found.isDirectory()
      ? 'directory'
      : found.isSymbolicLink()
        ? 'symlink'
        : 'other';
  return { kind, sizeBytes: found.size, mode: found.mode & 0o7777, modifiedMs: found.mtimeMs };
}

async function spaceOf(path: string): Promise<FileSystemSpace> {
  const found = await statfs(path);
  return {
    totalBytes: found.blocks * found.bsize,
    freeBytes: found.bavail * found.bsize,
    totalInodes: found.files,
    freeInodes: found.ffree,
  };
}

function connects(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (opened: boolean) => (): void => {
      socket.destroy();
      resolve(opened);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}

/** A connected UDP socket knows the route's source address without sending a packet. */
function addressTowards(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const end = (address: string | undefined): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => end(undefined));
    socket.connect(port, host, () => end(socket.address().address));
  });
}

async function which(program: string): Promise<string | undefined> {
  for (const dir of programDirs) {
    const path = join(dir, program);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

/** The machine this process runs on. The only home of `node:fs` and `child_process` in the agent. */
export function linuxHost(proxy: ProxySettings = noProxy): Host {
  const kernelLog = new KernelLog();
  return {
    run: runProgram,
    read: (path) => unlessAbsent('read', path, () => readBounded(path)),
    writeAtomic: (path, content, mode) => named('write', path, () => writeAtomic(path, content, mode)),
    writeDirect: (path, content) => named('write', path, () => writeFile(path, content, { flag: 'r+' })),
    append: (path, content, mode) => named('append to', path, () => append(path, content, mode)),
    remove: (path) => named('remove', path, () => rm(path, { recursive: true, force: true })),
    removeEmptyDir: async (path) => {
      try {
        await rmdir(path);
        return true;
      } catch (error) {
        if (['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
        return named('remove', path, () => Promise.reject(error instanceof Error ? error : new Error(String(error))));
      }
    },
    rename: (from, to) =>
      named('rename', from, async () => {
        await rename(from, to);
        await syncDir(dirname(to));
      }),
    list: (path) => unlessAbsent('list', path, () => readdir(path)),
    stat: (path) => unlessAbsent('look at', path, () => statOf(path)),
    exists: async (path) => (await unlessAbsent('look at', path, () => lstat(path))) !== undefined,
    readLink: (path) => unlessAbsent('read the link', path, () => linkTarget(path)),
    symlink: (path, target) =>
      named('link', path, async () => {
        const temporary = `${path}.flotilla-new`;
        await rm(temporary, { force: true });
        await symlink(target, temporary);
        await rename(temporary, path);
        await syncDir(dirname(path));
      }),
    makeDir: (path, mode) => named('make', path, () => mkdir(path, { recursive: true, mode }).then(() => undefined)),
    chmod: (path, mode) => named('change the mode of', path, () => chmod(path, mode)),
    space: (path) => unlessAbsent('measure', path, () => spaceOf(path)),
    which,
    connects,
    addressTowards,
    httpGet: (request: HttpRequest): Promise<HttpAnswer> => httpGet(request, proxy),
    httpPost: (request) => httpPost(request, proxy),
    rpc: unixRpc,
    resolve: resolveName,
    kernelLog: (after) => Promise.resolve(kernelLog.read(after)),
    download: (request: DownloadRequest) => named('download to', request.path, () => download(request, proxy)),
    kill: async (pid, signal) => {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if (systemCode(error) !== 'ESRCH') throw error;
      }
      return Promise.resolve();
    },
  };
}
