import { join } from 'node:path';
import { FlotillaError } from '@flotilla/kit';
import { copyTree, ensureDir, readText, remove, writePlain } from '../adapters/disk.js';
import { ProgramFailed, type Run } from '../adapters/exec.js';
import { goVersionMin, type GoRecipe } from './recipes.js';

export interface GoBuildContext {
  readonly run: Run;
  /** Empty directory for sources. */
  readonly workDir: string;
  /** Where the programs go. */
  readonly outDir: string;
  /** Added to the environment of every call of `go`. The module proxy is whatever the environment says. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

interface Module {
  readonly dir: string;
  readonly goMod: string;
  readonly time: string;
}

const goModBytesMax = 1024 ** 2;

/** Refuses with `BUILD_TOOL_MISSING` unless a Go that all recipes compile with is on the path. Returns its version. */
export async function checkGo(run: Run, signal: AbortSignal): Promise<string> {
  const wanted = `${goVersionMin.major}.${goVersionMin.minor}`;
  const remedy = `Install Go ${wanted} or newer and put it on the PATH, or sync from upstream or a bundle instead.`;
  let version: string;
  try {
    version = (await run(['go', 'env', 'GOVERSION'], { signal })).stdout.trim();
  } catch (cause) {
    throw new FlotillaError('BUILD_TOOL_MISSING', 'Building from source needs Go, and there is none on the PATH.', {
      kind: 'precondition',
      remedy,
      cause,
    });
  }
  if (isGoNewEnough(version)) return version;
  throw new FlotillaError(
    'BUILD_TOOL_MISSING',
    `Building from source needs Go ${wanted} or newer; this is ${version}.`,
    {
      kind: 'precondition',
      remedy,
    },
  );
}

/** `go1.26.8` and the like; development versions of Go count as new. */
export function isGoNewEnough(version: string): boolean {
  const match = /^go(\d+)\.(\d+)/.exec(version);
  if (!match) return version.startsWith('devel');
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > goVersionMin.major || (major === goVersionMin.major && minor >= goVersionMin.minor);
}

/** The `k8s.io/… => ./staging/…` lines of a go.mod: modules that live beside it and are published with the same version. */
export function stagingModules(goMod: string): string[] {
  return [...goMod.matchAll(/^\s*(?:replace\s+)?(\S+) => \.\/staging\/\S+$/gm)].map((match) => match[1] ?? '');
}

/** A staging module of Kubernetes v1.34.4 is published as v0.34.4. */
export function stagingVersion(version: string): string {
  return version.replace(/^v1\./, 'v0.');
}

/** Compiles every target of the recipe into `outDir`. */
export async function goBuild(recipe: GoRecipe, context: GoBuildContext): Promise<void> {
  const [main] = recipe.modules;
  if (!main) throw new Error(`recipe of ${recipe.component} has no module`);
  const module = await download(main.path, main.version, context);
  const dir = await sourceDir(recipe, module, context);
  for (const { output, package: target } of recipe.targets) {
    const ldflags = recipe.ldflags.map((flag) => flag.replaceAll('{time}', module.time)).join(' ');
    const tags = recipe.tags ? ['-tags', recipe.tags.join(',')] : [];
    const outPath = join(context.outDir, output);
    context.onLine(`compiling ${output}`);
    await go(
      ['build', '-mod=readonly', '-trimpath', ...tags, '-ldflags', ldflags, '-o', outPath, target],
      dir,
      context,
      {
        CGO_ENABLED: recipe.cgo === true ? '1' : '0',
      },
    );
  }
}

async function sourceDir(recipe: GoRecipe, module: Module, context: GoBuildContext): Promise<string> {
  switch (recipe.layout) {
    case 'module':
      return module.dir;
    case 'require':
      return requiringModule(recipe, module, context);
    case 'patched':
      return patchedCopy(recipe, module, context);
  }
}

async function requiringModule(recipe: GoRecipe, main: Module, context: GoBuildContext): Promise<string> {
  const { workDir } = context;
  const staging = stagingModules((await readText(main.goMod, goModBytesMax)) ?? '');
  const version = stagingVersion(recipe.modules[0]?.version ?? '');
  const imports = recipe.targets.map(({ package: path }) => `\t_ "${path}"\n`).join('');
  await writePlain(join(workDir, 'go.mod'), `module flotilla.local/${recipe.component}\n\ngo 1.24.0\n`);
  await writePlain(join(workDir, 'tools.go'), `//go:build tools\n\npackage tools\n\nimport (\n${imports})\n`);
  const requires = recipe.modules.map((module) => `-require=${module.path}@${module.version}`);
  const replaces = staging.map((path) => `-replace=${path}=${path}@${version}`);
  await go(['mod', 'edit', ...requires, ...replaces], workDir, context);
  await go(['mod', 'tidy'], workDir, context);
  return workDir;
}

async function patchedCopy(recipe: GoRecipe, module: Module, context: GoBuildContext): Promise<string> {
  const { workDir } = context;
  await copyTree(module.dir, workDir);
  const mainFile = join(workDir, 'main.go');
  let text = (await readText(mainFile, goModBytesMax)) ?? '';
  for (const part of recipe.drop ?? []) {
    await remove(join(workDir, part));
    text = withoutImport(text, `${recipe.modules[0]?.path ?? ''}/${part}`);
  }
  await writePlain(mainFile, text);
  await go(['mod', 'tidy'], workDir, context);
  return workDir;
}

/** Removes the blank import of a package; fails when it is not there, because then the recipe no longer fits. */
export function withoutImport(source: string, path: string): string {
  const lines = source.split('\n');
  const kept = lines.filter((line) => line.trim() !== `_ "${path}"`);
  if (kept.length === lines.length) throw new Error(`main.go does not import ${path}`);
  return kept.join('\n');
}

async function download(path: string, version: string, context: GoBuildContext): Promise<Module> {
  context.onLine(`module ${path}@${version}`);
  await ensureDir(context.workDir);
  const { stdout } = await go(['mod', 'download', '-json', `${path}@${version}`], context.workDir, context);
  const facts = JSON.parse(stdout) as { Dir?: unknown; GoMod?: unknown; Info?: unknown };
  if (typeof facts.Dir !== 'string' || typeof facts.GoMod !== 'string' || typeof facts.Info !== 'string') {
    throw new Error(`go mod download says nothing about ${path}`);
  }
  const info = /"Time":\s*"([^"]+)"/.exec((await readText(facts.Info, goModBytesMax)) ?? '');
  return { dir: facts.Dir, goMod: facts.GoMod, time: info?.[1] ?? '1970-01-01T00:00:00Z' };
}

async function go(
  args: readonly string[],
  cwd: string,
  { run, env, signal, onLine }: GoBuildContext,
  extra: Readonly<Record<string, string>> = {},
): Promise<{ stdout: string }> {
  try {
    return await run(['go', ...args], {
      cwd,
      signal,
      onLine,
      // No other toolchain is downloaded behind our back: checkGo has said that this one fits.
      env: { ...env, GOTOOLCHAIN: 'local', GOWORK: 'off', ...extra },
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof ProgramFailed)) throw error;
    throw new FlotillaError('BUILD_FAILED', `go ${args[0] ?? ''} failed: ${error.tail || error.reason}`, {
      kind: 'unavailable',
      remedy:
        'Check that the Go module proxy (go env GOPROXY) is reachable and that there is room on the disk; then try again.',
      cause: error,
    });
  }
}
