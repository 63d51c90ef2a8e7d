import { join } from 'node:path';
import { FlotillaError, type Clock } from '@flotilla/kit';
import { ensureDir, freeBytes, makeTempDir, remove, writePlain } from '../adapters/disk.js';
import { run as runProgram, type Run } from '../adapters/exec.js';
import { withLock } from '../adapters/lock.js';
import { cniPluginNames, type KubernetesVersion } from '../catalog.js';
import { writeDockerArchive } from '../image/docker-archive.js';
import { nodeRoles, type ArchArtifacts, type Architecture, type ArtifactFile, type BinaryFile } from '../manifest.js';
import type { ArtifactSource, FetchRequest } from '../source.js';
import { BuildCache } from './cache.js';
import { checkGo, goBuild } from './go-build.js';
import { installHostTools, networkToolEntries } from './host-tools.js';
import { planImages, type OutputDirs } from './images.js';
import { recipesOf, type CRecipe, type Recipe } from './recipes.js';

export interface BuildSourceOptions {
  /** Where finished builds are kept between runs, outside of any checkout. */
  readonly cacheDir: string;
  readonly clock: Clock;
  /**
   * `shared`: the Go caches of whoever runs this. `private`: caches below `cacheDir`, removed when all is built; about
   * 12 GB while building.
   */
  readonly goCaches?: 'shared' | 'private';
  readonly run?: Run;
  /** Room that a build of Kubernetes must find below `cacheDir`; measured: module and build caches of one version. */
  readonly spaceBytes?: number;
}

const buildLockWaitMsMax = 60 * 60_000;
const buildSpaceBytes = 14 * 1024 ** 3;

/** Compiles everything from Go modules and C, and makes the images from that. Only for this machine's architecture. */
export class BuildSource implements ArtifactSource {
  readonly name = 'build';
  readonly #cache: BuildCache;
  readonly #run: Run;

  constructor(private readonly options: BuildSourceOptions) {
    this.#cache = new BuildCache(join(options.cacheDir, 'build'));
    this.#run = options.run ?? runProgram;
  }

  async fetch(request: FetchRequest): Promise<ArchArtifacts> {
    refuseForeign(request.arch);
    await ensureDir(this.options.cacheDir);
    const lock = { clock: this.options.clock, waitMsMax: buildLockWaitMsMax, signal: request.signal };
    return withLock(this.options.cacheDir, lock, async () => {
      await installHostTools(this.#run, this.#lines('host', request), request.signal);
      const outputs = await this.#buildAll(request);
      const files = [...(await this.#binaries(request, outputs)), ...(await this.#images(request, outputs))];
      return { origin: 'build', components: builtComponents(request.version), files };
    });
  }

  async #buildAll(request: FetchRequest): Promise<OutputDirs> {
    await this.#cache.clearUnfinished();
    const dirs: Record<string, string> = {};
    const missing: Recipe[] = [];
    for (const recipe of recipesOf(request.version)) {
      const found = await this.#cache.find(recipe, request.arch);
      if (found === undefined) missing.push(recipe);
      else dirs[recipe.component] = found;
    }
    if (missing.length === 0) return dirs;
    await this.#checkSpace(missing);
    const goVersion = await checkGo(this.#run, request.signal);
    const env = this.#goEnv();
    for (const recipe of missing) dirs[recipe.component] = await this.#build(recipe, goVersion, env, request);
    if (this.options.goCaches === 'private') {
      await this.#run(['go', 'clean', '-cache', '-modcache'], { env, signal: request.signal });
      await remove(join(this.options.cacheDir, 'go'));
    }
    return dirs;
  }

  #goEnv(): Record<string, string> {
    if (this.options.goCaches !== 'private') return {};
    return { GOMODCACHE: join(this.options.cacheDir, 'go/mod'), GOCACHE: join(this.options.cacheDir, 'go/build') };
  }

  async #checkSpace(missing: readonly Recipe[]): Promise<void> {
    if (!missing.some(({ component }) => component === 'kubernetes')) return;
    const needed = this.options.spaceBytes ?? buildSpaceBytes;
    const free = await freeBytes(this.options.cacheDir);
    if (free >= needed) return;
    throw new FlotillaError(
      'ARTIFACT_DISK_FULL',
      `Building Kubernetes needs about ${gib(needed)} below ${this.options.cacheDir}; ${gib(free)} are free.`,
      { kind: 'exhausted', remedy: 'Free space there, or set FLOTILLA_CACHE to a larger disk.' },
    );
  }

  #build(recipe: Recipe, goVersion: string, env: Record<string, string>, request: FetchRequest): Promise<string> {
    const onLine = this.#lines(`${recipe.component} ${recipe.version}`, request);
    const tool = recipe.kind === 'go' ? goVersion : 'gcc';
    return this.#cache.fill(recipe, request.arch, tool, async (outDir, workDir) => {
      if (recipe.kind === 'go') {
        await goBuild(recipe, { run: this.#run, workDir, outDir, env, signal: request.signal, onLine });
      } else {
        await this.#compile(recipe, outDir, workDir, request.signal);
      }
    });
  }

