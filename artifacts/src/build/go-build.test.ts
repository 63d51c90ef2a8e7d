import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProgramFailed, type Run } from '../adapters/exec.js';
import { containing, neverAborted, put, temporaryDir } from '../test-support/builders.js';
import { checkGo, goBuild, isGoNewEnough, stagingModules, stagingVersion, withoutImport } from './go-build.js';
import type { GoRecipe } from './recipes.js';

interface Call {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A `go` that knows one module and notes what it is asked. */
async function aScene(
  goMod: string,
): Promise<{ dir: string; calls: Call[]; build: (recipe: GoRecipe) => Promise<void> }> {
  const dir = await temporaryDir();
  const module = join(dir, 'module');
  await put(
    join(module, 'main.go'),
    'package main\n\nimport (\n\t_ "example.org/tool/keep"\n\t_ "example.org/tool/pkg/drop"\n)\n',
  );
  await put(join(module, 'pkg/drop/drop.go'), 'package drop\n', 0o444);
  await put(join(dir, 'go.mod'), goMod);
  await put(join(dir, 'info'), '{"Version":"v1.34.4","Time":"2026-02-10T12:53:36Z"}');
  const calls: Call[] = [];
  const fakeRun: Run = async (argv, options = {}) => {
    calls.push({ args: argv.slice(1), cwd: options.cwd ?? '', env: options.env ?? {} });
    const answer = { Dir: module, GoMod: join(dir, 'go.mod'), Info: join(dir, 'info') };
    return { stdout: argv[2] === 'download' ? JSON.stringify(answer) : '' };
  };
  await mkdir(join(dir, 'work'));
  const context = {
    run: fakeRun,
    workDir: join(dir, 'work'),
    outDir: join(dir, 'out'),
    env: { GOCACHE: '/cache' },
    signal: neverAborted,
    onLine: () => undefined,
  };
  return { dir, calls, build: (recipe) => goBuild(recipe, context) };
}

const tool: GoRecipe = {
  kind: 'go',
  component: 'tool',
  version: '1.34.4',
  layout: 'module',
  modules: [{ path: 'example.org/tool', version: 'v1.34.4' }],
  targets: [{ output: 'tool', package: './cmd/tool' }],
  tags: ['one', 'two'],
  ldflags: ['-s', '-X main.date={time}'],
};

const kubernetesGoMod = `module k8s.io/kubernetes

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/client-go => ./staging/src/k8s.io/client-go
	example.org/fork => example.org/other v1.0.0
)
`;

describe('goBuild', () => {
  it('compiles a module where it is, with the time of the module', async () => {
    const { dir, calls, build } = await aScene('');
    await build(tool);
    const compile = calls.at(-1);
    expect(compile?.cwd).toBe(join(dir, 'module'));
    expect(compile?.args.join(' ')).toBe(
      `build -mod=readonly -trimpath -tags one,two -ldflags -s -X main.date=2026-02-10T12:53:36Z -o ${dir}/out/tool ./cmd/tool`,
    );
    expect(compile?.env).toEqual({ GOCACHE: '/cache', GOTOOLCHAIN: 'local', GOWORK: 'off', CGO_ENABLED: '0' });
  });

  it('leaves the module proxy to the environment', async () => {
    const { calls, build } = await aScene('');
    await build({ ...tool, cgo: true });
    expect(calls.every(({ env }) => !('GOPROXY' in env) && !('GOSUMDB' in env))).toBe(true);
    expect(calls.at(-1)?.env['CGO_ENABLED']).toBe('1');
  });

  it('replaces the staging modules of Kubernetes by published ones', async () => {
    const { dir, calls, build } = await aScene(kubernetesGoMod);
    await build({
      ...tool,
      layout: 'require',
      targets: [{ output: 'kubelet', package: 'k8s.io/kubernetes/cmd/kubelet' }],
    });
    const edit = calls.find(({ args }) => args[1] === 'edit');
    expect(edit?.args.slice(2)).toEqual([
      '-require=example.org/tool@v1.34.4',
      '-replace=k8s.io/api=k8s.io/api@v0.34.4',
      '-replace=k8s.io/client-go=k8s.io/client-go@v0.34.4',
    ]);
    expect(await readFile(join(dir, 'work/tools.go'), 'utf8')).toContain('\t_ "k8s.io/kubernetes/cmd/kubelet"\n');
  });

  it('drops packages from a copy, never from the module cache', async () => {
    const { dir, build } = await aScene('');
    await build({ ...tool, layout: 'patched', drop: ['pkg/drop'] });
    expect(await readFile(join(dir, 'work/main.go'), 'utf8')).not.toContain('drop');
    expect(await readdir(join(dir, 'work/pkg'))).toEqual([]);
    expect(await readdir(join(dir, 'module/pkg'))).toEqual(['drop']);
  });
});

describe('withoutImport', () => {
  it('fails when the import is gone, because then the recipe does not fit any more', () => {
    expect(() => withoutImport('import (\n\t_ "a/b"\n)', 'a/c')).toThrow('does not import a/c');
  });
});

describe('staging', () => {
  it('finds single and grouped replaces, and no others', () => {
    const single = 'replace k8s.io/api => ./staging/src/k8s.io/api\nreplace x => ../y\n';
    expect(stagingModules(single)).toEqual(['k8s.io/api']);
    expect(stagingModules(kubernetesGoMod)).toEqual(['k8s.io/api', 'k8s.io/client-go']);
    expect(stagingVersion('v1.35.4')).toBe('v0.35.4');
  });
});

describe('checkGo', () => {
  it.each([
    ['go1.26.8', true],
    ['go1.27rc1', true],
    ['go2.0', true],
    ['go1.25.9', false],
    ['go1.3', false],
    ['devel go1.28-abc', true],
    ['', false],
  ])('%j is new enough: %s', (version, expected) => {
    expect(isGoNewEnough(version)).toBe(expected);
  });

  it('says what to do when Go is missing or too old', async () => {
    const missing: Run = () => Promise.reject(new ProgramFailed('go', 'ENOENT', ''));
    const old: Run = () => Promise.resolve({ stdout: 'go1.19.8' });
    const problem = { code: 'BUILD_TOOL_MISSING', remedy: containing('1.26') };
    await expect(checkGo(missing, neverAborted)).rejects.toMatchObject(problem);
    await expect(checkGo(old, neverAborted)).rejects.toMatchObject({ ...problem, message: containing('go1.19.8') });
  });
});
