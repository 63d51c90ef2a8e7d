import { join } from 'node:path';
import {
  commitDir,
  ensureDir,
  hashFile,
  listDir,
  makeTempDir,
  readText,
  remove,
  sizeOf,
  writePlain,
  type FileFacts,
} from '../adapters/disk.js';
import type { Architecture } from '../manifest.js';
import { outputsOf, recipeHash, type Recipe } from './recipes.js';

const recordName = 'built.json';
const recordBytesMax = 64 * 1024;

/** What a finished build wrote beside its programs. */
interface BuildRecord {
  readonly component: string;
  readonly version: string;
  readonly tool: string;
  readonly outputs: Readonly<Record<string, FileFacts>>;
}

/**
 * Finished builds by component, version, architecture and recipe: `<dir>/<component>-<version>-<arch>-<recipe>/`.
 * A directory with that name is complete: it is renamed into place after everything in it is written.
 */
export class BuildCache {
  constructor(private readonly dir: string) {}

  path(recipe: Recipe, arch: Architecture): string {
    return join(this.dir, `${recipe.component}-${recipe.version}-${arch}-${recipeHash(recipe)}`);
  }

  /** The directory with the programs, or undefined when they have to be built. */
  async find(recipe: Recipe, arch: Architecture): Promise<string | undefined> {
    const path = this.path(recipe, arch);
    const record = parseRecord(await readText(join(path, recordName), recordBytesMax));
    if (!record) return undefined;
    for (const output of outputsOf(recipe)) {
      const known = record.outputs[output];
      if (known === undefined || (await sizeOf(join(path, output))) !== known.sizeBytes) return undefined;
    }
    return path;
  }

  /** Runs `build` into a fresh directory and keeps the result. Nothing is kept of a build that fails. */
  async fill(
    recipe: Recipe,
    arch: Architecture,
    tool: string,
    build: (outDir: string, workDir: string) => Promise<void>,
  ): Promise<string> {
    const path = this.path(recipe, arch);
    const temporary = await makeTempDir(join(this.dir, `.building-${recipe.component}-`));
    const outDir = join(temporary, 'out');
    const workDir = join(temporary, 'work');
    try {
      await ensureDir(outDir);
      await ensureDir(workDir);
      await build(outDir, workDir);
      const outputs: Record<string, FileFacts> = {};
      for (const output of outputsOf(recipe)) outputs[output] = await hashFile(join(outDir, output));
      const record: BuildRecord = { component: recipe.component, version: recipe.version, tool, outputs };
      await writePlain(join(outDir, recordName), `${JSON.stringify(record, null, 2)}\n`);
      await remove(path);
      await commitDir(outDir, path);
    } finally {
      await remove(temporary);
    }
    return path;
  }

  /** Removes what an interrupted build left. */
  async clearUnfinished(): Promise<void> {
    for (const name of await listDir(this.dir)) {
      if (name.startsWith('.building-')) await remove(join(this.dir, name));
    }
  }
}

function parseRecord(text: string | undefined): BuildRecord | undefined {
  if (text === undefined) return undefined;
  try {
    const record: unknown = JSON.parse(text);
    const valid = typeof record === 'object' && record !== null && 'outputs' in record;
    // Written by this class into a directory that only appears when complete; sizes are compared by the caller.
    return valid ? (record as BuildRecord) : undefined;
  } catch {
    return undefined;
  }
}