  async #compile(recipe: CRecipe, outDir: string, workDir: string, signal: AbortSignal): Promise<void> {
    const source = join(workDir, `${recipe.output}.c`);
    await writePlain(source, recipe.source);
    const output = join(outDir, recipe.output);
    await this.#run(['gcc', '-static', '-Os', '-s', '-Wall', '-Werror', '-o', output, source], { signal });
  }

  async #binaries({ version, into }: FetchRequest, outputs: OutputDirs): Promise<BinaryFile[]> {
    const files: BinaryFile[] = [];
    for (const { component, output, install } of nodeBinaries) {
      const { sha256, sizeBytes } = await into.adopt(join(outputs[component] ?? '', output));
      files.push({
        role: 'binary',
        name: output,
        version: binaryVersion(component, version),
        sizeBytes,
        sha256,
        neededBy: [...nodeRoles],
        install,
        mode: '0755',
      });
    }
    return files;
  }

  async #images({ version, arch, into, progress, signal }: FetchRequest, outputs: OutputDirs): Promise<ArtifactFile[]> {
    const tools = await networkToolEntries(this.#run, signal);
    const workDir = await makeTempDir(join(this.options.cacheDir, '.images-'));
    try {
      const files: ArtifactFile[] = [];
      for (const { name, image, component, neededBy, spec } of await planImages(version, arch, outputs, tools)) {
        progress({ phase: 'image', name: image, doneBytes: 0 });
        const path = join(workDir, `${name}.tar`);
        await writeDockerArchive(spec, path, workDir, signal);
        const { sha256, sizeBytes } = await into.adopt(path);
        await remove(path);
        const built = binaryVersion(component, version);
        files.push({
          role: 'image',
          name,
          version: built,
          sizeBytes,
          sha256,
          neededBy: [...neededBy],
          image,
          format: 'docker-archive',
        });
        progress({ phase: 'image', name: image, doneBytes: sizeBytes, totalBytes: sizeBytes });
      }
      return files;
    } finally {
      await remove(workDir);
    }
  }

  #lines(name: string, { progress }: FetchRequest): (line: string) => void {
    return (line) => progress({ phase: 'build', name, doneBytes: 0, line });
  }
}

/** Programs that every node gets. */
const nodeBinaries = [
  ...['kubeadm', 'kubelet', 'kubectl'].map((output) => ({ component: 'kubernetes', output, install: 'bin' as const })),
  ...['containerd', 'containerd-shim-runc-v2', 'ctr'].map((output) => ({
    component: 'containerd',
    output,
    install: 'bin' as const,
  })),
  { component: 'runc', output: 'runc', install: 'bin' as const },
  ...cniPluginNames.map((output) => ({ component: 'cni-plugins', output, install: 'cni-bin' as const })),
];

function binaryVersion(component: string, version: KubernetesVersion): string {
  return recipesOf(version).find((recipe) => recipe.component === component)?.version ?? '';
}

function builtComponents(version: KubernetesVersion): ArchArtifacts['components'] {
  return {
    etcd: binaryVersion('etcd', version),
    coredns: binaryVersion('coredns', version),
    pause: binaryVersion('pause', version),
    containerd: binaryVersion('containerd', version),
    runc: binaryVersion('runc', version),
    cniPlugins: binaryVersion('cni-plugins', version),
    flannel: binaryVersion('flannel', version),
  };
}

/** This machine's architecture in the words of Kubernetes, or undefined when it is not one we support. */
export function hostArchitecture(): Architecture | undefined {
  const names: Readonly<Record<string, Architecture>> = { x64: 'amd64', arm64: 'arm64' };
  return names[process.arch];
}

function refuseForeign(arch: Architecture): void {
  if (arch === hostArchitecture()) return;
  throw new FlotillaError('ARCHITECTURE_UNSUPPORTED', `A build here makes ${process.arch} programs, not ${arch}.`, {
    kind: 'precondition',
    remedy: `Build on a machine of that architecture, or sync from upstream or a bundle.`,
  });
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
