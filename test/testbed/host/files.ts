import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** The file's text, or null when there is none. Other failures are thrown. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** Replaces the file in one step; makes its directory. */
export function writeText(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${String(process.pid)}.new`;
  writeFileSync(temporary, text, { mode, flush: true });
  renameSync(temporary, path);
}

/** Writes to a file of the kernel (procfs, cgroupfs, sysfs), which cannot be replaced. */
export function writeKernelFile(path: string, text: string): void {
  writeFileSync(path, text);
}

/** Names in a directory, sorted; empty when there is none. */
export function listNames(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

export function makeDir(path: string): void {
  mkdirSync(path, { recursive: true });
}

/** Removes a file or tree; nothing there is fine. Nothing may be mounted below. */
export function removeTree(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** Removes a directory if it is there and has nothing in it. */
export function removeEmptyDir(path: string): void {
  if (exists(path) && listNames(path).length === 0) rmdirSync(path);
}

export function exists(path: string): boolean {
  return existsSync(path);
}

/** True for "no such file" and, for entries of /proc, "no such process". */
export function isGone(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'ENOTDIR')
  );
}
